"""Pages of ordering: the cart, the checkout, orders. Everything a page shows is read again when its form comes in."""

import hashlib
from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Form, Path, Query, Request, Response, status
from fastapi.responses import JSONResponse, RedirectResponse

from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.errors import wants_page
from api.core.idempotency import KeyInFlight, KeyReused, run_once
from api.core.rendering import render
from api.domains.ordering.contracts import CartLine, CartView, OrderStatus, OrderView
from api.domains.ordering.domain import LARGEST_QUANTITY
from api.domains.ordering.errors import CartEmpty, GatewayUnavailable, IllegalMove, NotInCart
from api.domains.ordering.service import cart, checkout, orders

router = APIRouter(include_in_schema=False)

ProductId = Annotated[int, Path(gt=0, lt=2**63)]
Quantity = Annotated[int, Form(ge=1, le=LARGEST_QUANTITY)]
MOST_CHOICES = 10
ORDERS_SHOWN = 20

STATUS_TEXTS = {
    OrderStatus.DRAFT: "Payment being confirmed",
    OrderStatus.PLACED: "Placed",
    OrderStatus.PARTIALLY_FULFILLED: "Partly on its way",
    OrderStatus.FULFILLED: "On its way",
    OrderStatus.DELIVERED: "Delivered",
    OrderStatus.PARTIALLY_RETURNED: "Partly returned",
    OrderStatus.RETURNED: "Returned",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.EXPIRED: "Not completed",
}
CLOSED = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.RETURNED})
PAYMENT_METHODS = (
    {"token": "tok_ok", "name": "Card ending in 4242", "text": "Sandbox: the bank accepts it."},
    {"token": "tok_declined", "name": "Card ending in 0002", "text": "Sandbox: the bank declines it."},
    {"token": "tok_insufficient_funds", "name": "Card ending in 9995", "text": "Sandbox: there is too little on it."},
)
REFUSALS = {
    "payment-declined": "The bank declined this card. Nothing was charged and your cart is as it was: choose another.",
    "out-of-stock": "Somebody was quicker: a product is not there in this quantity any more. Look at your cart.",
    "lines-withdrawn": "A product of your cart is no longer sold. Remove it from the cart to go on.",
    "total-changed": "A price changed while you were here. Look at the new total, then pay.",
    "checkout-in-progress": "A payment for this cart is still running. Wait a moment, then look at your orders.",
    "gateway-unavailable": "The bank does not answer at the moment. Nothing was charged; try again in a minute.",
    "checkout-expired": "This checkout took too long and ended. Nothing was kept of the payment; please pay again.",
}


def _go(path: str) -> Response:
    return RedirectResponse(path, status_code=status.HTTP_303_SEE_OTHER)


@router.get("/cart")
async def show_cart(
    request: Request, visitor: VisitorDep, added: Annotated[int | None, Query(gt=0, lt=2**63)] = None
) -> Response:
    """The cart at the prices of this moment, with what changed since it was filled."""
    view = await cart.view_cart(visitor)
    request.state.cart_count = view.units
    put_in = next((line for line in view.lines if line.product_id == added), None)
    return render(request, "cart.html", cart=view, added=put_in, choices=[_choices(line) for line in view.lines])


def _choices(line: CartLine) -> list[int]:
    """Quantities to choose from: what there is, up to ten, and always the present one."""
    up_to = max(1, min(MOST_CHOICES, line.available))
    return sorted({*range(1, up_to + 1), line.quantity})


@router.post("/cart/items")
async def add_item(
    request: Request,
    visitor: VisitorDep,
    _: CsrfDep,
    product_id: Annotated[int, Form(gt=0, lt=2**63)],
    quantity: Quantity = 1,
    recommendation_id: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Put a product in; a script gets the new count, a plain form the cart."""
    view = await cart.add_item(visitor, product_id, quantity, _uuid(recommendation_id))
    if not wants_page(request):
        return JSONResponse({"item_count": view.units})
    return _go(f"/cart?added={product_id}")


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


@router.post("/cart/items/{product_id}")
async def set_quantity(product_id: ProductId, visitor: VisitorDep, _: CsrfDep, quantity: Quantity) -> Response:
    """Another quantity. A line that is gone already (another tab) is no error for a person."""
    with suppress(NotInCart):
        await cart.set_quantity(visitor, product_id, quantity)
    return _go("/cart")


@router.post("/cart/items/{product_id}/remove")
async def remove_item(product_id: ProductId, visitor: VisitorDep, _: CsrfDep) -> Response:
    """Take a line out."""
    with suppress(NotInCart):
        await cart.remove_item(visitor, product_id)
    return _go("/cart")


@router.get("/checkout")
async def show_checkout(request: Request, visitor: VisitorDep, _: CurrentDep) -> Response:
    """The form to pay with; what cannot be bought sends back to the cart."""
    try:
        view = await cart.begin_checkout(visitor)
    except CartEmpty:
        return _go("/cart")
    if not view.can_check_out:
        return _go("/cart")
    return _checkout_page(request, view)


@router.post("/checkout")
async def post_checkout(
    request: Request,
    visitor: VisitorDep,
    principal: CurrentDep,
    _: CsrfDep,
    idempotency_key: Annotated[str, Form(min_length=1, max_length=100)],
    expected_total_minor: Annotated[int, Form(ge=0, lt=2**63)],
    payment_token: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Pay and order, once for the form's key however often it is sent."""
    if payment_token not in [method["token"] for method in PAYMENT_METHODS]:
        wrong = {"payment_token": "Choose how you would like to pay."}
        return await _again(request, visitor, "", wrong, idempotency_key)

    async def operation(order_id: UUID) -> tuple[int, dict[str, Any]]:
        order = await checkout.check_out(
            visitor, principal.customer_id, order_id, payment_token, expected_total_minor, is_announced=True
        )
        return 201, {"order_id": str(order.order_id)}

    fingerprint = hashlib.sha256(f"{payment_token}|{expected_total_minor}".encode()).digest()
    try:
        answer = await run_once(str(principal.customer_id), "POST /checkout", idempotency_key, fingerprint, operation)
    except (KeyReused, KeyInFlight):
        wrong = {"form": "This checkout was sent already. Look at your orders before you pay once more."}
        return await _again(request, visitor, payment_token, wrong)
    except GatewayUnavailable as error:
        return await _again(request, visitor, payment_token, {"form": REFUSALS[error.type]})
    document = orjson.loads(answer.body)
    if answer.status >= 400:
        refusal = str(document["type"]).rpartition(":")[2]
        wrong = {"form": REFUSALS.get(refusal, document.get("detail") or document["title"])}
        return await _again(request, visitor, payment_token, wrong)
    return _go(f"/orders/{document['order_id']}?new=true")


async def _again(
    request: Request, visitor: VisitorDep, payment_token: str, errors: dict[str, str], key: str | None = None
) -> Response:
    """The form with what was wrong, what had been chosen and, after a refusal, a key of its own."""
    view = await cart.view_cart(visitor)
    if not view.lines:
        return _go("/orders")
    return _checkout_page(request, view, payment_token, errors, key)


def _checkout_page(
    request: Request,
    view: CartView,
    payment_token: str = "",
    errors: dict[str, str] | None = None,
    key: str | None = None,
) -> Response:
    return render(
        request,
        "checkout.html",
        status.HTTP_422_UNPROCESSABLE_CONTENT if errors else status.HTTP_200_OK,
        cart=view,
        methods=PAYMENT_METHODS,
        payment_token=payment_token,
        errors=errors or {},
        idempotency_key=key or str(uuid4()),
    )


@router.get("/orders")
async def list_orders(
    request: Request, principal: CurrentDep, cursor: Annotated[str | None, Query(max_length=500)] = None
) -> Response:
    """The customer's orders, newest first."""
    page = await orders.list_orders(principal.customer_id, cursor, ORDERS_SHOWN)
    next_href = f"/orders?cursor={page.next_cursor}" if page.next_cursor else None
    return render(request, "orders.html", orders=[_shown(order) for order in page.items], next_href=next_href)


@router.get("/orders/{order_id}")
async def show_order(request: Request, order_id: UUID, principal: CurrentDep, new: bool = False) -> Response:
    """One order; `new` right after the checkout, when there is something to say thank you for."""
    order = await orders.get_order(principal.customer_id, order_id)
    return _order_page(request, order, is_new=new and order.status is OrderStatus.PLACED)


@router.post("/orders/{order_id}/cancel")
async def cancel_order(request: Request, order_id: UUID, principal: CurrentDep, _: CsrfDep) -> Response:
    """Take an order back while its state allows it."""
    try:
        await orders.cancel_order(principal.customer_id, order_id)
    except IllegalMove:
        order = await orders.get_order(principal.customer_id, order_id)
        return _order_page(request, order, problem="This order can no longer be cancelled: it is on its way.")
    return _go(f"/orders/{order_id}")


def _order_page(request: Request, order: OrderView, is_new: bool = False, problem: str | None = None) -> Response:
    code = status.HTTP_409_CONFLICT if problem else status.HTTP_200_OK
    return render(request, "order.html", code, order=_shown(order), lines=order.lines, is_new=is_new, problem=problem)


def _shown(order: OrderView) -> dict[str, Any]:
    """An order in the words of its customer."""
    return {
        "order_id": order.order_id,
        "number": order.order_id.hex[-8:].upper(),
        "placed_at": order.placed_at or order.created_at,
        "status_text": STATUS_TEXTS[order.status],
        "is_closed": order.status in CLOSED,
        "is_waiting": order.status is OrderStatus.DRAFT,
        "can_cancel": OrderStatus.CANCELLED in order.next_states,
        "total_minor": order.total_minor,
        "discount_minor": sum(line.discount_minor for line in order.lines),
        "currency": order.currency,
        "item_count": sum(line.quantity for line in order.lines),
    }
