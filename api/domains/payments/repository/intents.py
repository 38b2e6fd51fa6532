"""Rows of payment intents."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.payments.contracts import CaptureMethod, IntentStatus, Method, PaymentView
from api.domains.payments.domain import PaymentIntent

Reader = AsyncConnection | AsyncSession

_COLUMNS = (
    "payment_id, order_id, customer_id, amount_minor, tax_minor, currency, method, capture_method, intent_status,"
    " gateway, funding, attempt, captured_minor, promised_minor, refunded_minor, waived_minor, reason, charge_id,"
    " next_action_url"
)
INSERT = text("""
    INSERT INTO payments.payments (payment_id, order_id, customer_id, amount_minor, tax_minor, currency, method,
        capture_method, intent_status, gateway, funding, attempt)
    VALUES (:payment_id, :order_id, :customer_id, :amount_minor, :tax_minor, :currency, :method,
        :capture_method, :intent_status, :gateway, :funding, :attempt)
""")
FIND = text(f"SELECT {_COLUMNS} FROM payments.payments WHERE order_id = ANY(:order_ids)")  # noqa: S608 -- constants
GET = text(f"SELECT {_COLUMNS} FROM payments.payments WHERE payment_id = :payment_id")  # noqa: S608 -- constants
LOCK = text(
    f"SELECT {_COLUMNS} FROM payments.payments WHERE payment_id = :payment_id FOR NO KEY UPDATE"  # noqa: S608
)
BY_REFERENCE = text("""
    SELECT payment_id FROM payments.payments
    WHERE (payment_id = CAST(:payment_id AS uuid) OR charge_id = :charge_id) AND gateway = :gateway
""")
SAVE = text("""
    UPDATE payments.payments SET intent_status = :intent_status, reason = :reason, charge_id = :charge_id,
        next_action_url = :next_action_url, attempt = :attempt, captured_minor = :captured_minor,
        promised_minor = :promised_minor, refunded_minor = :refunded_minor, waived_minor = :waived_minor,
        method = :method, gateway = :gateway, funding = :funding, updated_at = now()
    WHERE payment_id = :payment_id
""")
OVERDUE = text("""
    SELECT order_id FROM payments.payments
    WHERE method = 'bank_transfer' AND intent_status = 'processing'
        AND created_at < now() - make_interval(days => :days)
    ORDER BY created_at LIMIT :limit
""")
LATEST = text(f"""
    SELECT {_COLUMNS}, created_at FROM payments.payments
    WHERE (CAST(:status AS text) IS NULL OR status = :status)
        AND (CAST(:before AS timestamptz) IS NULL
            OR (created_at, payment_id) < (CAST(:before AS timestamptz), CAST(:before_id AS uuid)))
    ORDER BY created_at DESC, payment_id DESC LIMIT :limit
""")  # noqa: S608 -- constants


def _intent(row: Row[Any]) -> PaymentIntent:
    return PaymentIntent(
        payment_id=row.payment_id,
        order_id=row.order_id,
        customer_id=row.customer_id,
        amount_minor=row.amount_minor,
        tax_minor=row.tax_minor,
        currency=row.currency,
        method=Method(row.method),
        capture=CaptureMethod(row.capture_method),
        status=IntentStatus(row.intent_status),
        gateway=row.gateway,
        funding=row.funding,
        attempt=row.attempt,
        captured_minor=row.captured_minor,
        promised_minor=row.promised_minor,
        refunded_minor=row.refunded_minor,
        waived_minor=row.waived_minor,
        reason=row.reason,
        charge_id=row.charge_id,
        next_action_url=row.next_action_url,
    )


async def insert(session: AsyncSession, intent: PaymentIntent) -> None:
    """A new intent."""
    values = {
        "payment_id": intent.payment_id,
        "order_id": intent.order_id,
        "customer_id": intent.customer_id,
        "amount_minor": intent.amount_minor,
        "tax_minor": intent.tax_minor,
        "currency": intent.currency,
        "method": str(intent.method),
        "capture_method": str(intent.capture),
        "intent_status": str(intent.status),
        "gateway": intent.gateway,
        "funding": intent.funding,
        "attempt": intent.attempt,
    }
    await session.execute(INSERT, values)


async def find(reader: Reader, order_ids: Sequence[UUID]) -> dict[UUID, PaymentView]:
    """The payments of those orders that have one."""
    rows = await reader.execute(FIND, {"order_ids": list(order_ids)})
    return {row.order_id: _intent(row).view() for row in rows}


async def get(reader: Reader, payment_id: UUID) -> PaymentIntent | None:
    """One intent, as it stands."""
    row = (await reader.execute(GET, {"payment_id": payment_id})).one_or_none()
    return _intent(row) if row else None


async def lock(session: AsyncSession, payment_id: UUID) -> PaymentIntent | None:
    """One intent, held until the transaction ends."""
    row = (await session.execute(LOCK, {"payment_id": payment_id})).one_or_none()
    return _intent(row) if row else None


async def save(session: AsyncSession, intent: PaymentIntent) -> None:
    """Write where the intent stands now; it has to be locked."""
    values = {
        "payment_id": intent.payment_id,
        "intent_status": str(intent.status),
        "reason": intent.reason,
        "charge_id": intent.charge_id,
        "next_action_url": intent.next_action_url,
        "attempt": intent.attempt,
        "captured_minor": intent.captured_minor,
        "promised_minor": intent.promised_minor,
        "refunded_minor": intent.refunded_minor,
        "waived_minor": intent.waived_minor,
        "method": str(intent.method),
        "gateway": intent.gateway,
        "funding": intent.funding,
    }
    await session.execute(SAVE, values)


async def by_reference(reader: Reader, gateway: str, reference: str) -> UUID | None:
    """The payment that a gateway means, by our id or its own."""
    try:
        payment_id: UUID | None = UUID(reference)
    except ValueError:
        payment_id = None
    values = {"payment_id": payment_id, "charge_id": reference, "gateway": gateway}
    found: UUID | None = (await reader.execute(BY_REFERENCE, values)).scalars().first()
    return found


async def overdue_transfers(reader: Reader, days: int, limit: int) -> list[UUID]:
    """Orders whose transfer has not come for so many days, oldest first."""
    return list((await reader.execute(OVERDUE, {"days": days, "limit": limit})).scalars())


async def latest(
    reader: Reader, status: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[PaymentView, datetime]]:
    """Payments with the time they were made, newest first."""
    at, payment_id = before or (None, None)
    rows = await reader.execute(LATEST, {"status": status, "before": at, "before_id": payment_id, "limit": limit})
    return [(_intent(row).view(), row.created_at) for row in rows]
