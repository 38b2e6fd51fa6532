"""Webhooks in: kept once, answered at once, followed from the queue. They tell that something happened, not what."""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from api.core.db import reading, transaction
from api.core.jobs import enqueue
from api.domains.payments.contracts import ChargeState
from api.domains.payments.repository import incoming, intents
from api.domains.payments.service.gateways import gateway_of
from api.domains.payments.service.intents import refresh

log = structlog.get_logger(__name__)
FOLLOW = "payments.follow_webhook"
PATIENCE = timedelta(days=3)  # how long a payment may stay unknown: longer than any restore of ours takes
AGE = timedelta(seconds=30)
AT_ONCE = 100


async def receive(gateway: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Keep a webhook and queue what follows from it; False when it came before.

    Raises GatewayUnknown and SignatureRefused.
    """
    event = gateway_of(gateway).read_webhook(body, headers)
    async with transaction() as session:
        is_new = await incoming.insert(session, gateway, event.event_id, event.type, event.reference)
        if is_new:
            await enqueue(session, FOLLOW, gateway=gateway, event_id=event.event_id)
    return is_new


async def follow(gateway: str, event_id: str) -> None:
    """The task: fetch the payment's state from its gateway. An unknown payment is kept, and tried again."""
    async with reading() as connection:
        event = await incoming.get(connection, gateway, event_id)
        if event is None or event.status in ("done", "given_up"):
            return
        payment_id = await intents.by_reference(connection, gateway, event.reference)
    status = "unknown"
    if payment_id is not None:
        result = await refresh(payment_id)
        status = "waiting" if result.state is ChargeState.UNKNOWN else "done"
    async with transaction() as session:
        await incoming.mark(session, gateway, event_id, status, PATIENCE)


async def sweep_webhooks(age: timedelta = AGE) -> int:
    """Follow again what was not followed to its end; returns how many were tried."""
    async with reading() as connection:
        waiting = await incoming.open_events(connection, age, AT_ONCE)
    for gateway, event_id in waiting:
        try:
            await follow(gateway, event_id)
        except Exception as error:  # one that cannot be followed does not stop the others
            log.exception("webhook_not_followed", gateway=gateway, event_id=event_id, error=type(error).__name__)
    return len(waiting)
