"""Webhooks out: who wants which events, and bringing them there, signed, again and again, within reason.

The name is resolved here and the connection goes to the address that was checked, so that a name which changes its
mind between check and call leads nowhere else. Redirects are not followed.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import outbound
from api.core.audit import record_act
from api.core.db import reading, transaction
from api.core.errors import Invalid
from api.core.inbox import ReceivedEvent
from api.core.jobs import enqueue
from api.core.keys import derived_secret
from api.core.settings import get_settings
from api.domains.ordering.contracts import DeliveryView, EndpointView
from api.domains.ordering.domain.webhook import (
    EVENT_TYPES,
    FAILURES_TO_OPEN,
    OPEN_FOR,
    new_secret,
    secret_from,
    sign,
    wait_after,
)
from api.domains.ordering.errors import DeliveryNotFound, EndpointNotFound, TooManyEndpoints
from api.domains.ordering.repository import webhooks
from ingestion.contracts import new_event_id

log = structlog.get_logger(__name__)
DELIVER = "ordering.deliver_webhook"
TOLD = EVENT_TYPES
SHOWN = 100
MOST_OWN = 10
TIMEOUT = 10.0


def first_secret(endpoint_id: UUID) -> str:
    """With which an endpoint's messages are signed until it gets another."""
    return secret_from(derived_secret("agora webhook secrets", endpoint_id))


async def register(
    actor_id: UUID,
    url: str,
    event_types: Sequence[str],
    *,
    is_house: bool = True,
    endpoint_id: UUID | None = None,
) -> tuple[EndpointView, str]:
    """A new endpoint and its first secret; one that is not the house's hears of its owner's orders alone.

    The same `endpoint_id` again makes nothing. Raises Invalid for an address that may not be called, and
    TooManyEndpoints.
    """
    await _resolve(url)
    endpoint_id = endpoint_id or new_event_id()
    secret = first_secret(endpoint_id)
    values = {
        "endpoint_id": endpoint_id,
        "owner_id": actor_id,
        "url": url,
        "secret": secret,
        "event_types": sorted(set(event_types)),
        "is_house": is_house,
    }
    async with transaction() as session:
        if known := await webhooks.endpoint(session, endpoint_id, None if is_house else actor_id):
            return known, secret
        if not is_house and len(await webhooks.endpoints(session, actor_id, MOST_OWN)) >= MOST_OWN:
            raise TooManyEndpoints
        made = await webhooks.insert_endpoint(session, values)
        await record_act(session, actor_id, "webhooks.register", f"endpoint:{made.endpoint_id}", url=url)
    return made, secret


async def list_endpoints(owner_id: UUID | None = None) -> list[EndpointView]:
    """An owner's endpoints, or all, newest first."""
    async with reading() as connection:
        return await webhooks.endpoints(connection, owner_id, SHOWN)


async def get_endpoint(endpoint_id: UUID, owner_id: UUID | None = None) -> EndpointView:
    """One of them. Raises EndpointNotFound, also for somebody else's."""
    async with reading() as connection:
        found = await webhooks.endpoint(connection, endpoint_id, owner_id)
    if found is None:
        raise EndpointNotFound
    return found


async def remove(actor_id: UUID, endpoint_id: UUID, owner_id: UUID | None = None) -> None:
    """Forget an endpoint. Raises EndpointNotFound."""
    async with transaction() as session:
        if not await webhooks.delete_endpoint(session, endpoint_id, owner_id):
            raise EndpointNotFound
        await record_act(session, actor_id, "webhooks.remove", f"endpoint:{endpoint_id}")


async def switch(actor_id: UUID, endpoint_id: UUID, is_active: bool, owner_id: UUID | None = None) -> None:
    """Pause, or go on with what waited meanwhile; the breaker closes. Raises EndpointNotFound."""
    async with transaction() as session:
        if not await webhooks.set_active(session, endpoint_id, owner_id, is_active):
            raise EndpointNotFound
        for delivery_id in await webhooks.pending(session, endpoint_id) if is_active else ():
            await enqueue(session, DELIVER, delivery_id=str(delivery_id))
        action = "webhooks.resume" if is_active else "webhooks.pause"
        await record_act(session, actor_id, action, f"endpoint:{endpoint_id}")


async def renew_secret(actor_id: UUID, endpoint_id: UUID, owner_id: UUID | None = None) -> str:
    """Another secret, told this once; the old one signs nothing any more. Raises EndpointNotFound."""
    secret = new_secret()
    async with transaction() as session:
        if not await webhooks.set_secret(session, endpoint_id, owner_id, secret):
            raise EndpointNotFound
        await record_act(session, actor_id, "webhooks.renew_secret", f"endpoint:{endpoint_id}")
    return secret


async def list_deliveries(endpoint_id: UUID, owner_id: UUID | None = None) -> list[DeliveryView]:
    """The log of an endpoint, newest first. Raises EndpointNotFound."""
    await get_endpoint(endpoint_id, owner_id)
    async with reading() as connection:
        return await webhooks.deliveries(connection, endpoint_id, owner_id, SHOWN)


async def replay(actor_id: UUID, delivery_id: UUID, owner_id: UUID | None = None) -> DeliveryView:
    """Bring a delivery once more, from the first attempt on. Raises DeliveryNotFound."""
    async with transaction() as session:
        if not await webhooks.replay(session, delivery_id, owner_id):
            raise DeliveryNotFound
        await enqueue(session, DELIVER, delivery_id=str(delivery_id))
        await record_act(session, actor_id, "webhooks.replay", f"delivery:{delivery_id}")
        found = await webhooks.find(session, delivery_id)
    if found is None:
        raise DeliveryNotFound
    return found


async def fan_out(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """A delivery of each event to each endpoint that wants it, and may hear of that order."""
    for event in events:
        order_id: UUID = getattr(event.data, "order_id")  # noqa: B009 -- all of TOLD are about an order
        document = {
            "type": event.data.type,
            "timestamp": event.occurred_at.isoformat(),
            "data": event.data.model_dump(mode="json"),
        }
        body = orjson.dumps(document).decode()
        for delivery_id in await webhooks.fan_out(session, event.event_id, event.data.type, order_id, body):
            await enqueue(session, DELIVER, delivery_id=str(delivery_id))


async def deliver(delivery_id: str) -> None:
    """One attempt. One that fails is queued again after a wait; while the breaker is open nothing is sent."""
    async with reading() as connection:
        work = await webhooks.work(connection, UUID(delivery_id))
    if work is None or work.status != "pending" or not work.is_active:
        return
    if work.closed_for:
        async with transaction() as session:
            await _again(session, work.delivery_id, work.closed_for)
        return
    began = time.monotonic()
    status, problem = await _send(work)
    is_delivered = status is not None and 200 <= status < 300
    wait = None if is_delivered else wait_after(work.attempts + 1)
    values = {
        "delivery_id": work.delivery_id,
        "endpoint_id": work.endpoint_id,
        "response_status": status,
        "error": problem,
        "milliseconds": round((time.monotonic() - began) * 1000),
        "is_delivered": is_delivered,
        "status": "delivered" if is_delivered else "pending" if wait else "failed",
        "most": FAILURES_TO_OPEN,
        "pause": OPEN_FOR,
    }
    async with transaction() as session:
        await webhooks.note_attempt(session, values)
        if wait:
            await _again(session, work.delivery_id, wait)


async def _again(session: AsyncSession, delivery_id: UUID, wait: timedelta) -> None:
    await enqueue(session, DELIVER, run_at=datetime.now(UTC) + wait, delivery_id=str(delivery_id))


async def _send(work: webhooks.Work) -> tuple[int | None, str | None]:
    body = work.body.encode()
    timestamp = int(time.time())
    message_id = f"msg_{work.event_id}"
    try:
        address = await _resolve(work.url)
        target, headers, extensions = outbound.pinned(work.url, address)
        headers |= {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(work.secret, message_id, timestamp, body),
        }
        async with (
            httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", target, content=body, headers=headers, extensions=extensions) as answer,
        ):
            return answer.status_code, None
    except Invalid:
        return None, "the address may not be called"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return None, type(error).__name__


async def _resolve(url: str) -> str:
    """An address behind the URL that may be called. Raises Invalid."""
    try:
        return await outbound.resolve(url, is_loopback_allowed=get_settings().webhook_loopback)
    except ValueError as error:
        raise Invalid("url", str(error)) from error
    except OSError as error:
        raise Invalid("url", "does not resolve") from error
