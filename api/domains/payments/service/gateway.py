"""The gateway as a port: three calls, each of which may be repeated with the same payment id."""

import ssl
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
import structlog

from api.core.settings import Settings, get_settings
from api.core.trace import traceparent
from api.domains.payments.contracts import ChargeResult, ChargeState, PaymentView

log = structlog.get_logger(__name__)
NAME = "sandbox"
# Said by the gateway itself; the other states are ours.
SPOKEN = frozenset({"captured", "declined", "pending", "voided", "refunded"})


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _client(settings: Settings) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=settings.gateway_url,
        timeout=settings.gateway_timeout,
        verify=_tls(),
        trust_env=False,
        headers={
            "Authorization": f"Bearer {settings.gateway_secret.get_secret_value()}",
            "traceparent": traceparent(),
        },
    )


async def charge(payment: PaymentView, token: str) -> ChargeResult:
    """Take the money. Where the answer is lost the gateway is asked what became of it."""
    body = {
        "payment_id": str(payment.payment_id),
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "token": token,
    }
    async with _client(get_settings()) as client:
        try:
            answer = await client.post("/v1/charges", json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return ChargeResult(ChargeState.UNREACHED)
        except httpx.TransportError as error:
            log.warning("gateway_answer_lost", payment_id=str(payment.payment_id), error=type(error).__name__)
            return await _ask(client, payment.payment_id)
        if answer.status_code == 422:
            return ChargeResult(ChargeState.DECLINED, reason="invalid_token")
        if answer.status_code == 200:
            return _read(answer.json())
        log.error("gateway_refused_call", payment_id=str(payment.payment_id), status=answer.status_code)
        return await _ask(client, payment.payment_id)


async def ask(payment_id: UUID) -> ChargeResult:
    """What became of a charge."""
    async with _client(get_settings()) as client:
        return await _ask(client, payment_id)


async def void(payment_id: UUID) -> ChargeResult:
    """Give the money back, and see to it that none is taken later. UNKNOWN when the gateway does not answer."""
    async with _client(get_settings()) as client:
        try:
            answer = await client.post(f"/v1/charges/{payment_id}/void")
        except httpx.TransportError:
            return ChargeResult(ChargeState.UNKNOWN)
    return _read(answer.json()) if answer.status_code == 200 else ChargeResult(ChargeState.UNKNOWN)


async def _ask(client: httpx.AsyncClient, payment_id: UUID) -> ChargeResult:
    try:
        answer = await client.get(f"/v1/charges/{payment_id}")
    except httpx.TransportError:
        return ChargeResult(ChargeState.UNKNOWN)
    if answer.status_code == 404:
        return ChargeResult(ChargeState.MISSING)
    return _read(answer.json()) if answer.status_code == 200 else ChargeResult(ChargeState.UNKNOWN)


def _read(document: dict[str, Any]) -> ChargeResult:
    state = document.get("status")
    if state not in SPOKEN:
        return ChargeResult(ChargeState.UNKNOWN)
    return ChargeResult(ChargeState(state), document.get("charge_id"), document.get("reason"))
