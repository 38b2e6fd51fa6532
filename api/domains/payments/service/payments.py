"""Recording what the gateway did: status, ledger and event in one transaction, each once."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import reading, transaction
from api.core.outbox import publish
from api.domains.payments import repository
from api.domains.payments.contracts import ChargeResult, ChargeState, PaymentStatus, PaymentView
from api.domains.payments.domain import CAPTURE, MOVES, Entry, entries_of
from api.domains.payments.service import gateway
from ingestion.contracts import new_event_id
from ingestion.contracts.payments import PaymentCaptured, PaymentDeclined

SWEEP_AT_MOST = 100

find = repository.find
balance = repository.balance


async def create(session: AsyncSession, order_id: UUID, amount_minor: int, currency: str) -> PaymentView:
    """A payment that waits for its charge. An order has one."""
    payment = PaymentView(new_event_id(), order_id, amount_minor, currency, PaymentStatus.PROCESSING)
    await repository.insert(session, payment, gateway.NAME)
    return payment


async def record(session: AsyncSession, payment_id: UUID, result: ChargeResult) -> PaymentStatus:
    """Move the payment as the gateway's answer says, and return where it stands. Repeating it changes nothing."""
    payment = await repository.lock(session, payment_id)
    move = MOVES.get((payment.status, result.state))
    if move is None:
        return payment.status
    status, postings = move
    reason = (result.reason or "declined") if status is PaymentStatus.DECLINED else None
    await repository.move(session, payment_id, status, reason, result.charge_id)
    entries: list[Entry] = [entry for posting in postings for entry in entries_of(posting, payment.amount_minor)]
    await repository.post(session, payment, entries)
    told = {
        "payment_id": payment_id,
        "order_id": payment.order_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "gateway": gateway.NAME,
    }
    if CAPTURE in postings:
        await publish(session, PaymentCaptured.model_validate(told))
    elif reason is not None:
        await publish(session, PaymentDeclined.model_validate(told | {"reason": reason}))
    return status


async def begin_refund(session: AsyncSession, payment_id: UUID) -> None:
    """Promise the money back; `refund` keeps the promise, at once or by the sweeper."""
    payment = await repository.lock(session, payment_id)
    if payment.status is PaymentStatus.SUCCEEDED:
        await repository.move(session, payment_id, PaymentStatus.REFUNDING, None, None)


async def refund(payment_id: UUID) -> bool:
    """Have the gateway give promised money back, and record it; False when it does not answer now."""
    result = await gateway.void(payment_id)
    if result.state is not ChargeState.REFUNDED:
        return False
    async with transaction() as session:
        return await record(session, payment_id, result) is PaymentStatus.REFUNDED


async def sweep_refunds() -> int:
    """Try again every refund that was promised and not confirmed; returns how many came through."""
    async with reading() as connection:
        waiting = await repository.refunding(connection, SWEEP_AT_MOST)
    return sum([await refund(payment_id) for payment_id in waiting])
