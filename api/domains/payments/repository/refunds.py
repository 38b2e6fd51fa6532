"""Rows of refunds."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.payments.contracts import RefundStatus, RefundView

Reader = AsyncConnection | AsyncSession

INSERT = text("""
    INSERT INTO payments.refunds (refund_id, payment_id, amount_minor, reason, is_reversal, status)
    VALUES (:refund_id, :payment_id, :amount_minor, :reason, :is_reversal, 'pending')
""")
_SELECT = """
    SELECT r.refund_id, r.payment_id, r.amount_minor, p.currency, r.reason, r.status, r.failure, r.is_reversal,
        r.requested_at, r.settled_at
    FROM payments.refunds r JOIN payments.payments p USING (payment_id)
"""
GET = text(_SELECT + "WHERE r.refund_id = :refund_id")
OF_PAYMENT = text(_SELECT + "WHERE r.payment_id = :payment_id ORDER BY r.requested_at, r.refund_id")
SETTLE = text("""
    UPDATE payments.refunds SET status = :status, failure = :failure, settled_at = now()
    WHERE refund_id = :refund_id AND status = 'pending'
""")
# What needs a person comes first: what failed and was not made good by another refund, and what is paid by hand.
LATEST = text(f"""
    SELECT f.*, f.status = 'failed' AND p.refunded_minor < p.captured_minor AND NOT EXISTS (
            SELECT FROM payments.refunds l WHERE l.payment_id = f.payment_id AND l.requested_at > f.requested_at
                AND l.status <> 'failed')
        OR f.status = 'pending' AND p.method IN ('bank_transfer', 'cash_on_delivery') AS is_open
    FROM ({_SELECT}) AS f JOIN payments.payments p USING (payment_id)
    WHERE CAST(:status AS text) IS NULL OR f.status = :status
    ORDER BY is_open DESC, f.requested_at DESC, f.refund_id LIMIT :limit
""")  # noqa: S608 -- constants
PENDING = text("""
    SELECT r.refund_id FROM payments.refunds r JOIN payments.payments p USING (payment_id)
    WHERE r.status = 'pending' AND r.requested_at <= now() - CAST(:age AS interval)
        AND p.method NOT IN ('bank_transfer', 'cash_on_delivery')
    ORDER BY r.requested_at LIMIT :limit
""")


def _refund(row: Row[Any]) -> RefundView:
    return RefundView(
        refund_id=row.refund_id,
        payment_id=row.payment_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
        reason=row.reason,
        status=RefundStatus(row.status),
        failure=row.failure,
        is_reversal=row.is_reversal,
        requested_at=row.requested_at,
        settled_at=row.settled_at,
    )


async def insert(
    session: AsyncSession, refund_id: UUID, payment_id: UUID, amount_minor: int, reason: str, *, is_reversal: bool
) -> None:
    """A promise of money back."""
    values = {
        "refund_id": refund_id,
        "payment_id": payment_id,
        "amount_minor": amount_minor,
        "reason": reason,
        "is_reversal": is_reversal,
    }
    await session.execute(INSERT, values)


async def get(reader: Reader, refund_id: UUID) -> RefundView | None:
    """One refund."""
    row = (await reader.execute(GET, {"refund_id": refund_id})).one_or_none()
    return _refund(row) if row else None


async def of_payment(reader: Reader, payment_id: UUID) -> list[RefundView]:
    """The refunds of a payment, oldest first."""
    return [_refund(row) for row in await reader.execute(OF_PAYMENT, {"payment_id": payment_id})]


async def latest(reader: Reader, status: RefundStatus | None, limit: int) -> list[tuple[RefundView, bool]]:
    """Refunds of everybody, those that wait for a person first, and whether they do."""
    rows = await reader.execute(LATEST, {"status": str(status) if status else None, "limit": limit})
    return [(_refund(row), row.is_open) for row in rows]


async def settle(session: AsyncSession, refund_id: UUID, status: RefundStatus, failure: str | None) -> None:
    """A pending refund came through, or will never."""
    await session.execute(SETTLE, {"refund_id": refund_id, "status": str(status), "failure": failure})


async def pending(reader: Reader, age: timedelta, limit: int) -> list[UUID]:
    """Refunds that a machine can execute and that wait since `age`, oldest first."""
    return list((await reader.execute(PENDING, {"age": age, "limit": limit})).scalars())
