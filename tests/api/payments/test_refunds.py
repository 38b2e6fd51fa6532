"""Money back, whole and in parts, once each; what is given back never exceeds what was taken."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.core.jobs import run_queued
from api.core.settings import get_settings
from api.domains.payments import facade as payments
from api.domains.payments.contracts import ChargeResult, ChargeState, PaymentStatus, RefundStatus
from api.domains.payments.errors import RefundDiffers, RefundTooLarge
from api.domains.payments.handlers import TASKS
from api.domains.payments.service import intents, refunds
from tests.api.payments.conftest import Make, books, refund_part, status_of, told
from tests.gateway_process import RunningGateway


@pytest.mark.usefixtures("session")
class TestParts:
    async def test_parts_go_back_and_the_rest_is_refused(self, pay: Make, session: AsyncSession) -> None:
        payment = await pay(1000, tax_minor=160)
        first = await refund_part(payment.payment_id, 300)
        assert await payments.refundable(session, payment.payment_id) == 700
        assert await books() == {"gateway": 1000, "sales": -840, "tax": -160}
        assert await refund_part(payment.payment_id, 300, first) == first
        with pytest.raises(RefundDiffers):
            await refund_part(payment.payment_id, 301, first)
        with pytest.raises(RefundTooLarge) as refused:
            await refund_part(payment.payment_id, 701)
        assert refused.value.extra == {"amount_minor": 701, "refundable_minor": 700}
        await refund_part(payment.payment_id, 700)
        assert await status_of(payment.payment_id) is PaymentStatus.REFUNDING
        assert await payments.sweep_refunds() == 2
        assert await payments.sweep_refunds() == 0
        assert await status_of(payment.payment_id) is PaymentStatus.REFUNDED
        assert await books() == {"sales": -840, "refunds": 840}
        assert await told(session) == ["payment_captured", "payment_refunded", "payment_refunded"]

    async def test_a_sale_undone_gives_back_what_the_gateways_own_desk_has_left(
        self, pay: Make, paying_gateway: RunningGateway
    ) -> None:
        """Nobody told us of the desk's refund, so ours is refused: found by a random walk that lost the webhook."""
        payment = await pay(289)
        path = f"/v1/charges/{payment.payment_id}/refunds"
        paying_gateway.call("POST", path, json={"refund_id": str(uuid4()), "amount_minor": 9})
        async with transaction() as session:
            await payments.refund_part(session, payment.payment_id, uuid4(), 30, "goodwill")
            await payments.refund_part(session, payment.payment_id, uuid4(), 259, "cancelled", is_undone=True)
        await payments.sweep_refunds()
        await payments.sweep_refunds()
        assert await payments.sweep_refunds() == 0
        found = [(each.amount_minor, each.status) for each in await refunds.of_payment(payment.payment_id)]
        assert sorted(found) == [(9, "succeeded"), (30, "succeeded"), (250, "succeeded"), (259, "failed")]
        assert await status_of(payment.payment_id) is PaymentStatus.REFUNDED

    async def test_a_part_that_is_refused_is_left_to_people(self, pay: Make, paying_gateway: RunningGateway) -> None:
        payment = await pay(289)
        path = f"/v1/charges/{payment.payment_id}/refunds"
        paying_gateway.call("POST", path, json={"refund_id": str(uuid4()), "amount_minor": 200})
        await refund_part(payment.payment_id, 100)
        await payments.sweep_refunds()
        assert await payments.sweep_refunds() == 0
        found = [(each.amount_minor, each.status) for each in await refunds.of_payment(payment.payment_id)]
        assert sorted(found) == [(100, "failed"), (200, "succeeded")]

    async def test_a_gateway_that_is_away_keeps_the_promise_open(
        self, pay: Make, paying_gateway: RunningGateway
    ) -> None:
        payment = await pay()
        refund_id = await refund_part(payment.payment_id, 200)
        paying_gateway.stop()
        try:
            assert await refunds.execute(refund_id) is False
        finally:
            paying_gateway.start()
        assert await payments.sweep_refunds() == 1
        assert await books() == {"gateway": 300, "sales": -500, "refunds": 200}

    async def test_a_wrong_secret_is_no_refusal(self, pay: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        payment = await pay()
        refund_id = await refund_part(payment.payment_id, 200)
        with monkeypatch.context() as patch:
            patch.setenv("AGORA_GATEWAY_SECRET", "another one")
            get_settings.cache_clear()
            assert await refunds.execute(refund_id) is False
        get_settings.cache_clear()
        assert await refunds.execute(refund_id) is True

    async def test_a_refund_whose_record_was_lost_is_made_once(self, pay: Make, paying_gateway: RunningGateway) -> None:
        """The process dies between the gateway and the record: the next one finds the refund made."""
        payment = await pay()
        refund_id = await refund_part(payment.payment_id, 200)
        body = {"refund_id": str(refund_id), "amount_minor": 200}
        path = f"/v1/charges/{payment.payment_id}/refunds"
        assert paying_gateway.call("POST", path, json=body).json()["status"] == "succeeded"
        await refunds.execute_queued(str(refund_id))
        assert (await intents.get(payment.payment_id)).refunded_minor == 200
        charge = paying_gateway.call("GET", f"/v1/charges/{payment.payment_id}").json()
        assert (charge["refunded_minor"], len(charge["refunds"])) == (200, 1)

    async def test_a_refund_that_fails_makes_the_money_free_again(self, pay: Make, session: AsyncSession) -> None:
        payment = await pay(token="tok_refund_fails")
        refund_id = await refund_part(payment.payment_id, 200)
        assert await refunds.execute(refund_id) is False
        (made,) = await refunds.of_payment(payment.payment_id)
        assert (made.status, made.failure) == (RefundStatus.FAILED, "refused")
        assert await payments.refundable(session, payment.payment_id) == 500
        assert await books() == {"gateway": 500, "sales": -500}
        assert (await told(session))[-1] == "refund_failed"

    async def test_a_refund_made_at_the_gateways_own_desk_is_taken_over(
        self, pay: Make, paying_gateway: RunningGateway
    ) -> None:
        payment = await pay()
        body = {"refund_id": str(uuid4()), "amount_minor": 200}
        paying_gateway.call("POST", f"/v1/charges/{payment.payment_id}/refunds", json=body)
        for _ in range(2):
            await intents.refresh(payment.payment_id)
        assert await books() == {"gateway": 300, "sales": -500, "refunds": 200}

    async def test_the_sale_undone_is_a_reversal_that_points_at_its_capture(
        self, pay: Make, session: AsyncSession
    ) -> None:
        payment = await pay()
        for _ in range(2):
            await payments.begin_refund(session, payment.payment_id)
        await session.commit()
        assert await payments.refund(payment.payment_id) is True
        assert await books() == {}
        query = "SELECT r.kind, o.kind FROM payments.ledger_transactions r JOIN payments.ledger_transactions o"
        found = await session.execute(text(query + " ON o.transaction_id = r.reverses"))
        assert [tuple(row) for row in found] == [("reversal", "capture")]

    async def test_money_taken_after_the_end_goes_back(
        self, make: Make, session: AsyncSession, paying_gateway: RunningGateway
    ) -> None:
        """A payment that was given up here is captured there all the same: nothing of it is kept."""
        payment = await make()
        await payments.confirm(payment, "tok_ok")
        await payments.record(session, payment.payment_id, ChargeResult(ChargeState.VOIDED))
        await session.commit()
        await intents.refresh(payment.payment_id)
        assert await books() == {"gateway": 500, "sales": -500}
        assert await payments.sweep_refunds() == 1
        assert await books() == {}
        assert await status_of(payment.payment_id) is PaymentStatus.CANCELLED
        charge = paying_gateway.call("GET", f"/v1/charges/{payment.payment_id}").json()
        assert charge["status"] == "refunded"


async def test_two_parts_at_once_never_exceed_the_capture(committed: Database, pay: Make) -> None:
    """Twenty ask for 300 of 1,000 at once: three get it, and the queue executes each once."""
    payment = await pay(1000)
    asked = await asyncio.gather(*(refund_part(payment.payment_id, 300) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(each, RefundTooLarge) for each in asked) == 17
    promised = [each for each in asked if not isinstance(each, BaseException)]
    assert len(promised) == 3
    await run_queued(get_settings(), TASKS, wait=False)
    await asyncio.gather(*(refunds.execute(each) for each in promised * 3), payments.sweep_refunds())
    assert (await intents.get(payment.payment_id)).refunded_minor == 900
    assert await books() == {"gateway": 100, "sales": -1000, "refunds": 900}


async def test_a_whole_and_a_part_at_once(committed: Database, pay: Make) -> None:
    payment = await pay(1000)

    async def whole() -> None:
        async with transaction() as session:
            await payments.begin_refund(session, payment.payment_id)
        await payments.refund(payment.payment_id)

    async def part() -> None:
        await refunds.execute(await refund_part(payment.payment_id, 400))

    await asyncio.gather(whole(), part(), return_exceptions=True)
    await payments.sweep_refunds()
    assert (await intents.get(payment.payment_id)).refunded_minor == 1000
    assert (await books()).get("gateway", 0) == 0


@pytest.mark.parametrize("method", ["card", "cash_on_delivery"])
async def test_a_sale_undone_lets_held_money_go(committed: Database, make: Make, method: str) -> None:
    payment = await make(500, method, capture="manual")
    result = await payments.confirm(payment, "tok_ok")
    async with transaction() as session:
        assert await payments.record(session, payment.payment_id, result) is PaymentStatus.REQUIRES_CAPTURE
        await payments.begin_refund(session, payment.payment_id)
    await run_queued(get_settings(), TASKS, wait=False)
    assert await status_of(payment.payment_id) is PaymentStatus.CANCELLED
    assert await books() == {}
