"""JSON for customers: cart, checkout, orders, returns."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Path, Query, Response

from api.core.access import open_to_all
from api.core.auth import CurrentDep, VisitorDep
from api.core.idempotency import IdempotencyDep, OptionalIdempotencyDep
from api.core.paging import Page
from api.core.routing import Router
from api.domains.ordering.contracts import Address, CartView, OrderStatus, OrderView, Quote
from api.domains.ordering.domain import Wishes
from api.domains.ordering.schemas import CartItemAdd, CartItemSet, CheckoutRequest, QuoteRequest, ReturnRequest, by_line
from api.domains.ordering.service import cart, checkout, orders, pricing, returns
from api.domains.payments.contracts import Method

router = Router(prefix="/v1", tags=["ordering"])

ProductId = Annotated[int, Path(gt=0, lt=2**63)]


def plain(value: Any) -> dict[str, Any]:
    """A contract as JSON would have it."""
    document: dict[str, Any] = orjson.loads(orjson.dumps(value))
    return document


def wishes_of(request: QuoteRequest) -> Wishes:
    """What the person chose, as a value; country and region in capitals."""
    address = None
    if given := request.address:
        capitals = {"country": given.country.upper(), "region": given.region.upper()}
        address = Address(**(given.model_dump() | capitals))
    return Wishes(request.delivery_method, address, request.promotion_code)


def json_answer(value: Any, status_code: int = 200) -> Response:
    """The answer to a read."""
    return Response(orjson.dumps(value), status_code, media_type="application/json")


@router.get("/cart", response_model=CartView)
@open_to_all
async def view_cart(visitor: VisitorDep) -> Response:
    """The visitor's cart with the prices and the stock of this moment."""
    return json_answer(await cart.view_cart(visitor))


@router.post("/cart/items", response_model=CartView, status_code=201)
@open_to_all
async def add_item(item: CartItemAdd, visitor: VisitorDep, idempotency: OptionalIdempotencyDep) -> Response:
    """Put a product into the cart; with an Idempotency-Key a repetition adds nothing."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return 201, plain(await cart.add_item(visitor, item.unit_id, item.quantity, item.recommendation_id))

    return await idempotency.run(operation)


@router.put("/cart/items/{product_id}", response_model=CartView)
@open_to_all
async def set_quantity(product_id: ProductId, item: CartItemSet, visitor: VisitorDep) -> Response:
    """Replace the quantity of a line."""
    return json_answer(await cart.set_quantity(visitor, product_id, item.quantity))


@router.delete("/cart/items/{product_id}", response_model=CartView)
@open_to_all
async def remove_item(product_id: ProductId, visitor: VisitorDep) -> Response:
    """Take a line out of the cart."""
    return json_answer(await cart.remove_item(visitor, product_id))


@router.post("/checkout/quote", response_model=Quote)
@open_to_all
async def quote(request: QuoteRequest, visitor: VisitorDep, idempotency: OptionalIdempotencyDep) -> Response:
    """What the cart costs with this address, this delivery and this code. Nothing is held or claimed."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return 200, plain(await pricing.quote(visitor, wishes_of(request)))

    return await idempotency.run(operation)


@router.post(
    "/checkout",
    response_model=OrderView,
    status_code=201,
    responses={202: {"description": "The gateway has not answered; ask for the order again."}},
)
async def check_out(
    request: CheckoutRequest, visitor: VisitorDep, principal: CurrentDep, idempotency: IdempotencyDep
) -> Response:
    """Pay for the cart and make an order of it. Needs an Idempotency-Key: the same one never charges twice."""

    async def operation(order_id: UUID) -> tuple[int, dict[str, Any]]:
        order = await checkout.check_out(
            visitor,
            principal.customer_id,
            order_id,
            request.payment_token,
            request.expected_total_minor,
            wishes_of(request),
            method=Method(request.payment_method),
        )
        return 202 if order.status is OrderStatus.DRAFT else 201, plain(order)

    return await idempotency.run(operation)


@router.get("/orders", response_model=Page[OrderView])
async def list_orders(
    principal: CurrentDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """The customer's orders, newest first."""
    return json_answer(await orders.list_orders(principal.customer_id, cursor, limit))


@router.get("/orders/{order_id}", response_model=OrderView)
async def get_order(order_id: UUID, principal: CurrentDep) -> Response:
    """One order of the customer. While it waits for its payment, each look holds its goods for ten more minutes."""
    return json_answer(await orders.look_at_order(principal.customer_id, order_id))


@router.post("/orders/{order_id}/cancel", response_model=OrderView)
async def cancel_order(order_id: UUID, principal: CurrentDep, idempotency: OptionalIdempotencyDep) -> Response:
    """Take an order back before it is shipped."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return 200, plain(await orders.cancel_order(principal.customer_id, order_id))

    return await idempotency.run(operation)


@router.post("/orders/{order_id}/returns", response_model=OrderView, status_code=201)
async def request_return(
    order_id: UUID, request: ReturnRequest, principal: CurrentDep, idempotency: IdempotencyDep
) -> Response:
    """Ask to send units back, within 30 days of the delivery. Needs an Idempotency-Key."""

    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        order = await returns.request_return(
            principal.customer_id, order_id, by_line(request.lines), request.reason, request.comment
        )
        return 201, plain(order)

    return await idempotency.run(operation)
