"""JSON of ordering."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query, Response

from api.core.auth import CurrentDep, VisitorDep
from api.core.idempotency import IdempotencyDep
from api.core.paging import Page
from api.domains.ordering.contracts import CartView, OrderStatus, OrderView
from api.domains.ordering.schemas import CartItemAdd, CartItemSet, CheckoutRequest
from api.domains.ordering.service import cart, checkout, orders

router = APIRouter(prefix="/v1", tags=["ordering"])

ProductId = Annotated[int, Path(gt=0, lt=2**63)]


def _json(value: Any, status_code: int = 200) -> Response:
    return Response(orjson.dumps(value), status_code, media_type="application/json")


@router.get("/cart", response_model=CartView)
async def view_cart(visitor: VisitorDep) -> Response:
    """The visitor's cart with the prices and the stock of this moment."""
    return _json(await cart.view_cart(visitor))


@router.post("/cart/items", response_model=CartView, status_code=201)
async def add_item(item: CartItemAdd, visitor: VisitorDep) -> Response:
    """Put a product into the cart."""
    return _json(await cart.add_item(visitor, item.product_id, item.quantity, item.recommendation_id), 201)


@router.put("/cart/items/{product_id}", response_model=CartView)
async def set_quantity(product_id: ProductId, item: CartItemSet, visitor: VisitorDep) -> Response:
    """Replace the quantity of a line."""
    return _json(await cart.set_quantity(visitor, product_id, item.quantity))


@router.delete("/cart/items/{product_id}", response_model=CartView)
async def remove_item(product_id: ProductId, visitor: VisitorDep) -> Response:
    """Take a line out of the cart."""
    return _json(await cart.remove_item(visitor, product_id))


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
        await cart.announce_checkout(visitor)
        order = await checkout.check_out(
            visitor, principal.customer_id, order_id, request.payment_token, request.expected_total_minor
        )
        return 202 if order.status is OrderStatus.DRAFT else 201, orjson.loads(orjson.dumps(order))

    return await idempotency.run(operation)


@router.get("/orders", response_model=Page[OrderView])
async def list_orders(
    principal: CurrentDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """The customer's orders, newest first."""
    return _json(await orders.list_orders(principal.customer_id, cursor, limit))


@router.get("/orders/{order_id}", response_model=OrderView)
async def get_order(order_id: UUID, principal: CurrentDep) -> Response:
    """One order of the customer."""
    return _json(await orders.get_order(principal.customer_id, order_id))


@router.post("/orders/{order_id}/cancel", response_model=OrderView)
async def cancel_order(order_id: UUID, principal: CurrentDep) -> Response:
    """Take an order back before it is shipped."""
    return _json(await orders.cancel_order(principal.customer_id, order_id))
