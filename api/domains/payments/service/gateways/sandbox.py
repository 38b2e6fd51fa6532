"""The sandbox gateway over HTTP."""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import aiohttp
import orjson
import structlog

from api.core.client import get_client
from api.core.settings import get_settings
from api.core.trace import traceparent
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
from api.domains.payments.errors import GatewayAway, SignatureRefused
from api.domains.payments.service.gateways import TOLERANCE_SECONDS, ReportLine, Webhook, return_url

log = structlog.get_logger(__name__)
SILENCE = ChargeResult(ChargeState.UNKNOWN)
LOST = (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError)
ON_ITS_PAGE = "tok_action"  # every card of the sandbox is one of its tokens; this one leads to its page
# Its words and ours; the other states are said by us about silence.
STATES = {
    "captured": ChargeState.CAPTURED,
    "authorized": ChargeState.AUTHORIZED,
    "requires_action": ChargeState.ACTION_REQUIRED,
    "declined": ChargeState.DECLINED,
    "pending": ChargeState.PENDING,
    "voided": ChargeState.VOIDED,
    "refunded": ChargeState.REFUNDED,
}


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, read to its end."""

    status: int
    document: Any


async def _call(method: str, path: str, body: Mapping[str, Any] | None = None) -> Said:
    """One call. Raises aiohttp.ClientConnectorError when it never left, and other ClientErrors and TimeoutError."""
    settings = get_settings()
    headers = {
        "Authorization": f"Bearer {settings.gateway_secret.get_secret_value()}",
        "Content-Type": "application/json",
        "traceparent": traceparent(),
    }
    content = orjson.dumps(body) if body else None
    timeout = aiohttp.ClientTimeout(total=settings.gateway_timeout)
    url = settings.gateway_url.rstrip("/") + path
    async with get_client().request(method, url, data=content, headers=headers, timeout=timeout) as answer:
        read = await answer.read()
        return Said(answer.status, orjson.loads(read) if answer.content_type == "application/json" else None)


class SandboxGateway:
    """The adapter of the port."""

    name = "sandbox"

    async def charge(self, payment: PaymentView, token: str) -> ChargeResult:
        """POST /v1/charges, once per payment and attempt."""
        body = {
            "payment_id": str(payment.payment_id),
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "token": ON_ITS_PAGE if token == HOSTED else token,
            "capture": payment.capture is CaptureMethod.AUTOMATIC,
            "attempt": payment.attempt,
            "return_url": return_url(payment.payment_id),
        }
        try:
            answer = await _call("POST", "/v1/charges", body)
        except aiohttp.ClientConnectorError:
            return ChargeResult(ChargeState.UNREACHED)
        except LOST as error:
            log.warning("gateway_answer_lost", payment_id=str(payment.payment_id), error=type(error).__name__)
            return await self.ask(payment)
        if answer.status == 422:
            return ChargeResult(ChargeState.DECLINED, reason="invalid_token", attempt=payment.attempt)
        if answer.status == 200:
            return _read(answer.document)
        log.error("gateway_refused_call", payment_id=str(payment.payment_id), status=answer.status)
        return await self.ask(payment)

    async def ask(self, payment: PaymentView) -> ChargeResult:
        """GET /v1/charges/{id}."""
        try:
            answer = await _call("GET", f"/v1/charges/{payment.payment_id}")
        except LOST:
            return SILENCE
        if answer.status == 404:
            return ChargeResult(ChargeState.MISSING)
        return _read(answer.document) if answer.status == 200 else SILENCE

    async def void(self, payment: PaymentView) -> ChargeResult:
        """POST /v1/charges/{id}/void."""
        return await _told(f"/v1/charges/{payment.payment_id}/void")

    async def capture(self, payment: PaymentView, amount_minor: int) -> ChargeResult:
        """POST /v1/charges/{id}/capture."""
        return await _told(f"/v1/charges/{payment.payment_id}/capture", amount_minor=amount_minor)

    async def refund(self, payment: PaymentView, refund_id: UUID, amount_minor: int) -> SeenRefund | None:
        """POST /v1/charges/{id}/refunds."""
        answer = await _post(
            f"/v1/charges/{payment.payment_id}/refunds", refund_id=str(refund_id), amount_minor=amount_minor
        )
        if answer is not None and answer.status == 409:
            return SeenRefund(refund_id, amount_minor, RefundStatus.FAILED, "refused")
        # Anything else, a wrong secret for one, is no refusal of this refund.
        return _refund(answer.document) if answer is not None and answer.status == 200 else None

    async def send_evidence(self, gateway_dispute_id: str, evidence: str) -> bool:
        """POST /v1/disputes/{id}/evidence."""
        answer = await _post(f"/v1/disputes/{gateway_dispute_id}/evidence", evidence=evidence)
        return answer is not None and answer.status == 200

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> Webhook:
        """Header `Agora-Signature`: `t=<unix time>,v1=<HMAC-SHA256 of "<t>.<body>">`."""
        parts = dict(part.partition("=")[::2] for part in headers.get("agora-signature", "").split(","))
        at = parts.get("t", "")
        secret = get_settings().gateway_secret.get_secret_value()
        key = hmac.digest(secret.encode(), b"webhooks", "sha256")
        expected = hmac.digest(key, at.encode() + b"." + body, "sha256").hex()
        if not hmac.compare_digest(expected.encode(), parts.get("v1", "").encode()):
            raise SignatureRefused
        if not at.isdecimal() or abs(time.time() - int(at)) > TOLERANCE_SECONDS:
            raise SignatureRefused("It is too old.")
        event = orjson.loads(body)
        return Webhook(event["event_id"], event["type"], event["payment_id"])

    async def report(self, day: date) -> list[ReportLine]:
        """GET /v1/report."""
        try:
            answer = await _call("GET", f"/v1/report?day={day.isoformat()}")
        except LOST as error:
            raise GatewayAway from error
        if answer.status != 200:
            raise GatewayAway
        return [
            ReportLine(
                key=row["reference"],
                kind=row["kind"],
                payment=row["payment_id"],
                amount_minor=row["amount_minor"],
                currency=row["currency"],
                moved_at=datetime.fromtimestamp(row["moved_at"], UTC),
            )
            for row in answer.document["movements"]
        ]


ADAPTER = SandboxGateway()


async def _post(path: str, **body: Any) -> Said | None:
    try:
        return await _call("POST", path, body)
    except LOST:
        return None


async def _told(path: str, **body: Any) -> ChargeResult:
    answer = await _post(path, **body)
    return _read(answer.document) if answer is not None and answer.status == 200 else SILENCE


def _read(document: dict[str, Any]) -> ChargeResult:
    state = STATES.get(document.get("status", ""))
    if state is None:
        return SILENCE
    return ChargeResult(
        state=state,
        charge_id=document.get("charge_id"),
        reason=document.get("reason"),
        next_action_url=document.get("next_action_url"),
        captured_minor=document.get("captured_minor"),
        attempt=document.get("attempt"),
        refunds=tuple(_refund(row) for row in document.get("refunds", ())),
        disputes=tuple(_dispute(row) for row in document.get("disputes", ())),
    )


def _refund(row: dict[str, Any]) -> SeenRefund:
    is_failed = row["status"] == "failed"
    status = RefundStatus.FAILED if is_failed else RefundStatus.SUCCEEDED
    return SeenRefund(UUID(row["refund_id"]), row["amount_minor"], status, "refused" if is_failed else None)


def _dispute(row: dict[str, Any]) -> SeenDispute:
    return SeenDispute(
        gateway_dispute_id=row["dispute_id"],
        amount_minor=row["amount_minor"],
        fee_minor=row["fee_minor"],
        reason=row["reason"],
        status=DisputeStatus(row["status"]),
        evidence_due_at=datetime.fromtimestamp(row["evidence_due_at"], UTC),
    )
