"""Every way to pay, against the real gateway: good path, refusals, another try, two at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.domains.payments import facade as payments
from api.domains.payments.contracts import ChargeResult, ChargeState, IntentStatus, PaymentStatus, PaymentView
from api.domains.payments.errors import IllegalTransition
from api.domains.payments.service import desk, intents
from tests.api.payments.conftest import Make, books, gift_card, refund_part, status_of, told
from tests.gateway_process import RunningGateway


async def confirm(payment: PaymentView, token: str = "", *, is_final: bool = True) -> ChargeResult:
    result = await payments.confirm(payment, token)
    async with transaction() as session:
        await payments.record(session, payment.payment_id, result, is_final=is_final)
    return result


@pytest.mark.usefixtures("session")
class TestCard:
    async def test_a_second_step_at_the_bank(
        self, make: Make, session: AsyncSession, paying_gateway: RunningGateway
    ) -> None:
        payment = await make()
        result = await confirm(payment, "tok_action")
        assert result.state is ChargeState.ACTION_REQUIRED
        assert await status_of(payment.payment_id) is PaymentStatus.REQUIRES_ACTION
        back = paying_gateway.decide(result.next_action_url, "confirm")
        assert (back.status_code, back.headers["location"].endswith(f"/payments/{payment.payment_id}/return")) == (
            303,
            True,
        )
        await intents.refresh(payment.payment_id)
        assert await status_of(payment.payment_id) is PaymentStatus.SUCCEEDED
        assert await books() == {"gateway": 500, "sales": -500}
        assert await told(session) == ["payment_captured"]

    async def test_a_refused_second_step_leaves_the_choice_of_another_card(
        self, make: Make, session: AsyncSession, paying_gateway: RunningGateway
    ) -> None:
        payment = await make()
        result = await confirm(payment, "tok_action")
        paying_gateway.decide(result.next_action_url, "refuse")
        await intents.refresh(payment.payment_id)
        now = await intents.get(payment.payment_id)
        assert (now.intent_status, now.reason) == (IntentStatus.REQUIRES_PAYMENT_METHOD, "authentication_refused")
        assert (await confirm(now, "tok_insufficient_funds", is_final=False)).reason == "insufficient_funds"
        assert (await confirm(await intents.get(payment.payment_id), "tok_ok")).state is ChargeState.CAPTURED
        assert await told(session) == ["payment_declined", "payment_declined", "payment_captured"]
        assert await books() == {"gateway": 500, "sales": -500}

    async def test_held_money_is_taken_in_part(self, make: Make, session: AsyncSession) -> None:
        payment = await make(500, capture="manual")
        assert (await confirm(payment, "tok_ok")).state is ChargeState.AUTHORIZED
        assert await status_of(payment.payment_id) is PaymentStatus.REQUIRES_CAPTURE
        assert await books() == {}
        taken = await payments.capture(payment.payment_id, 300)
        assert (taken.status, taken.captured_minor) == (PaymentStatus.SUCCEEDED, 300)
        assert await books() == {"gateway": 300, "sales": -300}
        with pytest.raises(IllegalTransition):
            await payments.capture(payment.payment_id, 200)
        assert await told(session) == ["payment_authorized", "payment_captured"]

    async def test_held_money_is_let_go(self, make: Make) -> None:
        payment = await make(500, capture="manual")
        await confirm(payment, "tok_ok")
        result = await payments.void(payment.payment_id)
        async with transaction() as session:
            await payments.record(session, payment.payment_id, result)
        assert await status_of(payment.payment_id) is PaymentStatus.CANCELLED
        assert await books() == {}

    async def test_a_lost_answer_and_a_second_confirmation_charge_once(self, make: Make) -> None:
        payment = await make()
        assert (await payments.confirm(payment, "tok_lost_answer")).state is ChargeState.CAPTURED
        result = await confirm(payment, "tok_declined")  # nothing was recorded of the first: it is asked for
        assert result.state is ChargeState.CAPTURED
        assert await books() == {"gateway": 500, "sales": -500}

    async def test_unreached_it_may_be_tried_again(self, make: Make, paying_gateway: RunningGateway) -> None:
        payment = await make()
        paying_gateway.stop()
        try:
            assert (await confirm(payment, "tok_ok", is_final=False)).state is ChargeState.UNREACHED
        finally:
            paying_gateway.start()
        now = await intents.get(payment.payment_id)
        assert now.intent_status is IntentStatus.REQUIRES_CONFIRMATION
        assert (await confirm(now, "tok_ok")).state is ChargeState.CAPTURED


@pytest.mark.usefixtures("session")
class TestHouse:
    async def test_a_wallet_pays_what_is_in_it(self, make: Make) -> None:
        customer_id = uuid4()
        async with transaction() as session:
            for _ in range(2):
                await payments.credit_wallet(session, customer_id, customer_id, 700, "USD")
        first = await make(500, "wallet", customer_id=customer_id, tax_minor=80)
        assert (await confirm(first)).state is ChargeState.CAPTURED
        assert await payments.wallet(customer_id) == {"USD": 200}
        second = await make(201, "wallet", customer_id=customer_id)
        assert (await confirm(second)).reason == "insufficient_funds"
        assert await status_of(second.payment_id) is PaymentStatus.DECLINED
        await payments.confirm(first, "")
        refund_id = await refund_part(first.payment_id, 100)
        assert await payments.sweep_refunds() == 1
        assert await payments.wallet(customer_id) == {"USD": 300}
        assert (await books())["tax"] == -64
        assert refund_id

    @pytest.mark.parametrize("how", ["unknown", "expired", "small", "foreign"])
    async def test_a_gift_card_that_does_not_do(self, make: Make, session: AsyncSession, how: str) -> None:
        expires_at = datetime.now(UTC) - timedelta(days=1) if how == "expired" else None
        code = await gift_card(
            session, 499 if how == "small" else 500, "EUR" if how == "foreign" else "USD", expires_at
        )
        await session.commit()
        payment = await make(500, "gift_card")
        result = await confirm(payment, "NOCODE" if how == "unknown" else code, is_final=False)
        expected = {"small": "insufficient_funds", "expired": "gift_card_expired"}
        assert result.reason == expected.get(how, "gift_card_unknown")
        assert (await intents.get(payment.payment_id)).intent_status is IntentStatus.REQUIRES_PAYMENT_METHOD

    async def test_cash_is_taken_at_the_door_and_given_back_by_hand(self, make: Make) -> None:
        payment, actor = await make(500, "cash_on_delivery"), uuid4()
        assert (await confirm(payment)).state is ChargeState.AUTHORIZED
        assert await status_of(payment.payment_id) is PaymentStatus.REQUIRES_CAPTURE
        assert (await payments.ask(payment.payment_id)).state is ChargeState.AUTHORIZED
        await desk.take(actor, payment.payment_id, None)
        assert await books() == {"cash": 500, "sales": -500}
        refund_id = await refund_part(payment.payment_id, 200)
        assert await payments.sweep_refunds() == 0
        await desk.mark_paid_out(actor, payment.payment_id, refund_id)
        assert await books() == {"cash": 300, "sales": -500, "refunds": 200}
        with pytest.raises(IllegalTransition):
            await desk.mark_paid_out(actor, payment.payment_id, refund_id)

    async def test_a_transfer_waits_for_the_bank(self, make: Make) -> None:
        payment = await make(500, "bank_transfer")
        assert (await confirm(payment)).state is ChargeState.PENDING
        assert await status_of(payment.payment_id) is PaymentStatus.PROCESSING
        await desk.take(uuid4(), payment.payment_id, None)
        assert await books() == {"bank": 500, "sales": -500}
        with pytest.raises(IllegalTransition):
            await desk.take(uuid4(), payment.payment_id, None)

    @pytest.mark.parametrize("method", ["wallet", "bank_transfer", "cash_on_delivery"])
    async def test_what_was_not_paid_is_cancelled(self, make: Make, method: str) -> None:
        payment = await make(500, method)
        assert (await payments.ask(payment.payment_id)).state is ChargeState.MISSING
        assert (await payments.void(payment.payment_id)).state is ChargeState.VOIDED
        assert await status_of(payment.payment_id) is PaymentStatus.CANCELLED
        assert (await payments.confirm(payment, "")).state is ChargeState.VOIDED

    async def test_a_paid_one_is_undone_as_a_whole(self, make: Make, session: AsyncSession) -> None:
        code = await gift_card(session, 500)
        await session.commit()
        payment = await make(500, "gift_card")
        await confirm(payment, code.lower())
        assert (await payments.gift_card(code)).balance_minor == 0
        assert (await payments.void(payment.payment_id)).state is ChargeState.REFUNDED
        assert (await payments.gift_card(code)).balance_minor == 500
        assert await status_of(payment.payment_id) is PaymentStatus.REFUNDED


@pytest.mark.parametrize("method", ["wallet", "gift_card"])
async def test_many_spend_one_balance_at_once(committed: Database, make: Make, method: str) -> None:
    """Enough for three of twelve: three pay, nine are refused, nothing is left or owed."""
    customer_id = uuid4()
    async with transaction() as session:
        code = await gift_card(session, 1500)
        await payments.credit_wallet(session, customer_id, uuid4(), 1500, "USD")
    made = [await make(500, method, customer_id=customer_id) for _ in range(12)]
    results = await asyncio.gather(*(confirm(payment, code) for payment in made))
    assert sum(result.state is ChargeState.CAPTURED for result in results) == 3
    assert sum(result.reason == "insufficient_funds" for result in results) == 9
    spent = (await payments.wallet(customer_id))["USD"] if method == "wallet" else 0
    left = (await payments.gift_card(code)).balance_minor if method == "gift_card" else spent
    assert left == 0
    assert (await books())["sales"] == -1500


async def test_one_payment_confirmed_many_times_at_once_is_spent_once(committed: Database, make: Make) -> None:
    async with transaction() as session:
        code = await gift_card(session, 5000)
    payment = await make(500, "gift_card")
    await asyncio.gather(*(confirm(payment, code) for _ in range(8)))
    assert (await payments.gift_card(code)).balance_minor == 4500
    assert await status_of(payment.payment_id) is PaymentStatus.SUCCEEDED
