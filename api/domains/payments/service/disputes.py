"""Disputes: what the bank asks, and what we tell it."""

from datetime import UTC, datetime
from uuid import UUID

from api.core.audit import record_act
from api.core.db import reading, transaction
from api.domains.payments.contracts import Dispute, DisputeStatus
from api.domains.payments.errors import DisputeNotFound, EvidenceRefused
from api.domains.payments.repository import disputes
from api.domains.payments.service.gateways import gateway_of
from api.domains.payments.service.intents import refresh

SHOWN = 200


async def latest() -> list[Dispute]:
    """Open ones first, by deadline."""
    async with reading() as connection:
        return await disputes.latest(connection, SHOWN)


async def get(dispute_id: UUID) -> Dispute:
    """One dispute. Raises DisputeNotFound."""
    async with reading() as connection:
        found = await disputes.get(connection, dispute_id)
    if found is None:
        raise DisputeNotFound
    return found


async def send_evidence(actor_id: UUID, dispute_id: UUID, evidence: str) -> Dispute:
    """Tell the bank our side, once and before its deadline. Raises DisputeNotFound and EvidenceRefused."""
    dispute = await get(dispute_id)
    if dispute.status is not DisputeStatus.NEEDS_RESPONSE:
        raise EvidenceRefused(f"It is {dispute.status}.")
    if dispute.evidence_due_at <= datetime.now(UTC):
        raise EvidenceRefused("Its deadline has passed.")
    if not await gateway_of(dispute.gateway).send_evidence(dispute.gateway_dispute_id, evidence):
        raise EvidenceRefused("The gateway does not take it at the moment.")
    async with transaction() as session:
        await disputes.keep_evidence(session, dispute_id, evidence)
        await record_act(session, actor_id, "payments.send_evidence", f"dispute:{dispute_id}")
    await refresh(dispute.payment_id)
    return await get(dispute_id)
