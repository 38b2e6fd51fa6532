"""Returns: asked for by the customer, decided by the shop, refunded when the goods are back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import transaction
from api.core.outbox import publish
from api.domains.inventory import facade as inventory
from api.domains.ordering.contracts import EntryKind, OrderStatus, OrderView, ReturnStatus
from api.domains.ordering.domain import Order, Returned
from api.domains.ordering.domain.order import NEXT_RETURN_STATES
from api.domains.ordering.errors import IllegalReturnMove, ReturnNotFound
from api.domains.ordering.repository import fulfilment, orders, timeline
from api.domains.ordering.service.fulfilment import event_units, lock_order, stock_units, told, view_again
from api.domains.ordering.service.refunds import give_back, keep_promise
from api.domains.ordering.service.views import aggregate
from ingestion.contracts import new_event_id
from ingestion.contracts.ordering import OrderReturned

DECISIONS = {
    ReturnStatus.ACCEPTED: EntryKind.RETURN_ACCEPTED,
    ReturnStatus.REFUSED: EntryKind.RETURN_REFUSED,
}


async def request_return(
    customer_id: UUID, order_id: UUID, quantities: Mapping[int, int], reason: str, comment: str | None = None
) -> OrderView:
    """Ask to send units back, by line number, within 30 days of the delivery.

    Raises OrderNotFound, IllegalMove, ReturnTooLate, NothingLeftToReturn.
    """
    async with transaction() as session:
        row = await lock_order(session, order_id, customer_id)
        order = await aggregate(session, row)
        refund_minor = order.request_return(quantities, datetime.now(UTC))
        return_id = new_event_id()
        await fulfilment.insert_return(
            session, return_id, order_id, quantities, reason=reason, comment=comment, refund_minor=refund_minor
        )
        details = {"return_id": str(return_id), "units": told(quantities), "refund_minor": refund_minor}
        await timeline.add(session, order_id, EntryKind.RETURN_REQUESTED, None, reason, **details)
        return await view_again(session, order_id)


async def decide_return(
    actor_id: UUID, order_id: UUID, return_id: UUID, target: ReturnStatus, reason: str | None = None
) -> OrderView:
    """Accept a return or refuse it. Raises OrderNotFound, ReturnNotFound, IllegalReturnMove."""
    async with transaction() as session:
        row = await lock_order(session, order_id)
        _find(await aggregate(session, row), return_id, target)
        await fulfilment.move_return(session, return_id, target)
        await timeline.add(session, order_id, DECISIONS[target], None, reason, return_id=str(return_id))
        await record_act(session, actor_id, f"orders.return_{target}", f"order:{order_id}", return_id=return_id)
        return await view_again(session, order_id)


async def receive_return(actor_id: UUID, order_id: UUID, return_id: UUID, *, is_restocked: bool) -> OrderView:
    """The goods are back: onto the shelf or written off, and the money goes back. Raises like `decide_return`."""
    async with transaction() as session:
        row = await lock_order(session, order_id)
        order = await aggregate(session, row)
        returned = _find(order, return_id, ReturnStatus.RECEIVED)
        target = order.receive(returned)
        await fulfilment.move_return(session, return_id, ReturnStatus.RECEIVED, is_restocked)
        await inventory.take_back(session, order_id, stock_units(order.lines, returned.quantities), is_restocked)
        await _tell(session, row, order, returned, target, is_restocked)
        await record_act(
            session, actor_id, "orders.return_received", f"order:{order_id}", return_id=return_id, restock=is_restocked
        )
        amount = min(returned.refund_minor, order.total_minor - order.refunded_minor)
        payment_id = await give_back(session, row, amount, "return", return_id)
        shown = await view_again(session, order_id)
    await keep_promise(payment_id)
    return shown


async def _tell(
    session: AsyncSession,
    row: orders.OrderRow,
    order: Order,
    returned: Returned,
    target: OrderStatus,
    is_restocked: bool,
) -> None:
    moves = (row.status, target) if target is not row.status else None
    details = {"return_id": str(returned.return_id), "units": told(returned.quantities), "is_restocked": is_restocked}
    await timeline.add(session, row.order_id, EntryKind.RETURNED, moves, None, **details)
    reasons = {
        each.return_id: each.reason for each in (await fulfilment.returns(session, [row.order_id]))[row.order_id]
    }
    event = OrderReturned(
        order_id=row.order_id,
        customer_id=row.customer_id,
        return_id=returned.return_id,
        reason=reasons[returned.return_id],
        lines=event_units(order.lines, returned.quantities),
        refund_minor=returned.refund_minor,
        is_restocked=is_restocked,
        is_complete=target is OrderStatus.RETURNED,
    )
    await publish(session, event)


def _find(order: Order, return_id: UUID, target: ReturnStatus) -> Returned:
    returned = next((each for each in order.returns if each.return_id == return_id), None)
    if returned is None:
        raise ReturnNotFound
    allowed = NEXT_RETURN_STATES[returned.status]
    if target not in allowed:
        raise IllegalReturnMove(returned.status, target, allowed)
    return returned
