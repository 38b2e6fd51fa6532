"""Pages of the cart and of orders. Everything a page shows is read again when its form comes in."""

from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Path, Query, Request, Response, status
from fastapi.responses import JSONResponse, RedirectResponse

from api.core.access import open_to_all
from api.core.auth import CsrfDep, CurrentDep, VisitorDep
from api.core.errors import wants_page
from api.core.rendering import render
from api.core.routing import Router
from api.domains.ordering.contracts import CartLine, EntryKind, OrderStatus, OrderView
from api.domains.ordering.domain import LARGEST_QUANTITY
from api.domains.ordering.errors import IllegalMove, NothingLeftToReturn, NotInCart, ReturnTooLate
from api.domains.ordering.service import cart, orders, returns
from api.domains.payments.contracts import Transfer

router = Router(include_in_schema=False)

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
ENTRY_TEXTS = {
    EntryKind.BEGUN: "Checkout begun",
    EntryKind.PLACED: "Order placed",
    EntryKind.EXPIRED: "Not completed",
    EntryKind.CANCELLED: "Cancelled",
    EntryKind.SHIPPED: "Parcel sent",
    EntryKind.DELIVERED: "Parcel delivered",
    EntryKind.RETURN_REQUESTED: "Return requested",
    EntryKind.RETURN_ACCEPTED: "Return accepted",
    EntryKind.RETURN_REFUSED: "Return refused",
    EntryKind.RETURNED: "Goods are back",
    EntryKind.REFUNDED: "Money refunded",
    EntryKind.PAID: "Payment received",
    EntryKind.NOTED: "Note",
}
REASONS = {
    "damaged": "It arrived damaged",
    "wrong_item": "It is not what I ordered",
    "not_as_described": "It is not as described",
    "too_late": "It came too late",
    "changed_mind": "I changed my mind",
    "other": "Something else",
}
RETURNABLE = frozenset({OrderStatus.DELIVERED, OrderStatus.PARTIALLY_RETURNED})
CLOSED = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.RETURNED})


def go(path: str) -> Response:
    """To another page, after a form."""
    return RedirectResponse(path, status_code=status.HTTP_303_SEE_OTHER)


@router.get("/cart")
@open_to_all
async def show_cart(
    request: Request, visitor: VisitorDep, added: Annotated[int | None, Query(gt=0, lt=2**63)] = None
) -> Response:
    """The cart at the prices of this moment, with what changed since it was filled."""
    view = await cart.view_cart(visitor)
    request.state.cart_count = view.units
    put_in = next((line for line in view.lines if line.variant_id == added), None)
    return render(request, "cart.html", cart=view, added=put_in, choices=[_choices(line) for line in view.lines])


def _choices(line: CartLine) -> list[int]:
    """Quantities to choose from: what there is, up to ten, and always the present one."""
    up_to = max(1, min(MOST_CHOICES, line.available))
    return sorted({*range(1, up_to + 1), line.quantity})


@router.post("/cart/items")
@open_to_all
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
    return go(f"/cart?added={product_id}")


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


@router.post("/cart/items/{product_id}")
@open_to_all
async def set_quantity(product_id: ProductId, visitor: VisitorDep, _: CsrfDep, quantity: Quantity) -> Response:
    """Another quantity. A line that is gone already (another tab) is no error for a person."""
    with suppress(NotInCart):
        await cart.set_quantity(visitor, product_id, quantity)
    return go("/cart")


@router.post("/cart/items/{product_id}/remove")
@open_to_all
async def remove_item(product_id: ProductId, visitor: VisitorDep, _: CsrfDep) -> Response:
    """Take a line out."""
    with suppress(NotInCart):
        await cart.remove_item(visitor, product_id)
    return go("/cart")


@router.get("/orders")
async def list_orders(
    request: Request, principal: CurrentDep, cursor: Annotated[str | None, Query(max_length=500)] = None
) -> Response:
    """The customer's orders, newest first."""
    page = await orders.list_orders(principal.customer_id, cursor, ORDERS_SHOWN)
    next_href = f"/orders?cursor={page.next_cursor}" if page.next_cursor else None
    return render(request, "orders.html", orders=[shown(order) for order in page.items], next_href=next_href)


@router.get("/orders/{order_id}")
async def show_order(request: Request, order_id: UUID, principal: CurrentDep, new: bool = False) -> Response:
    """One order; `new` right after the checkout, when there is something to say thank you for."""
    order = await orders.look_at_order(principal.customer_id, order_id)
    transfer = await orders.transfer_of(order)
    return _order_page(request, order, is_new=new and order.status is OrderStatus.PLACED, transfer=transfer)


@router.post("/orders/{order_id}/cancel")
async def cancel_order(request: Request, order_id: UUID, principal: CurrentDep, _: CsrfDep) -> Response:
    """Take an order back while its state allows it."""
    try:
        await orders.cancel_order(principal.customer_id, order_id)
    except IllegalMove:
        order = await orders.get_order(principal.customer_id, order_id)
        return _order_page(request, order, problem="This order can no longer be cancelled: it is on its way.")
    return go(f"/orders/{order_id}")


@router.post("/orders/{order_id}/returns")
async def request_return(request: Request, order_id: UUID, principal: CurrentDep, _: CsrfDep) -> Response:
    """Send units back: a quantity per line and one reason."""
    form = await request.form()
    wanted = {}
    for name, value in form.items():
        number = name.removeprefix("units-")
        if name != number and number.isdecimal() and isinstance(value, str) and value.isdecimal() and int(value):
            wanted[int(number)] = int(value)
    reason, comment = str(form.get("reason", "")), str(form.get("comment", ""))[:1000]
    problem = None
    if not wanted:
        problem = "Choose how many of which product you send back."
    elif reason not in REASONS:
        problem = "Choose why you send it back."
    else:
        try:
            await returns.request_return(principal.customer_id, order_id, wanted, reason, comment or None)
        except (IllegalMove, NothingLeftToReturn, ReturnTooLate) as error:
            problem = error.detail or error.title
    if problem is None:
        return go(f"/orders/{order_id}#returns")
    order = await orders.get_order(principal.customer_id, order_id)
    return _order_page(request, order, problem=problem, typed=dict(form))


def _order_page(
    request: Request,
    order: OrderView,
    is_new: bool = False,
    problem: str | None = None,
    transfer: Transfer | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    """`typed`: a return's form that was refused; the problem then stands there."""
    code = status.HTTP_409_CONFLICT if problem else status.HTTP_200_OK
    return render(
        request,
        "order.html",
        code,
        order=shown(order),
        view=order,
        lines=order.lines,
        is_new=is_new,
        problem=problem,
        typed=typed,
        transfer=transfer,
        reasons=REASONS,
        entry_texts=ENTRY_TEXTS,
        titles={line.line_number: line for line in order.lines},
    )


def shown(order: OrderView) -> dict[str, Any]:
    """An order in the words of its customer."""
    return {
        "order_id": order.order_id,
        "number": order.order_id.hex[-8:].upper(),
        "placed_at": order.placed_at or order.created_at,
        "status_text": STATUS_TEXTS[order.status],
        "is_closed": order.status in CLOSED,
        "is_waiting": order.status is OrderStatus.DRAFT,
        "can_cancel": OrderStatus.CANCELLED in order.next_states,
        "can_return": order.status in RETURNABLE and any(line.returnable for line in order.lines),
        "total_minor": order.total_minor,
        "discount_minor": order.discount_minor,
        "currency": order.currency,
        "item_count": sum(line.quantity for line in order.lines),
    }
