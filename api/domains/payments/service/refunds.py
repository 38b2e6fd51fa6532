"""Money back: promised in a transaction, executed after it, recorded once."""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.db import reading, transaction
from api.core.jobs import enqueue
from api.domains.payments.contracts import (
    ChargeResult,
    ChargeState,
    DisputeStatus,
    IntentStatus,
    Method,
    RefundStatus,
    RefundView,
    SeenRefund,
    keeps_goods,
)
from api.domains.payments.domain import PaymentIntent, TooMuch
from api.domains.payments.errors import PaymentNotFound, RefundDiffers, RefundTooLarge
from api.domains.payments.repository import disputes as dispute_rows
from api.domains.payments.repository import intents
from api.domains.payments.repository import refunds as refund_rows
from api.domains.payments.service import recording
from api.domains.payments.service.gateways import HOUSE, gateway_of
from ingestion.contracts import new_event_id

log = structlog.get_logger(__name__)
VOID = "payments.void_payment"
SWEEP_AT_MOST = 100
BY_HAND = frozenset({Method.BANK_TRANSFER, Method.CASH_ON_DELIVERY})
STORED = frozenset({Method.WALLET, Method.GIFT_CARD})
AT_ONCE = timedelta(0)


async def refundable(reader: AsyncConnection | AsyncSession, payment_id: UUID) -> int:
    """What can still be given back: taken, not promised back, and not in dispute. Raises PaymentNotFound."""
    intent = await intents.get(reader, payment_id)
    if intent is None:
        raise PaymentNotFound
    return await _left(reader, intent)


async def _left(reader: AsyncConnection | AsyncSession, intent: PaymentIntent) -> int:
    disputes = await dispute_rows.of_payment(reader, intent.payment_id)
    disputed = sum(dispute.amount_minor for dispute in disputes if dispute.status is not DisputeStatus.WON)
    return max(0, intent.refundable_minor - disputed)


async def refund_part(
    session: AsyncSession,
    payment_id: UUID,
    refund_id: UUID,
    amount_minor: int,
    reason: str,
    *,
    is_undone: bool = False,
) -> None:
    """Promise a part back and queue its execution; the same `refund_id` again changes nothing.

    `is_undone`: there is no sale any more, so where the gateway holds less, all that it still holds goes back.
    Raises PaymentNotFound, RefundTooLarge, and RefundDiffers for an id that was used for another amount or payment.
    """
    intent = await recording.lock(session, payment_id)
    known = await refund_rows.get(session, refund_id)
    if known is not None:
        if (known.payment_id, known.amount_minor) != (payment_id, amount_minor):
            raise RefundDiffers
        return
    left = await _left(session, intent)
    if not 0 < amount_minor <= left:
        raise RefundTooLarge(amount_minor, left)
    await recording.promise(session, intent, refund_id, amount_minor, reason, is_reversal=is_undone)
    await intents.save(session, intent)


async def take_less(session: AsyncSession, payment_id: UUID, amount_minor: int) -> bool:
    """So much less is to be taken of money that is held or on its way; False where it is there already.

    With nothing left to take the payment is over. Raises PaymentNotFound and RefundTooLarge.
    """
    intent = await recording.lock(session, payment_id)
    if intent.captured_minor or not keeps_goods(intent.method, intent.came_of):
        return False
    try:
        intent.waive(amount_minor)
    except TooMuch as error:
        raise RefundTooLarge(amount_minor, intent.due_minor) from error
    if not intent.due_minor and intent.gateway == HOUSE:
        await recording.apply(session, intent, ChargeResult(ChargeState.VOIDED), is_final=True)
    elif not intent.due_minor:
        await enqueue(session, VOID, payment_id=str(payment_id))
    await intents.save(session, intent)
    return True


async def begin_refund(session: AsyncSession, payment_id: UUID) -> None:
    """Promise all that is left: the sale is undone. `refund` keeps the promise, at once or by the sweeper.

    Money that is only held is let go by the queue.
    """
    intent = await recording.lock(session, payment_id)
    if intent.status is IntentStatus.REQUIRES_CAPTURE:
        await enqueue(session, VOID, payment_id=str(payment_id))
    left = await _left(session, intent)
    if left and await refund_rows.get(session, payment_id) is None:
        await recording.promise(session, intent, payment_id, left, "cancelled", is_reversal=True)
        await intents.save(session, intent)


async def refund(payment_id: UUID) -> bool:
    """Keep the promise of `begin_refund` now; False when there is none, or the gateway does not answer."""
    return await execute(payment_id)


async def execute(refund_id: UUID) -> bool:
    """Have the gateway pay a promised refund, and record it; False while it is not settled. Outside transactions."""
    async with reading() as connection:
        promised = await refund_rows.get(connection, refund_id)
        intent = await intents.get(connection, promised.payment_id) if promised else None
    if promised is None or intent is None:
        return False
    if promised.status is not RefundStatus.PENDING:
        return promised.status is RefundStatus.SUCCEEDED
    if intent.method in BY_HAND:
        return False  # somebody pays it and says so
    if intent.method in STORED:
        seen: SeenRefund | None = SeenRefund(refund_id, promised.amount_minor, RefundStatus.SUCCEEDED)
    else:
        seen = await gateway_of(intent.gateway).refund(intent.view(), refund_id, promised.amount_minor)
    if seen is None or seen.status is RefundStatus.PENDING:
        return False
    if seen.status is RefundStatus.FAILED:
        return await _take_refusal(intent, refund_id, seen)
    return await _settle(refund_id, seen)


async def _take_refusal(intent: PaymentIntent, refund_id: UUID, seen: SeenRefund) -> bool:
    """The gateway may have given back a part that we do not know of; of a sale undone the rest then goes back."""
    result = await gateway_of(intent.gateway).ask(intent.view())
    if result.state is ChargeState.UNKNOWN:
        return False
    async with transaction() as session:
        intent = await recording.lock(session, intent.payment_id)
        refused = await refund_rows.get(session, refund_id)
        if refused is None or refused.status is not RefundStatus.PENDING:
            return False
        await recording.settle(session, intent, refused, seen)
        await recording.apply(session, intent, result, is_final=False)
        left = await _left(session, intent)
        if refused.is_reversal and 0 < left < refused.amount_minor:
            await recording.promise(session, intent, new_event_id(), left, refused.reason, is_reversal=True)
        await intents.save(session, intent)
    return False


async def execute_queued(refund_id: str) -> None:
    """The task. What the gateway does not answer is tried again by the sweep."""
    await execute(UUID(refund_id))


async def _settle(refund_id: UUID, seen: SeenRefund) -> bool:
    async with transaction() as session:
        return await settle_locked(session, refund_id, seen)


async def settle_locked(session: AsyncSession, refund_id: UUID, seen: SeenRefund) -> bool:
    """Record a refund under its payment's lock, once; whether it came through."""
    promised = await refund_rows.get(session, refund_id)
    if promised is None:
        return False
    intent = await recording.lock(session, promised.payment_id)
    current = await refund_rows.get(session, refund_id)  # again: the lock may have waited for another one
    if current is None or current.status is not RefundStatus.PENDING:
        return current is not None and current.status is RefundStatus.SUCCEEDED
    await recording.settle(session, intent, current, seen)
    await intents.save(session, intent)
    return seen.status is RefundStatus.SUCCEEDED


async def of_payment(payment_id: UUID) -> list[RefundView]:
    """The refunds of a payment, oldest first."""
    async with reading() as connection:
        return await refund_rows.of_payment(connection, payment_id)


async def sweep_refunds(age: timedelta = AT_ONCE) -> int:
    """Try again every refund that was promised and not confirmed; returns how many came through."""
    async with reading() as connection:
        waiting = await refund_rows.pending(connection, age, SWEEP_AT_MOST)
    done = 0
    for refund_id in waiting:
        try:
            done += await execute(refund_id)
        except Exception as error:  # one that cannot be executed does not stop the others
            log.exception("refund_not_executed", refund_id=str(refund_id), error=type(error).__name__)
    return done
