"""SQL of payments."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.payments.contracts import PaymentStatus, PaymentView
from api.domains.payments.domain import Entry

Reader = AsyncConnection | AsyncSession

INSERT = text("""
    INSERT INTO payments.payments (payment_id, order_id, amount_minor, currency, status, gateway)
    VALUES (:payment_id, :order_id, :amount_minor, :currency, 'processing', :gateway)
""")
FIND = text("""
    SELECT payment_id, order_id, amount_minor, currency, status, reason FROM payments.payments
    WHERE order_id = ANY(:order_ids)
""")
LOCK = text("""
    SELECT payment_id, order_id, amount_minor, currency, status, reason FROM payments.payments
    WHERE payment_id = :payment_id FOR NO KEY UPDATE
""")
MOVE = text("""
    UPDATE payments.payments
    SET status = :status, reason = :reason, charge_id = coalesce(:charge_id, charge_id), updated_at = now()
    WHERE payment_id = :payment_id
""")
POST = text("""
    INSERT INTO payments.ledger_entries (payment_id, posting, account, amount_minor, currency)
    VALUES (:payment_id, :posting, :account, :amount_minor, :currency)
""")
REFUNDING = text("""
    SELECT payment_id FROM payments.payments WHERE status = 'refunding' ORDER BY updated_at LIMIT :limit
""")
BALANCE = text("SELECT account, sum(amount_minor)::bigint AS amount FROM payments.ledger_entries GROUP BY account")


def _view(row: Row[Any]) -> PaymentView:
    return PaymentView(
        row.payment_id, row.order_id, row.amount_minor, row.currency, PaymentStatus(row.status), row.reason
    )


async def insert(session: AsyncSession, payment: PaymentView, gateway: str) -> None:
    """A new payment, processing."""
    values = {
        "payment_id": payment.payment_id,
        "order_id": payment.order_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "gateway": gateway,
    }
    await session.execute(INSERT, values)


async def find(reader: Reader, order_ids: Sequence[UUID]) -> dict[UUID, PaymentView]:
    """The payments of those orders that have one."""
    rows = await reader.execute(FIND, {"order_ids": list(order_ids)})
    return {row.order_id: _view(row) for row in rows}


async def lock(session: AsyncSession, payment_id: UUID) -> PaymentView:
    """The payment, held until the transaction ends."""
    return _view((await session.execute(LOCK, {"payment_id": payment_id})).one())


async def move(
    session: AsyncSession, payment_id: UUID, status: PaymentStatus, reason: str | None, charge_id: str | None
) -> None:
    """Write where the payment stands now."""
    values = {"payment_id": payment_id, "status": str(status), "reason": reason, "charge_id": charge_id}
    await session.execute(MOVE, values)


async def post(session: AsyncSession, payment: PaymentView, entries: Sequence[Entry]) -> None:
    """Append to the ledger."""
    rows = [
        {
            "payment_id": payment.payment_id,
            "posting": entry.posting,
            "account": entry.account,
            "amount_minor": entry.amount_minor,
            "currency": payment.currency,
        }
        for entry in entries
    ]
    if rows:
        await session.execute(POST, rows)


async def refunding(reader: Reader, limit: int) -> list[UUID]:
    """Payments whose refund the gateway has not confirmed, oldest first."""
    return list((await reader.execute(REFUNDING, {"limit": limit})).scalars())


async def balance(reader: Reader) -> dict[str, int]:
    """Account → its sum."""
    return {row.account: row.amount for row in await reader.execute(BALANCE)}
