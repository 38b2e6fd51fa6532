"""Money on its way back, never more than came in: the order keeps the sum, payments keeps the promise."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import transaction
from api.domains.ordering.contracts import EntryKind, OrderStatus, OrderView
from api.domains.ordering.errors import IllegalMove, OrderNotFound, RefundedMeanwhile
from api.domains.ordering.repository import fulfilment, orders, timeline
from api.domains.ordering.service.views import aggregate, views
from api.domains.payments import facade as payments
from api.domains.payments.contracts import PaymentStatus
from ingestion.contracts import new_event_id

UNPAID = (OrderStatus.DRAFT, OrderStatus.EXPIRED)


async def give_back(
    session: AsyncSession,
    row: orders.OrderRow,
    amount_minor: int,
    reason: str,
    return_id: UUID | None,
    *,
    is_undone: bool = False,
) -> UUID | None:
    """Refund a part of a locked order, or all of it; returns the payment whose refund `keep_promise` hurries.

    Orders of one checkout share a payment, which refuses what would exceed it. Of money that has not come yet less is
    taken instead; `is_undone`: the order itself is no more.
    """
    payment = (await payments.find(session, [row.group_id])).get(row.group_id)
    if payment is None or amount_minor == 0:
        return None
    is_waived = await payments.take_less(session, payment.payment_id, amount_minor)
    if is_waived and is_undone:
        return None
    refund_id = new_event_id()
    await fulfilment.insert_refund(session, refund_id, row.order_id, return_id, amount_minor, reason)
    details = {"refund_id": str(refund_id), "amount_minor": amount_minor, "is_waived": is_waived}
    await timeline.add(session, row.order_id, EntryKind.REFUNDED, None, reason, **details)
    if is_waived:
        return None
    if amount_minor == payment.amount_minor and payment.status is PaymentStatus.SUCCEEDED:
        await payments.begin_refund(session, payment.payment_id)
        return payment.payment_id
    await payments.refund_part(session, payment.payment_id, refund_id, amount_minor, reason, is_undone=is_undone)
    return None


async def keep_promise(payment_id: UUID | None) -> None:
    """Have the gateway give a whole payment back now; where it does not answer the sweeper comes back to it."""
    if payment_id is not None:
        await payments.refund(payment_id)


async def refund_order(
    actor_id: UUID, order_id: UUID, amount_minor: int, reason: str, seen_refunded_minor: int | None = None
) -> OrderView:
    """Goodwill: a part of the order's money goes back, the order stays as it is. Raises RefundTooLarge.

    `seen_refunded_minor` is what had been refunded when the form was shown: where more was since, RefundedMeanwhile.
    """
    async with transaction() as session:
        row = await orders.lock(session, order_id)
        if row is None:
            raise OrderNotFound
        if row.status in UNPAID:
            raise IllegalMove(row.status, "refunded", ())
        if seen_refunded_minor not in (None, row.refunded_minor):
            raise RefundedMeanwhile
        (await aggregate(session, row)).refund(amount_minor)
        payment_id = await give_back(session, row, amount_minor, reason, None)
        await record_act(session, actor_id, "orders.refund", f"order:{order_id}", amount_minor=amount_minor)
        row = await orders.find(session, order_id) or row
        shown = (await views(session, [row]))[0]
    await keep_promise(payment_id)
    return shown
