"""What checkouts left behind when a process died or the gateway kept silent."""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import reading, transaction
from api.core.inbox import ReceivedEvent
from api.core.jobs import enqueue
from api.domains.inventory import facade as inventory
from api.domains.ordering.contracts import EntryKind
from api.domains.ordering.repository import orders, timeline
from api.domains.ordering.service.checkout import FREE, settle
from api.domains.ordering.service.mails import NOT_PAID, tell_customers
from api.domains.ordering.service.orders import cancel_order
from api.domains.payments import facade as payments
from api.domains.payments.contracts import ChargeState, Method
from ingestion.contracts.payments import PaymentCaptured

log = structlog.get_logger(__name__)

GRACE = timedelta(seconds=30)  # longer than a checkout waits for the gateway, answer lost and asked again included
PATIENCE = timedelta(minutes=10)  # as long as the goods are held
AT_ONCE = 100
SETTLE = "ordering.settle_checkout"
LATER = frozenset({Method.BANK_TRANSFER, Method.CASH_ON_DELIVERY})  # paid for an order that is placed already


async def sweep_unfinished(grace: timedelta = GRACE, patience: timedelta = PATIENCE) -> int:
    """Settle drafts older than `grace`, free reservations that ran out, and repeat refunds; returns how many.

    A draft that was paid becomes an order while its goods are held, and is refunded otherwise. One that was never
    charged, or is still pending after `patience`, is voided at the gateway first, so that no late charge slips in.
    """
    async with reading() as connection:
        drafts = await orders.stale_drafts(connection, grace, AT_ONCE)
    settled = 0
    for order_id, age in drafts:
        try:
            settled += await _settle_draft(order_id, age > patience and not await _is_watched(order_id))
        except Exception as error:
            log.exception("draft_not_settled", order_id=str(order_id), error=type(error).__name__)
    async with transaction() as session:
        settled += await inventory.sweep_expired(session)
    return settled + await payments.sweep_refunds()


async def _is_watched(order_id: UUID) -> bool:
    """Its buyer looks at it again and again, and the goods are held that long."""
    async with reading() as connection:
        return await inventory.is_prolonged(connection, order_id)


async def sweep_unpaid() -> int:
    """Give up orders whose bank transfer has not come in time; returns how many."""
    async with reading() as connection:
        checkouts = await payments.overdue_transfers(connection, AT_ONCE)
        placed = await orders.placed_of(connection, checkouts)
    given_up = 0
    for order_id in placed:
        try:
            await cancel_order(None, order_id, NOT_PAID)
            given_up += 1
        except Exception as error:  # one that is sent or cancelled just now does not stop the others
            log.exception("order_not_given_up", order_id=str(order_id), error=type(error).__name__)
    return given_up


async def hear_of_money(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """The handler of payments' events: a checkout that still waits is settled at once, and not by the next sweep.

    Money that comes after the order was placed is noted in its timeline.
    """
    for event in events:
        if isinstance(event.data, PaymentCaptured) and event.data.method in LATER:
            for row in await orders.lock_group(session, event.data.order_id):
                if row.placed_at is not None:
                    await timeline.add(session, row.order_id, EntryKind.PAID, method=event.data.method)
    await tell_customers(session, events)
    checkouts = {getattr(event.data, "order_id", None) for event in events} - {None}
    for order_id in await orders.drafts_among(session, [each for each in checkouts if each is not None]):
        await enqueue(session, SETTLE, lock=f"{SETTLE}:{order_id}", order_id=str(order_id))


async def settle_checkout(order_id: str) -> None:
    """The task: what the gateway says now decides, whatever the event said."""
    await _settle_draft(UUID(order_id), is_overdue=False)


async def _settle_draft(order_id: UUID, is_overdue: bool) -> bool:
    """Whether a checkout is settled now. Asking twice is safe: only a draft is settled, under its lock."""
    async with reading() as connection:
        payment = (await payments.find(connection, [order_id])).get(order_id)
    if payment is None:  # there was nothing to pay
        return bool(await settle(order_id, FREE))
    result = await payments.ask(payment.payment_id)
    undecided = result.state in (ChargeState.PENDING, ChargeState.ACTION_REQUIRED)
    if result.state is ChargeState.MISSING or (undecided and is_overdue):
        result = await payments.void(payment.payment_id)
    return bool(await settle(order_id, result))
