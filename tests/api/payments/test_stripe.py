"""The Stripe adapter by its own library against a listener that checks what it is sent."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.core.settings import Settings
from api.domains.payments import facade as payments
from api.domains.payments.contracts import HOSTED, ChargeState, DisputeStatus, PaymentStatus, PaymentView
from api.domains.payments.errors import GatewayAway
from api.domains.payments.service import disputes, intents, reconciliation, refunds, webhooks
from tests.api.payments.conftest import books, refund_part, status_of
from tests.api.payments.stripe_server import KEY, SECRET, StripeServer, fields, shape, stripe_in_use
from tests.postbox import Letter, Postbox, open_postbox

VISA = "pm_card_visa"
# The library hands its form to httpx in a way that httpx has deprecated.
pytestmark = [pytest.mark.usefixtures("session"), pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")]


@pytest.fixture(scope="module")
def listener() -> Iterator[Postbox]:
    with open_postbox() as box:
        yield box


@pytest.fixture
def stripe(listener: Postbox, migrated_env: dict[str, str]) -> Iterator[StripeServer]:
    """Stripe as the gateway of new payments."""
    with stripe_in_use(listener) as server:
        yield server


async def made(capture: str = "automatic") -> PaymentView:
    async with transaction() as session:
        return await payments.create_intent(session, uuid4(), 500, "USD", "card", capture)


async def paid(token: str = VISA, capture: str = "automatic") -> tuple[PaymentView, ChargeState]:
    payment = await made(capture)
    result = await payments.confirm(payment, token)
    async with transaction() as session:
        await payments.record(session, payment.payment_id, result, is_final=False)
    return await intents.get(payment.payment_id), result.state


def sent(listener: Postbox, ending: str) -> list[Letter]:
    posted = [letter for letter in listener.letters if letter.method == "POST"]
    return [letter for letter in posted if letter.path.endswith(ending)]


async def test_what_stripe_is_sent(stripe: StripeServer, listener: Postbox) -> None:
    payment, state = await paid()
    assert (state, payment.charge_id) == (ChargeState.CAPTURED, "pi_3Mt1")
    (create,) = sent(listener, "/payment_intents")
    assert create.headers["authorization"] == f"Bearer {KEY}"
    assert create.headers["idempotency-key"] == f"agora-{payment.payment_id}"
    assert fields(create) == {
        "amount": "500",
        "currency": "usd",
        "capture_method": "automatic",
        "metadata[payment_id]": str(payment.payment_id),
        "metadata[order_id]": str(payment.order_id),
    }
    (confirm,) = sent(listener, "/confirm")
    assert confirm.headers["idempotency-key"] == f"agora-{payment.payment_id}-1"
    form = fields(confirm)
    assert form["payment_method"] == "pm_card_visa"
    assert form["return_url"].endswith(f"/payments/{payment.payment_id}/return")
    assert await books() == {"gateway": 500, "sales": -500}


async def test_a_decline_and_another_card(stripe: StripeServer, listener: Postbox) -> None:
    stripe.confirms_to = "declined"
    payment, state = await paid("pm_card_chargeDeclined")
    assert (state, payment.reason, payment.status) == (
        ChargeState.DECLINED,
        "insufficient_funds",
        PaymentStatus.DECLINED,
    )
    stripe.confirms_to = "succeeded"
    assert (await payments.confirm(payment, "pm_card_visa")).state is ChargeState.CAPTURED
    keys = [letter.headers["idempotency-key"] for letter in sent(listener, "/confirm")]
    assert keys == [f"agora-{payment.payment_id}-{attempt}" for attempt in (1, 2)]
    assert len(sent(listener, "/payment_intents")) == 1


async def test_a_second_step(stripe: StripeServer) -> None:
    stripe.confirms_to = "requires_action"
    payment, state = await paid()
    assert state is ChargeState.ACTION_REQUIRED
    assert (payment.next_action_url or "").startswith("https://hooks.stripe.com/3d_secure_2/")
    stripe.take(500)
    await intents.refresh(payment.payment_id)
    assert await status_of(payment.payment_id) is PaymentStatus.SUCCEEDED


async def test_a_page_of_stripes_own(stripe: StripeServer, listener: Postbox) -> None:
    """No number of a card comes to us: Stripe makes the intent once the person has paid on its page."""
    payment, state = await paid(HOSTED)
    assert (state, payment.charge_id) == (ChargeState.ACTION_REQUIRED, "cs_test_a1")
    assert payment.next_action_url == "https://checkout.stripe.com/c/pay/cs_test_a1"
    (made,) = sent(listener, "/checkout/sessions")
    form = fields(made)
    assert (form["mode"], form["line_items[0][price_data][currency]"]) == ("payment", "usd")
    assert form["payment_intent_data[metadata][payment_id]"] == form["metadata[payment_id]"] == str(payment.payment_id)
    assert form["success_url"].endswith(f"/payments/{payment.payment_id}/return")
    assert made.headers["idempotency-key"] == f"agora-{payment.payment_id}-1-session"
    await intents.refresh(payment.payment_id)
    assert await status_of(payment.payment_id) is PaymentStatus.REQUIRES_ACTION
    stripe.pay_on_the_page()
    await intents.refresh(payment.payment_id)
    known = await intents.get(payment.payment_id)
    assert (known.status, known.charge_id) == (PaymentStatus.SUCCEEDED, "pi_3Mt1")
    assert await books() == {"gateway": 500, "sales": -500}


async def test_a_page_that_nobody_paid_on_is_closed(stripe: StripeServer, listener: Postbox) -> None:
    payment, _ = await paid(HOSTED)
    for _ in range(2):
        result = await payments.void(payment.payment_id)
        assert result.state is ChargeState.VOIDED
    async with transaction() as session:
        await payments.record(session, payment.payment_id, result)
    assert await status_of(payment.payment_id) is PaymentStatus.CANCELLED
    assert len(sent(listener, "/expire")) == 1


async def test_a_page_that_is_paid_on_while_it_is_closed(stripe: StripeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    payment, _ = await paid(HOSTED)
    answered = stripe.sessions

    def pay_first(path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if path.endswith("/expire"):
            stripe.pay_on_the_page()
        return answered(path, form)

    monkeypatch.setattr(stripe, "sessions", pay_first)
    assert (await payments.void(payment.payment_id)).state is ChargeState.UNKNOWN
    assert (await payments.void(payment.payment_id)).state is ChargeState.REFUNDED  # and the money went back


async def test_a_page_that_could_not_be_opened_charges_nothing(stripe: StripeServer) -> None:
    payment = await made()
    stripe.fails_with = 500
    assert (await payments.confirm(payment, HOSTED)).state is ChargeState.UNREACHED


async def test_held_and_taken_in_part(stripe: StripeServer, listener: Postbox) -> None:
    payment, state = await paid(capture="manual")
    assert state is ChargeState.AUTHORIZED
    taken = await payments.capture(payment.payment_id, 300)
    assert taken.captured_minor == 300
    (capture,) = sent(listener, "/capture")
    assert fields(capture)["amount_to_capture"] == "300"
    assert capture.headers["idempotency-key"] == f"agora-{payment.payment_id}-capture"


async def test_held_and_let_go(stripe: StripeServer) -> None:
    payment, _ = await paid(capture="manual")
    assert (await payments.void(payment.payment_id)).state is ChargeState.VOIDED


async def test_parts_go_back_once(stripe: StripeServer, listener: Postbox) -> None:
    payment, _ = await paid()
    refund_id = await refund_part(payment.payment_id, 200)
    assert [await refunds.execute(refund_id) for _ in range(2)] == [True, True]
    (refund,) = sent(listener, "/refunds")
    assert refund.headers["idempotency-key"] == f"agora-refund-{refund_id}"
    assert fields(refund) == {
        "payment_intent": "pi_3Mt1",
        "amount": "200",
        "metadata[refund_id]": str(refund_id),
    }
    await intents.refresh(payment.payment_id)
    assert (await payments.void(payment.payment_id)).state is ChargeState.REFUNDED
    await intents.refresh(payment.payment_id)
    assert await status_of(payment.payment_id) is PaymentStatus.REFUNDED
    assert await books() == {"sales": -500, "refunds": 500}


async def test_silence_is_not_an_answer(stripe: StripeServer) -> None:
    payment = await made()
    stripe.fails_with = 500
    assert (await payments.ask(payment.payment_id)).state is ChargeState.UNKNOWN
    assert (await payments.void(payment.payment_id)).state is ChargeState.UNKNOWN
    assert (await payments.confirm(payment, "pm_card_visa")).state is ChargeState.UNREACHED  # not yet confirmed there
    stripe.fails_with = None
    assert (await payments.ask(payment.payment_id)).state is ChargeState.MISSING


async def test_the_answer_to_a_confirmation_is_lost(stripe: StripeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = await made()
    answered = stripe._answered

    def lose(letter: Letter, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        answer = answered(letter, path, form)
        return (500, {"error": {"type": "api_error"}}) if path.endswith("/confirm") else answer

    monkeypatch.setattr(stripe, "_answered", lose)
    assert (await payments.confirm(payment, "pm_card_visa")).state is ChargeState.CAPTURED


async def test_disputes(stripe: StripeServer, listener: Postbox) -> None:
    payment, _ = await paid()
    stripe.intent["latest_charge"]["disputed"] = True
    stripe.disputes.append(shape("dispute", evidence_details={"due_by": int(time.time()) + 86400}))
    await intents.refresh(payment.payment_id)
    (dispute,) = await disputes.latest()
    assert (dispute.status, dispute.gateway_dispute_id) == (DisputeStatus.NEEDS_RESPONSE, "du_1Mt")
    await disputes.send_evidence(uuid4(), dispute.dispute_id, "Signed for.")
    (evidence,) = sent(listener, "/disputes/du_1Mt")
    assert fields(evidence) == {"evidence[uncategorized_text]": "Signed for.", "submit": "true"}
    stripe.disputes[0] |= {"status": "lost"}
    await intents.refresh(payment.payment_id)
    assert await books() == {"gateway": -1500, "sales": -500, "refunds": 500, "fees": 1500}


def signed(event: dict[str, Any], secret: str = SECRET, age: int = 0) -> tuple[bytes, dict[str, str]]:
    body, at = json.dumps(event).encode(), int(time.time()) - age
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"stripe-signature": f"t={at},v1={mac}"}


@pytest.mark.parametrize("by", ["metadata", "intent"])
async def test_webhooks(client: AsyncClient, stripe: StripeServer, by: str) -> None:
    stripe.confirms_to = "requires_action"
    payment, _ = await paid()
    stripe.take(500)
    thing = stripe.intent if by == "metadata" else shape("charge")
    event = shape("event", data={"object": thing})
    body, headers = signed(event)
    answers = [await client.post("/v1/webhooks/stripe", content=body, headers=headers) for _ in range(2)]
    assert [answer.json()["is_new"] for answer in answers] == [True, False]
    await webhooks.follow("stripe", event["id"])
    assert await status_of(payment.payment_id) is PaymentStatus.SUCCEEDED
    for wrong in (signed(event, "whsec_of_others"), signed(event, age=310), (body, {})):
        refused = await client.post("/v1/webhooks/stripe", content=wrong[0], headers=wrong[1])
        assert (refused.status_code, refused.json()["type"]) == (400, "urn:agora:problem:webhook-signature")


async def test_the_report(stripe: StripeServer, listener: Postbox, session: AsyncSession) -> None:
    payment, _ = await paid()
    refund_id = await refund_part(payment.payment_id, 200)
    await refunds.execute(refund_id)
    now = int(time.time())
    stripe.movements += [
        shape("balance_transaction", created=now, source=stripe.intent["latest_charge"]),
        shape("balance_transaction", id="txn_2", type="refund", amount=-200, created=now, source=stripe.refunds[0]),
        shape("balance_transaction", id="txn_9", type="payout", amount=-99, created=now, source={"id": "po_1"}),
    ]
    assert await reconciliation.reconcile(datetime.now(UTC).date()) == []
    asked = next(letter for letter in listener.letters if "balance_transactions" in letter.path)
    assert "created[gte]=" in asked.path.replace("%5B", "[").replace("%5D", "]")
    stripe.movements[1]["amount"] = -201
    (found,) = await reconciliation.reconcile(datetime.now(UTC).date())
    assert (found["what"], found["gateway_minor"], found["ledger_minor"]) == ("amounts differ", -201, -200)
    stripe.fails_with = 500
    with pytest.raises(GatewayAway):
        await reconciliation.reconcile(date(2026, 1, 1))
    kept = await session.execute(text("SELECT gateway FROM payments.reconciliations"))
    assert list(kept.scalars()) == ["stripe"]


def test_stripe_needs_its_keys(migrated_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_PAYMENTS_GATEWAY", "stripe")
    with pytest.raises(ValidationError, match="STRIPE_API_KEY"):
        Settings()  # type: ignore[call-arg]
