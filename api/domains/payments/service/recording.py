"""Writing down what the gateway did: intent, refunds, disputes, ledger and events in one transaction, each once."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.jobs import enqueue
from api.core.outbox import publish
from api.domains.payments.contracts import (
    ChargeResult,
    ChargeState,
    DisputeStatus,
    PaymentStatus,
    RefundStatus,
    RefundView,
    SeenDispute,
    SeenRefund,
)
from api.domains.payments.domain import Heard, PaymentIntent, ledger
from api.domains.payments.errors import PaymentNotFound
from api.domains.payments.repository import disputes as dispute_rows
from api.domains.payments.repository import intents
from api.domains.payments.repository import ledger as books
from api.domains.payments.repository import refunds as refund_rows
from ingestion.contracts import new_event_id
from ingestion.contracts.payments import (
    DisputeClosed,
    DisputeOpened,
    PaymentAuthorized,
    PaymentCancelled,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    RefundFailed,
)

log = structlog.get_logger(__name__)
EXECUTE_REFUND = "payments.execute_refund"


async def lock(session: AsyncSession, payment_id: UUID) -> PaymentIntent:
    """The intent, held until the transaction ends. Raises PaymentNotFound."""
    intent = await intents.lock(session, payment_id)
    if intent is None:
        raise PaymentNotFound
    return intent


async def record(
    session: AsyncSession, payment_id: UUID, result: ChargeResult, *, is_final: bool = True
) -> PaymentStatus:
    """Move the payment as the gateway's answer says, and return where it stands. Repeating it changes nothing.

    After a refusal that is final the payment is over; otherwise the person may choose another method.
    """
    intent = await lock(session, payment_id)
    await apply(session, intent, result, is_final=is_final)
    return intent.came_of


async def apply(session: AsyncSession, intent: PaymentIntent, result: ChargeResult, *, is_final: bool) -> None:
    """The same for an intent that is locked already; it is saved."""
    before = replace(intent)
    heard = intent.hear(result, is_final=is_final)
    if heard.captured_minor:
        await books.post(session, ledger.captured(intent))
    await _publish(session, intent, heard)
    await _note_refunds(session, intent, result)
    if heard.is_orphan and intent.refundable_minor:
        await promise(session, intent, intent.payment_id, intent.refundable_minor, "orphan", is_reversal=True)
    for dispute in result.disputes:
        await _note_dispute(session, intent, dispute)
    if intent != before:
        await intents.save(session, intent)


def told(intent: PaymentIntent, amount_minor: int, **more: Any) -> dict[str, Any]:
    """What every event of a payment says."""
    return {
        "payment_id": intent.payment_id,
        "order_id": intent.order_id,
        "amount_minor": amount_minor,
        "currency": intent.currency,
        "gateway": intent.gateway,
    } | more


async def _publish(session: AsyncSession, intent: PaymentIntent, heard: Heard) -> None:
    method = str(intent.method)
    if heard.captured_minor:
        await publish(session, PaymentCaptured(**told(intent, heard.captured_minor, method=method)))
    if heard.is_authorized:
        await publish(session, PaymentAuthorized(**told(intent, intent.amount_minor, method=method)))
    if heard.declined is not None:
        await publish(session, PaymentDeclined(**told(intent, intent.amount_minor, reason=heard.declined)))
    if heard.is_cancelled:
        await publish(session, PaymentCancelled(**told(intent, intent.amount_minor)))


async def promise(
    session: AsyncSession,
    intent: PaymentIntent,
    refund_id: UUID,
    amount_minor: int,
    reason: str,
    *,
    is_reversal: bool = False,
) -> None:
    """Set money aside and queue its way back; the intent is to be saved by the caller. Raises TooMuch."""
    intent.promise_refund(amount_minor)
    await refund_rows.insert(session, refund_id, intent.payment_id, amount_minor, reason[:200], is_reversal=is_reversal)
    await enqueue(session, EXECUTE_REFUND, lock=f"payment:{intent.payment_id}", refund_id=str(refund_id))


async def _note_refunds(session: AsyncSession, intent: PaymentIntent, result: ChargeResult) -> None:
    seen = result.refunds
    if result.state is ChargeState.REFUNDED and not seen:  # all of it, and it is not said how
        rest = intent.captured_minor - intent.refunded_minor
        seen = (SeenRefund(intent.payment_id, rest, RefundStatus.SUCCEEDED),) if rest else ()
    if not seen:
        return
    known = {refund.refund_id: refund for refund in await refund_rows.of_payment(session, intent.payment_id)}
    for each in seen:
        refund = known.get(each.refund_id)
        if refund is None and each.status is RefundStatus.SUCCEEDED:
            refund = await _adopt(session, intent, each)
        if refund is not None and refund.status is RefundStatus.PENDING and each.status is not RefundStatus.PENDING:
            await settle(session, intent, refund, each)


async def _adopt(session: AsyncSession, intent: PaymentIntent, seen: SeenRefund) -> RefundView | None:
    """A refund that the gateway made without us: by a void, or by somebody at the gateway's own desk."""
    if seen.amount_minor > intent.refundable_minor:
        log.error("refund_beyond_payment", payment_id=str(intent.payment_id), amount_minor=seen.amount_minor)
        return None
    is_whole = seen.amount_minor == intent.captured_minor
    intent.promise_refund(seen.amount_minor)
    await refund_rows.insert(
        session, seen.refund_id, intent.payment_id, seen.amount_minor, "at the gateway", is_reversal=is_whole
    )
    return await refund_rows.get(session, seen.refund_id)


async def settle(session: AsyncSession, intent: PaymentIntent, refund: RefundView, seen: SeenRefund) -> None:
    """A pending refund came through, or will never; the intent is to be saved by the caller."""
    if seen.status is RefundStatus.FAILED:
        failure = (seen.failure or "failed")[:200]
        intent.settle_refund(refund.amount_minor, is_paid=False)
        await refund_rows.settle(session, refund.refund_id, RefundStatus.FAILED, failure)
        event = told(intent, refund.amount_minor, refund_id=refund.refund_id, failure=failure)
        await publish(session, RefundFailed(**event))
        return
    await books.post(session, await _going_back(session, intent, refund))
    intent.settle_refund(refund.amount_minor, is_paid=True)
    await refund_rows.settle(session, refund.refund_id, RefundStatus.SUCCEEDED, None)
    event = told(
        intent,
        refund.amount_minor,
        refund_id=refund.refund_id,
        refunded_minor=intent.refunded_minor,
        reason=refund.reason,
    )
    await publish(session, PaymentRefunded(**event))


async def _going_back(session: AsyncSession, intent: PaymentIntent, refund: RefundView) -> ledger.LedgerTransaction:
    """The sale undone as a whole is a reversal of its capture; a part is a posting of its own."""
    if refund.is_reversal and refund.amount_minor == intent.captured_minor:
        capture = await books.get(session, ledger.capture_key(intent.payment_id))
        if capture is not None:
            return capture.reversed(ledger.refund_key(refund.refund_id))
    return ledger.refunded(intent, refund.refund_id, refund.amount_minor)


async def _note_dispute(session: AsyncSession, intent: PaymentIntent, seen: SeenDispute) -> None:
    payment_id, name = intent.payment_id, seen.gateway_dispute_id
    if await dispute_rows.insert(session, new_event_id(), payment_id, intent.gateway, seen):
        known = await dispute_rows.lock(session, intent.gateway, name)
        await books.post(session, ledger.dispute_opened(payment_id, name, seen.amount_minor, intent.currency))
        opened = told(intent, seen.amount_minor, dispute_id=known.dispute_id, reason=known.reason)
        await publish(session, DisputeOpened(**opened))
    else:
        known = await dispute_rows.lock(session, intent.gateway, name)
    if known.closed_at is not None or known.status is seen.status:
        return
    await dispute_rows.move(session, known.dispute_id, seen)
    if seen.status not in (DisputeStatus.WON, DisputeStatus.LOST):
        return
    if seen.status is DisputeStatus.WON:
        opening = await books.get(session, f"dispute:{name}")
        if opening is not None:
            await books.post(session, opening.reversed(f"dispute_won:{name}"))
    else:
        await books.post(session, ledger.dispute_lost(payment_id, name, known.amount_minor, intent.currency))
        if seen.fee_minor:
            await books.post(session, ledger.dispute_fee(payment_id, name, seen.fee_minor, intent.currency))
    closed = told(intent, known.amount_minor, dispute_id=known.dispute_id, outcome=str(seen.status))
    await publish(session, DisputeClosed(**closed))
