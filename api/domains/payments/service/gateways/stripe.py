"""Stripe, through its own library: payment intents, refunds, disputes, webhooks, balance transactions."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import stripe
import structlog
from stripe import StripeClient

from api.core.settings import get_settings
from api.domains.payments.contracts import (
    HOSTED,
    CaptureMethod,
    ChargeResult,
    ChargeState,
    DisputeStatus,
    PaymentView,
    RefundStatus,
    SeenDispute,
    SeenRefund,
)
from api.domains.payments.errors import GatewayAway, GatewayUnknown, SignatureRefused
from api.domains.payments.service.gateways import (
    TOLERANCE_SECONDS,
    ReportLine,
    Webhook,
    return_url,
    stripe_checkout,
)

log = structlog.get_logger(__name__)
SILENCE = ChargeResult(ChargeState.UNKNOWN)
STATES = {
    "requires_confirmation": ChargeState.MISSING,
    "requires_action": ChargeState.ACTION_REQUIRED,
    "processing": ChargeState.PENDING,
    "requires_capture": ChargeState.AUTHORIZED,
    "succeeded": ChargeState.CAPTURED,
    "canceled": ChargeState.VOIDED,
}
REFUNDS = {"succeeded": RefundStatus.SUCCEEDED, "failed": RefundStatus.FAILED, "canceled": RefundStatus.FAILED}
DISPUTES = {
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "warning_under_review": DisputeStatus.UNDER_REVIEW,
    "warning_closed": DisputeStatus.WON,
}
DEADLINE = timedelta(days=7)  # where Stripe names none
EXPAND = ["latest_charge"]


def _client() -> StripeClient:
    settings = get_settings()
    if settings.stripe_api_key is None:
        raise GatewayUnknown
    return _client_of(settings.stripe_api_key.get_secret_value(), settings.stripe_url, settings.gateway_timeout)


@lru_cache(maxsize=1)
def _client_of(api_key: str, address: str | None, timeout: float) -> StripeClient:
    """One client, so that its connections are used again."""
    return StripeClient(
        api_key,
        base_addresses={"api": address} if address else {},
        max_network_retries=0,  # our own keys make every call repeatable, and the sweeps repeat it
        http_client=stripe.HTTPXClient(timeout=timeout),
    )


class StripeGateway:
    """The adapter of the port. A payment's `charge_id` is the id of its payment intent at Stripe."""

    name = "stripe"

    async def charge(self, payment: PaymentView, token: str) -> ChargeResult:
        """Create the intent without charging, then confirm it: only the second call can take money.

        Without a token of a card, `hosted`, the person is sent to a page of Stripe's.
        """
        client = _client()
        try:
            if token == HOSTED:
                return await stripe_checkout.open_session(client, payment)
            known = None if stripe_checkout.is_session(payment.charge_id) else payment.charge_id
            charge_id = known or (await _made(client, payment)).id
        except stripe.StripeError as error:
            log.warning("gateway_refused_call", payment_id=str(payment.payment_id), error=type(error).__name__)
            return ChargeResult(ChargeState.UNREACHED)
        try:
            intent = await client.v1.payment_intents.confirm_async(
                charge_id,
                {"payment_method": token, "return_url": return_url(payment.payment_id), "expand": EXPAND},
                {"idempotency_key": f"agora-{payment.payment_id}-{payment.attempt}"},
            )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            stands = await _asked(client, charge_id, payment.attempt)
            if stands.state in (ChargeState.MISSING, ChargeState.DECLINED):
                reason = _code(error)
                return ChargeResult(ChargeState.DECLINED, charge_id, reason, attempt=payment.attempt)
            return stands
        except stripe.StripeError as error:
            log.warning("gateway_answer_lost", payment_id=str(payment.payment_id), error=type(error).__name__)
            return await _asked(client, charge_id, payment.attempt)
        return await _read(client, intent, payment.attempt)

    async def ask(self, payment: PaymentView) -> ChargeResult:
        """The intent as it stands; where its id was lost, the same idempotency key finds it."""
        client = _client()
        try:
            known = await _known(client, payment)
        except stripe.StripeError:
            return SILENCE
        return known if isinstance(known, ChargeResult) else await _asked(client, known, payment.attempt)

    async def void(self, payment: PaymentView) -> ChargeResult:
        """Cancel what is open, refund what was captured."""
        client = _client()
        try:
            charge_id = await _known(client, payment)
            if isinstance(charge_id, ChargeResult):
                is_open = charge_id.state is ChargeState.ACTION_REQUIRED
                return await stripe_checkout.close(client, charge_id.charge_id or "") if is_open else charge_id
            stands = await _asked(client, charge_id, payment.attempt)
            if stands.state is ChargeState.CAPTURED:
                given = sum(each.amount_minor for each in stands.refunds if each.status is not RefundStatus.FAILED)
                await self._refunded(client, charge_id, payment.payment_id, (stands.captured_minor or 0) - given)
            elif stands.state not in (ChargeState.VOIDED, ChargeState.REFUNDED, ChargeState.UNKNOWN):
                await client.v1.payment_intents.cancel_async(
                    charge_id, options={"idempotency_key": f"agora-{payment.payment_id}-void"}
                )
        except stripe.StripeError:
            return SILENCE
        return await _asked(client, charge_id, payment.attempt)

    async def capture(self, payment: PaymentView, amount_minor: int) -> ChargeResult:
        """Take what is held."""
        client = _client()
        if payment.charge_id is None:
            return await self.ask(payment)
        try:
            intent = await client.v1.payment_intents.capture_async(
                payment.charge_id,
                {"amount_to_capture": amount_minor, "expand": EXPAND},
                {"idempotency_key": f"agora-{payment.payment_id}-capture"},
            )
        except stripe.StripeError:
            return await _asked(client, payment.charge_id, payment.attempt)
        return await _read(client, intent, payment.attempt)

    async def refund(self, payment: PaymentView, refund_id: UUID, amount_minor: int) -> SeenRefund | None:
        """One refund of an intent, known by our id in its metadata."""
        if payment.charge_id is None:
            return None
        try:
            return _refund((await self._refunded(_client(), payment.charge_id, refund_id, amount_minor)).to_dict())
        except stripe.InvalidRequestError as error:
            return SeenRefund(refund_id, amount_minor, RefundStatus.FAILED, _code(error))
        except stripe.StripeError:
            return None

    async def _refunded(self, client: StripeClient, charge_id: str, refund_id: UUID, amount_minor: int) -> Any:
        return await client.v1.refunds.create_async(
            {"payment_intent": charge_id, "amount": amount_minor, "metadata": {"refund_id": str(refund_id)}},
            {"idempotency_key": f"agora-refund-{refund_id}"},
        )

    async def send_evidence(self, gateway_dispute_id: str, evidence: str) -> bool:
        """Answer a dispute for good."""
        try:
            await _client().v1.disputes.update_async(
                gateway_dispute_id, {"evidence": {"uncategorized_text": evidence}, "submit": True}
            )
        except stripe.StripeError:
            return False
        return True

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Webhook:
        """Header `Stripe-Signature`, checked by Stripe's library."""
        secret = get_settings().stripe_webhook_secret
        if secret is None:
            raise GatewayUnknown
        try:
            event = _client().construct_event(
                body, headers.get("stripe-signature"), secret.get_secret_value(), TOLERANCE_SECONDS
            )
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise SignatureRefused from error
        thing = event.to_dict()["data"]["object"]
        metadata = thing.get("metadata") or {}
        reference = metadata.get("payment_id") or thing.get("payment_intent") or thing.get("id")
        return Webhook(event.id, event.type, str(reference))

    async def report(self, day: date) -> list[ReportLine]:
        """The balance transactions of a day."""
        start = datetime.combine(day, time(), UTC)
        end = start + timedelta(days=1)
        try:
            page = await _client().v1.balance_transactions.list_async(
                {
                    "created": {"gte": int(start.timestamp()), "lt": int(end.timestamp())},
                    "limit": 100,
                    "expand": ["data.source"],
                }
            )
            lines = [_line(row.to_dict()) async for row in page.auto_paging_iter()]
        except stripe.StripeError as error:
            raise GatewayAway from error
        return [line for line in lines if line is not None]


ADAPTER = StripeGateway()


async def _known(client: StripeClient, payment: PaymentView) -> str | ChargeResult:
    """The id of a payment's intent; while it is to be paid on Stripe's page, how that stands."""
    if payment.charge_id is None:
        return str((await _made(client, payment)).id)
    if stripe_checkout.is_session(payment.charge_id):
        return await stripe_checkout.look(client, payment.charge_id)
    return payment.charge_id


async def _made(client: StripeClient, payment: PaymentView) -> Any:
    manual = payment.capture is CaptureMethod.MANUAL
    return await client.v1.payment_intents.create_async(
        {
            "amount": payment.amount_minor,
            "currency": payment.currency.lower(),
            "capture_method": "manual" if manual else "automatic",
            "metadata": {"payment_id": str(payment.payment_id), "order_id": str(payment.order_id)},
        },
        {"idempotency_key": f"agora-{payment.payment_id}"},
    )


async def _asked(client: StripeClient, charge_id: str, attempt: int) -> ChargeResult:
    try:
        intent = await client.v1.payment_intents.retrieve_async(charge_id, {"expand": EXPAND})
        return await _read(client, intent, attempt)
    except stripe.StripeError:
        return SILENCE


async def _read(client: StripeClient, answer: Any, attempt: int) -> ChargeResult:
    intent: dict[str, Any] = answer.to_dict()
    charge_id = intent["id"]
    state = STATES.get(intent["status"], ChargeState.UNKNOWN)
    if intent["status"] == "requires_payment_method":
        failed = intent.get("last_payment_error")
        if not failed:
            return ChargeResult(ChargeState.MISSING, charge_id)
        reason = failed.get("decline_code") or failed.get("code") or "declined"
        return ChargeResult(ChargeState.DECLINED, charge_id, reason, attempt=attempt)
    if state is not ChargeState.CAPTURED:
        action = (intent.get("next_action") or {}).get("redirect_to_url") or {}
        return ChargeResult(state, charge_id, next_action_url=action.get("url"), attempt=attempt)
    charge = intent.get("latest_charge") or {}
    taken = intent.get("amount_received") or intent["amount"]
    refunds: tuple[SeenRefund, ...] = ()
    disputes: tuple[SeenDispute, ...] = ()
    if charge.get("amount_refunded") or charge.get("refunded"):
        listed = await client.v1.refunds.list_async({"payment_intent": charge_id, "limit": 100})
        refunds = tuple(_refund(row.to_dict()) for row in listed.data)
    if charge.get("disputed"):
        found = await client.v1.disputes.list_async({"payment_intent": charge_id, "limit": 100})
        disputes = tuple(_dispute(row.to_dict()) for row in found.data)
    given = sum(each.amount_minor for each in refunds if each.status is RefundStatus.SUCCEEDED)
    state = ChargeState.REFUNDED if given >= taken else state
    return ChargeResult(state, charge_id, captured_minor=taken, attempt=attempt, refunds=refunds, disputes=disputes)


def _code(error: stripe.StripeError) -> str:
    body = (error.json_body or {}).get("error", {}) if isinstance(error.json_body, dict) else {}
    return str(body.get("decline_code") or error.code or "declined")


def _refund(row: dict[str, Any]) -> SeenRefund:
    """A refund that was made at Stripe itself has no id of ours: one is derived from its own."""
    named = (row.get("metadata") or {}).get("refund_id")
    status = REFUNDS.get(row.get("status") or "", RefundStatus.PENDING)
    failure = (row.get("failure_reason") or row["status"]) if status is RefundStatus.FAILED else None
    return SeenRefund(UUID(named) if named else _id_of(row["id"]), row["amount"], status, failure)


def _id_of(reference: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"stripe:{reference}")


def _dispute(row: dict[str, Any]) -> SeenDispute:
    due = (row.get("evidence_details") or {}).get("due_by")
    fees = sum(each.get("fee") or 0 for each in row.get("balance_transactions") or ())
    return SeenDispute(
        gateway_dispute_id=row["id"],
        amount_minor=row["amount"],
        fee_minor=fees,
        reason=row["reason"],
        status=DISPUTES.get(row["status"], DisputeStatus.NEEDS_RESPONSE),
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else datetime.now(UTC) + DEADLINE,
    )


def _line(row: dict[str, Any]) -> ReportLine | None:
    """A balance transaction by the name that our ledger gives it; None for what is no payment (a payout, say)."""
    source = row.get("source") or {}
    metadata = source.get("metadata") or {}
    payment = str(metadata.get("payment_id") or source.get("payment_intent") or source.get("id") or "")
    if row["type"] in ("charge", "payment"):
        key = f"capture:{payment}"
    elif row["type"] in ("refund", "payment_refund"):
        key = f"refund:{metadata.get('refund_id') or _id_of(source['id'])}"
    elif row.get("reporting_category") in ("dispute", "dispute_reversal"):
        kind = "dispute" if row["amount"] < 0 else "dispute_won"
        key = f"{kind}:{source.get('id')}"
    else:
        return None
    moved_at = datetime.fromtimestamp(row["created"], UTC)
    return ReportLine(key, key.partition(":")[0], payment, row["amount"], row["currency"].upper(), moved_at)
