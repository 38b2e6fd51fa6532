"""Rows of disputes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.payments.contracts import Dispute, DisputeStatus, SeenDispute

Reader = AsyncConnection | AsyncSession

_COLUMNS = (
    "d.dispute_id, d.payment_id, d.gateway, d.gateway_dispute_id, d.amount_minor, d.fee_minor, d.reason, d.status,"
    " d.evidence, d.evidence_due_at, d.opened_at, d.closed_at, p.currency, p.order_id"
)
_FROM = "FROM payments.disputes d JOIN payments.payments p USING (payment_id)"
INSERT = text("""
    INSERT INTO payments.disputes (dispute_id, payment_id, gateway, gateway_dispute_id, amount_minor, fee_minor,
        reason, status, evidence_due_at)
    VALUES (:dispute_id, :payment_id, :gateway, :gateway_dispute_id, :amount_minor, :fee_minor,
        :reason, 'needs_response', :evidence_due_at)
    ON CONFLICT (gateway, gateway_dispute_id) DO NOTHING
""")
BY_GATEWAY = text(f"""
    SELECT {_COLUMNS} {_FROM} WHERE d.gateway = :gateway AND d.gateway_dispute_id = :gateway_dispute_id FOR UPDATE OF d
""")
GET = text(f"SELECT {_COLUMNS} {_FROM} WHERE d.dispute_id = :dispute_id")
OF_PAYMENT = text(f"SELECT {_COLUMNS} {_FROM} WHERE d.payment_id = :payment_id ORDER BY d.opened_at")
LATEST = text(f"""
    SELECT {_COLUMNS} {_FROM} ORDER BY d.closed_at IS NOT NULL, d.evidence_due_at, d.dispute_id LIMIT :limit
""")
MOVE = text("""
    UPDATE payments.disputes SET status = :status, fee_minor = :fee_minor, evidence_due_at = :evidence_due_at,
        closed_at = CASE WHEN :status IN ('won', 'lost') THEN now() END
    WHERE dispute_id = :dispute_id
""")
DUE_SOON = text("""
    UPDATE payments.disputes SET reminded_at = now()
    WHERE status = 'needs_response' AND reminded_at IS NULL AND evidence_due_at < now() + interval '1 day'
        AND evidence_due_at > now()
    RETURNING dispute_id
""")
KEEP_EVIDENCE = text("UPDATE payments.disputes SET evidence = :evidence WHERE dispute_id = :dispute_id")


def _dispute(row: Row[Any]) -> Dispute:
    values = dict(row._mapping)
    return Dispute(**values | {"status": DisputeStatus(row.status)})


async def insert(session: AsyncSession, dispute_id: UUID, payment_id: UUID, gateway: str, seen: SeenDispute) -> bool:
    """A new dispute; False when it is known."""
    values = {
        "dispute_id": dispute_id,
        "payment_id": payment_id,
        "gateway": gateway,
        "gateway_dispute_id": seen.gateway_dispute_id,
        "amount_minor": seen.amount_minor,
        "fee_minor": seen.fee_minor,
        "reason": seen.reason[:200],
        "evidence_due_at": seen.evidence_due_at,
    }
    return bool((await session.execute(INSERT, values)).rowcount)  # type: ignore[attr-defined]


async def lock(session: AsyncSession, gateway: str, gateway_dispute_id: str) -> Dispute:
    """A known dispute, held until the transaction ends."""
    values = {"gateway": gateway, "gateway_dispute_id": gateway_dispute_id}
    return _dispute((await session.execute(BY_GATEWAY, values)).one())


async def get(reader: Reader, dispute_id: UUID) -> Dispute | None:
    """One dispute."""
    row = (await reader.execute(GET, {"dispute_id": dispute_id})).one_or_none()
    return _dispute(row) if row else None


async def of_payment(reader: Reader, payment_id: UUID) -> list[Dispute]:
    """The disputes of a payment."""
    return [_dispute(row) for row in await reader.execute(OF_PAYMENT, {"payment_id": payment_id})]


async def latest(reader: Reader, limit: int) -> list[Dispute]:
    """Open ones first, by deadline."""
    return [_dispute(row) for row in await reader.execute(LATEST, {"limit": limit})]


async def move(session: AsyncSession, dispute_id: UUID, seen: SeenDispute) -> None:
    """Write what the gateway says of it now."""
    values = {
        "dispute_id": dispute_id,
        "status": str(seen.status),
        "fee_minor": seen.fee_minor,
        "evidence_due_at": seen.evidence_due_at,
    }
    await session.execute(MOVE, values)


async def due_soon(session: AsyncSession) -> list[Dispute]:
    """Unanswered ones with less than a day left, each once."""
    due: Sequence[UUID] = (await session.execute(DUE_SOON)).scalars().all()
    found = [await get(session, dispute_id) for dispute_id in due]
    return [dispute for dispute in found if dispute is not None]


async def keep_evidence(session: AsyncSession, dispute_id: UUID, evidence: str) -> None:
    """What was told to the bank."""
    await session.execute(KEEP_EVIDENCE, {"dispute_id": dispute_id, "evidence": evidence})
