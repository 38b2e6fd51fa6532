"""The operator's pages for orders: find one, send it, take it back, refund it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Form, Query, Request, Response, status

from api.core.auth import CsrfDep, Principal, require
from api.core.errors import Conflict
from api.core.money import minor_of
from api.core.rendering import render
from api.core.routing import Router
from api.domains.ordering.contracts import OrderStatus, OrderView, ReturnStatus
from api.domains.ordering.pages.shop import ENTRY_TEXTS, REASONS, STATUS_TEXTS, go, shown
from api.domains.ordering.service import desk, fulfilment, orders, refunds, returns
from api.domains.payments.contracts import WAITING

router = Router(prefix="/operate/orders")
Reader = Annotated[Principal, Depends(require("orders.read"))]
Operator = Annotated[Principal, Depends(require("orders.manage"))]
Refunder = Annotated[Principal, Depends(require("orders.refund"))]
Line = Annotated[str, Form(min_length=1, max_length=100)]
SHIPPABLE = frozenset({OrderStatus.PLACED, OrderStatus.PARTIALLY_FULFILLED})
UNPAID = frozenset({OrderStatus.DRAFT, OrderStatus.EXPIRED})


@router.get("")
async def list_orders(
    request: Request,
    _: Reader,
    query: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Orders of everybody, newest first, and the returns that wait for a decision."""
    chosen = OrderStatus(state) if state in set(OrderStatus) else None
    page = await desk.search_orders(query, chosen, cursor)
    waiting = await desk.returns_to_do() if not (query or state or cursor) else []
    more = urlencode({"query": query, "state": state, "cursor": page.next_cursor or ""})
    return render(
        request,
        "operate_orders.html",
        orders=[shown(order) for order in page.items],
        waiting=[shown(order) for order in waiting],
        query=query,
        state=state,
        states=STATUS_TEXTS,
        next_href=f"/operate/orders?{more}" if page.next_cursor else None,
    )


@router.get("/{order_id}")
async def show_order(request: Request, order_id: UUID, _: Reader) -> Response:
    """One order with everything that can be done with it."""
    return _page(request, await orders.get_order(None, order_id))


@router.post("/{order_id}/ship")
async def ship(
    request: Request, order_id: UUID, operator: Operator, _: CsrfDep, carrier: Line, tracking_number: Line
) -> Response:
    """A parcel with the quantities of the form."""
    form = await request.form()
    chosen = {}
    for name, value in form.items():
        number = name.removeprefix("units-")
        if name != number and number.isdecimal() and isinstance(value, str) and value.isdecimal() and int(value):
            chosen[int(number)] = int(value)
    actor = operator.customer_id
    return await _act(
        request, order_id, lambda: fulfilment.ship_order(actor, order_id, carrier, tracking_number, chosen)
    )


@router.post("/{order_id}/shipments/{shipment_id}/deliver")
async def deliver(request: Request, order_id: UUID, shipment_id: UUID, operator: Operator, _: CsrfDep) -> Response:
    """The parcel has arrived."""
    actor = operator.customer_id
    return await _act(request, order_id, lambda: fulfilment.deliver_shipment(actor, order_id, shipment_id))


@router.post("/{order_id}/cancel")
async def cancel(request: Request, order_id: UUID, operator: Operator, _: CsrfDep, reason: Line) -> Response:
    """Take the order back."""
    return await _act(request, order_id, lambda: desk.cancel_order(operator.customer_id, order_id, reason))


@router.post("/{order_id}/refund")
async def refund(
    request: Request,
    order_id: UUID,
    operator: Refunder,
    _: CsrfDep,
    amount: Line,
    reason: Line,
    refunded_minor: Annotated[int, Form(ge=0, lt=2**63)],
) -> Response:
    """Give a part of the money back; a form that is sent twice refunds once."""
    minor, actor = minor_of(amount), operator.customer_id
    if minor is None:
        return await _refused(request, order_id, "Enter an amount such as 12.50.")
    return await _act(request, order_id, lambda: refunds.refund_order(actor, order_id, minor, reason, refunded_minor))


@router.post("/{order_id}/note")
async def note(request: Request, order_id: UUID, operator: Operator, _: CsrfDep, reason: Line) -> Response:
    """A remark for the timeline."""
    return await _act(request, order_id, lambda: fulfilment.note_order(operator.customer_id, order_id, reason))


@router.post("/{order_id}/returns/{return_id}")
async def decide_return(
    request: Request,
    order_id: UUID,
    return_id: UUID,
    operator: Operator,
    _: CsrfDep,
    act: Annotated[str, Form(pattern="^(accept|refuse|restock|write_off)$")],
) -> Response:
    """Accept a return, refuse it, or take the goods in."""
    actor = operator.customer_id
    if act in ("restock", "write_off"):
        is_restocked = act == "restock"
        return await _act(
            request,
            order_id,
            lambda: returns.receive_return(actor, order_id, return_id, is_restocked=is_restocked),
        )
    target = ReturnStatus.ACCEPTED if act == "accept" else ReturnStatus.REFUSED
    return await _act(request, order_id, lambda: returns.decide_return(actor, order_id, return_id, target))


async def _act(request: Request, order_id: UUID, work: Callable[[], Awaitable[OrderView]]) -> Response:
    """Do it and show the order; a refusal is told above it."""
    try:
        await work()
    except Conflict as error:
        return await _refused(request, order_id, error.detail or error.title)
    return go(f"/operate/orders/{order_id}")


async def _refused(request: Request, order_id: UUID, problem: str) -> Response:
    """The order with what is wrong, and with the form as it was filled in."""
    form = {name: value for name, value in (await request.form()).items() if name != "csrf_token"}
    typed = {f"{request.url.path.rpartition('/')[2]}.{name}": value for name, value in form.items()}
    return _page(request, await orders.get_order(None, order_id), problem, typed)


def _page(
    request: Request, order: OrderView, problem: str | None = None, typed: dict[str, Any] | None = None
) -> Response:
    """`typed`: form.field → what stood in it."""
    is_unpaid = order.status in SHIPPABLE and order.payment is not None and order.payment.status in WAITING
    context: dict[str, Any] = {
        "order": shown(order),
        "view": order,
        "lines": order.lines,
        "titles": {line.line_number: line for line in order.lines},
        "reasons": REASONS,
        "entry_texts": ENTRY_TEXTS,
        "can_ship": order.status in SHIPPABLE and not is_unpaid,
        "is_unpaid": is_unpaid,
        "refundable_minor": 0 if order.status in UNPAID else order.total_minor - order.refunded_minor,
        "problem": problem,
        "typed": typed or {},
    }
    code = status.HTTP_409_CONFLICT if problem else status.HTTP_200_OK
    return render(request, "operate_order.html", code, **context)
