"""JSON for operators: orders on their way out and back."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from api.core.auth import Principal, require
from api.core.idempotency import Idempotency, IdempotencyDep, OptionalIdempotency, OptionalIdempotencyDep
from api.core.paging import Page
from api.core.routing import Router
from api.domains.ordering.contracts import OrderStatus, OrderView, ReturnStatus
from api.domains.ordering.endpoints.shop import json_answer, plain
from api.domains.ordering.schemas import Reason, RefundCreate, ReturnReceive, ShipmentCreate, by_line
from api.domains.ordering.service import desk, fulfilment, orders, refunds, returns

router = Router(prefix="/v1/operate/orders", tags=["operate orders"])
Reader = Annotated[Principal, Depends(require("orders.read"))]
Operator = Annotated[Principal, Depends(require("orders.manage"))]
Refunder = Annotated[Principal, Depends(require("orders.refund"))]


async def _run(
    keyed: Idempotency | OptionalIdempotency, work: Callable[[], Awaitable[OrderView]], status: int = 200
) -> Response:
    async def operation(_: UUID) -> tuple[int, dict[str, Any]]:
        return status, plain(await work())

    return await keyed.run(operation)


@router.get("", response_model=Page[OrderView])
async def search_orders(
    _: Reader,
    query: Annotated[str, Query(max_length=100)] = "",
    status: OrderStatus | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Orders of everybody, newest first; by number, id, customer id or tracking number, and by state."""
    return json_answer(await desk.search_orders(query, status, cursor, limit))


@router.get("/{order_id}", response_model=OrderView)
async def get_order(order_id: UUID, _: Reader) -> Response:
    """One order of anybody."""
    return json_answer(await orders.get_order(None, order_id))


@router.post("/{order_id}/shipments", response_model=OrderView, status_code=201)
async def ship_order(
    order_id: UUID, request: ShipmentCreate, operator: Operator, idempotency: IdempotencyDep
) -> Response:
    """Send a parcel. Needs an Idempotency-Key: the same one never ships twice."""
    units = by_line(request.lines) if request.lines else None
    return await _run(
        idempotency,
        lambda: fulfilment.ship_order(operator.customer_id, order_id, request.carrier, request.tracking_number, units),
        201,
    )


@router.post("/{order_id}/shipments/{shipment_id}/deliver", response_model=OrderView)
async def deliver_shipment(
    order_id: UUID, shipment_id: UUID, operator: Operator, idempotency: OptionalIdempotencyDep
) -> Response:
    """The parcel has arrived."""
    return await _run(idempotency, lambda: fulfilment.deliver_shipment(operator.customer_id, order_id, shipment_id))


@router.post("/{order_id}/cancel", response_model=OrderView)
async def cancel_order(
    order_id: UUID, request: Reason, operator: Operator, idempotency: OptionalIdempotencyDep
) -> Response:
    """Take an order back before it is shipped; all of its money goes back."""
    return await _run(idempotency, lambda: desk.cancel_order(operator.customer_id, order_id, request.reason))


@router.post("/{order_id}/refunds", response_model=OrderView, status_code=201)
async def refund_order(
    order_id: UUID, request: RefundCreate, operator: Refunder, idempotency: IdempotencyDep
) -> Response:
    """Give a part of the money back. Needs an Idempotency-Key: the same one never refunds twice."""
    return await _run(
        idempotency,
        lambda: refunds.refund_order(operator.customer_id, order_id, request.amount_minor, request.reason),
        201,
    )


@router.post("/{order_id}/notes", response_model=OrderView, status_code=201)
async def note_order(order_id: UUID, request: Reason, operator: Operator, idempotency: IdempotencyDep) -> Response:
    """Put a remark into the timeline. Needs an Idempotency-Key."""
    return await _run(idempotency, lambda: fulfilment.note_order(operator.customer_id, order_id, request.reason), 201)


@router.post("/{order_id}/returns/{return_id}/accept", response_model=OrderView)
async def accept_return(
    order_id: UUID, return_id: UUID, operator: Operator, idempotency: OptionalIdempotencyDep
) -> Response:
    """The customer may send the goods."""
    accepted = ReturnStatus.ACCEPTED
    return await _run(idempotency, lambda: returns.decide_return(operator.customer_id, order_id, return_id, accepted))


@router.post("/{order_id}/returns/{return_id}/refuse", response_model=OrderView)
async def refuse_return(
    order_id: UUID, return_id: UUID, request: Reason, operator: Operator, idempotency: OptionalIdempotencyDep
) -> Response:
    """The return is not taken."""
    refused = ReturnStatus.REFUSED
    return await _run(
        idempotency,
        lambda: returns.decide_return(operator.customer_id, order_id, return_id, refused, request.reason),
    )


@router.post("/{order_id}/returns/{return_id}/receive", response_model=OrderView)
async def receive_return(
    order_id: UUID, return_id: UUID, request: ReturnReceive, operator: Operator, idempotency: OptionalIdempotencyDep
) -> Response:
    """The goods are back; their money goes back."""
    return await _run(
        idempotency,
        lambda: returns.receive_return(operator.customer_id, order_id, return_id, is_restocked=request.restock),
    )
