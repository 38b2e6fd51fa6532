"""A holder complains: the bank takes the money, we answer before the deadline, it is won or lost."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.domains.payments import facade as payments
from api.domains.payments.contracts import Dispute, DisputeStatus
from api.domains.payments.errors import EvidenceRefused, RefundTooLarge
from api.domains.payments.handlers import HANDLERS
from api.domains.payments.service import disputes, intents
from api.domains.payments.service.notices import remind_of_deadlines
from ingestion.contracts.payments import DisputeOpened, RefundFailed
from tests.api.conftest import SignUp
from tests.api.ordering.events import received
from tests.api.payments.conftest import Make, books, refund_part, told
from tests.gateway_process import RunningGateway

pytestmark = pytest.mark.usefixtures("session")


async def opened(payment_id: Any) -> Dispute:
    await intents.refresh(payment_id)
    found = [dispute for dispute in await disputes.latest() if dispute.payment_id == payment_id]
    assert len(found) == 1
    return found[0]


def decide(gateway: RunningGateway, dispute: Dispute, *, is_won: bool) -> None:
    answer = gateway.call("POST", f"/v1/disputes/{dispute.gateway_dispute_id}/decision", json={"is_won": is_won})
    assert answer.status_code == 200


async def test_a_dispute_is_answered_and_won(pay: Make, session: AsyncSession, paying_gateway: RunningGateway) -> None:
    payment = await pay(token="tok_dispute")
    dispute = await opened(payment.payment_id)
    assert (dispute.status, dispute.amount_minor, dispute.reason) == (DisputeStatus.NEEDS_RESPONSE, 500, "fraudulent")
    assert dispute.evidence_due_at - datetime.now(UTC) > timedelta(days=6)
    assert await books() == {"dispute_reserve": 500, "sales": -500}
    assert await payments.refundable(session, payment.payment_id) == 0
    with pytest.raises(RefundTooLarge):
        await refund_part(payment.payment_id, 1)
    actor_id = uuid4()
    answered = await disputes.send_evidence(actor_id, dispute.dispute_id, "Delivered on Monday.")
    assert (answered.status, answered.evidence) == (DisputeStatus.UNDER_REVIEW, "Delivered on Monday.")
    with pytest.raises(EvidenceRefused):
        await disputes.send_evidence(actor_id, dispute.dispute_id, "And again.")
    acts = await session.execute(text("SELECT actor_id, action, subject FROM core.audit_log"))
    assert acts.all() == [(actor_id, "payments.send_evidence", f"dispute:{dispute.dispute_id}")]
    decide(paying_gateway, dispute, is_won=True)
    for _ in range(2):
        won = await opened(payment.payment_id)
    assert (won.status, won.closed_at is not None) == (DisputeStatus.WON, True)
    assert await books() == {"gateway": 500, "sales": -500}
    assert await payments.refundable(session, payment.payment_id) == 500
    assert await told(session) == ["payment_captured", "dispute_opened", "dispute_closed"]


async def mails(session: AsyncSession) -> list[str]:
    statement = """
        SELECT (args->'args'->>'subject') || ' ' || (args->'args'->>'body') FROM procrastinate_jobs
        WHERE task_name = 'core.send_mail' ORDER BY id
    """
    return list((await session.execute(text(statement))).scalars())


async def test_operators_are_told_of_a_dispute_and_again_a_day_before_its_deadline(
    pay: Make, session: AsyncSession, sign_up: SignUp
) -> None:
    await sign_up("operator")
    dispute = await opened((await pay(token="tok_dispute")).payment_id)
    who: Any = {"payment_id": dispute.payment_id, "order_id": dispute.order_id, "amount_minor": 500, "currency": "USD"}
    event = DisputeOpened(**who, gateway="sandbox", dispute_id=dispute.dispute_id, reason=dispute.reason)
    failed = RefundFailed(**who, gateway="sandbox", refund_id=uuid4(), failure="account_closed")
    async with transaction() as own:
        await HANDLERS[event.type](own, [received(event), received(failed)])
    first, second = await mails(session)
    assert f"{dispute.evidence_due_at:%d %B %Y}" in first
    assert f"/operate/disputes/{dispute.dispute_id}" in first
    assert "account_closed" in second
    assert await remind_of_deadlines() == 0
    await session.execute(text("UPDATE payments.disputes SET evidence_due_at = now() + interval '23 hours'"))
    await session.commit()
    assert [await remind_of_deadlines() for _ in range(2)] == [1, 0]
    assert "One day left" in (await mails(session))[-1]


async def test_a_dispute_is_lost_and_costs_a_fee(
    pay: Make, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    payment = await pay()
    paying_gateway.call("POST", f"/v1/charges/{payment.payment_id}/disputes", json={"amount_minor": 200})
    dispute = await opened(payment.payment_id)
    decide(paying_gateway, dispute, is_won=False)
    assert (await opened(payment.payment_id)).status is DisputeStatus.LOST
    assert await books() == {"gateway": 300 - 1500, "sales": -500, "refunds": 200, "fees": 1500}
    assert await payments.refundable(session, payment.payment_id) == 300


async def test_opened_and_closed_while_we_were_away(pay: Make, paying_gateway: RunningGateway) -> None:
    payment = await pay()
    path = f"/v1/charges/{payment.payment_id}/disputes"
    made = paying_gateway.call("POST", path, json={}).json()
    paying_gateway.call("POST", f"/v1/disputes/{made['dispute_id']}/decision", json={"is_won": True})
    assert (await opened(payment.payment_id)).status is DisputeStatus.WON
    assert await books() == {"gateway": 500, "sales": -500}


async def test_after_the_deadline_nothing_is_taken(
    pay: Make, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    payment = await pay(token="tok_dispute")
    dispute = await opened(payment.payment_id)
    await session.execute(text("UPDATE payments.disputes SET evidence_due_at = now() - interval '1 second'"))
    await session.commit()
    with pytest.raises(EvidenceRefused):
        await disputes.send_evidence(uuid4(), dispute.dispute_id, "Late.")
    paying_gateway.stop()
    try:
        await session.execute(text("UPDATE payments.disputes SET evidence_due_at = now() + interval '1 day'"))
        await session.commit()
        with pytest.raises(EvidenceRefused):
            await disputes.send_evidence(uuid4(), dispute.dispute_id, "Nobody hears it.")
    finally:
        paying_gateway.start()
