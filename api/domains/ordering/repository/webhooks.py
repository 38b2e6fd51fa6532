"""SQL of webhooks out: endpoints, deliveries, and every attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.ordering.contracts import DeliveryView, EndpointView

Reader = AsyncConnection | AsyncSession

_ENDPOINT = "endpoint_id, owner_id, url, event_types, is_active, failures, closed_until, created_at"
_DELIVERY = """
    d.delivery_id, d.endpoint_id, d.event_id, d.event_type, d.status, d.attempts, d.created_at, d.delivered_at,
    (SELECT jsonb_agg(jsonb_build_object('tried_at', a.tried_at, 'response_status', a.response_status,
        'error', a.error, 'milliseconds', a.milliseconds) ORDER BY a.attempt_id)
     FROM ordering.webhook_attempts a WHERE a.delivery_id = d.delivery_id) AS log
"""
INSERT_ENDPOINT = text(f"""
    INSERT INTO ordering.webhook_endpoints (endpoint_id, owner_id, url, secret, event_types)
    VALUES (:endpoint_id, :owner_id, :url, :secret, :event_types) RETURNING {_ENDPOINT}
""")  # noqa: S608
ENDPOINTS = text(f"""
    SELECT {_ENDPOINT} FROM ordering.webhook_endpoints ORDER BY created_at DESC LIMIT :limit
""")  # noqa: S608
DELETE_ENDPOINT = text("DELETE FROM ordering.webhook_endpoints WHERE endpoint_id = :endpoint_id RETURNING endpoint_id")
# One statement per event: a delivery for every endpoint that wants it, once however often the event comes.
FAN_OUT = text("""
    INSERT INTO ordering.webhook_deliveries (delivery_id, endpoint_id, event_id, event_type, body)
    SELECT gen_random_uuid(), endpoint_id, :event_id, :event_type, :body FROM ordering.webhook_endpoints
    WHERE is_active AND :event_type = ANY(event_types) ON CONFLICT DO NOTHING RETURNING delivery_id
""")
DELIVERIES = text(f"""
    SELECT {_DELIVERY} FROM ordering.webhook_deliveries d WHERE d.endpoint_id = :endpoint_id
    ORDER BY d.created_at DESC LIMIT :limit
""")  # noqa: S608
FIND = text(f"SELECT {_DELIVERY} FROM ordering.webhook_deliveries d WHERE d.delivery_id = :delivery_id")  # noqa: S608
WORK = text("""
    SELECT d.delivery_id, d.event_id, d.body, d.attempts, d.status, e.endpoint_id, e.url, e.secret, e.is_active,
        greatest(e.closed_until - now(), interval '0') AS closed_for
    FROM ordering.webhook_deliveries d JOIN ordering.webhook_endpoints e USING (endpoint_id)
    WHERE d.delivery_id = :delivery_id
""")
NOTE_ATTEMPT = text("""
    WITH noted AS (
        INSERT INTO ordering.webhook_attempts (delivery_id, response_status, error, milliseconds)
        VALUES (:delivery_id, :response_status, :error, :milliseconds)
    ),
    counted AS (
        UPDATE ordering.webhook_endpoints SET
            failures = CASE WHEN :is_delivered THEN 0 ELSE failures + 1 END,
            closed_until = CASE WHEN :is_delivered THEN NULL
                WHEN failures + 1 >= :most THEN now() + CAST(:pause AS interval) ELSE closed_until END
        WHERE endpoint_id = :endpoint_id
    )
    UPDATE ordering.webhook_deliveries SET attempts = attempts + 1,
        status = :status, delivered_at = CASE WHEN :is_delivered THEN now() ELSE delivered_at END
    WHERE delivery_id = :delivery_id
""")
REPLAY = text("""
    UPDATE ordering.webhook_deliveries SET status = 'pending', attempts = 0, replays = replays + 1
    WHERE delivery_id = :delivery_id RETURNING delivery_id
""")


@dataclass(frozen=True, slots=True)
class Work:
    """One delivery to make."""

    delivery_id: UUID
    event_id: UUID
    body: str
    attempts: int
    status: str
    endpoint_id: UUID
    url: str
    secret: str
    is_active: bool
    closed_for: timedelta | None


async def insert_endpoint(session: AsyncSession, values: dict[str, Any]) -> EndpointView:
    """A new endpoint."""
    return _endpoint((await session.execute(INSERT_ENDPOINT, values)).one())


async def endpoints(reader: Reader, limit: int) -> list[EndpointView]:
    """Endpoints, newest first."""
    return [_endpoint(row) for row in await reader.execute(ENDPOINTS, {"limit": limit})]


async def delete_endpoint(session: AsyncSession, endpoint_id: UUID) -> bool:
    """Whether there was such an endpoint; its deliveries go with it."""
    return (await session.execute(DELETE_ENDPOINT, {"endpoint_id": endpoint_id})).scalar_one_or_none() is not None


async def fan_out(session: AsyncSession, event_id: UUID, event_type: str, body: str) -> Sequence[UUID]:
    """Deliveries of one event, one per endpoint that wants it."""
    values = {"event_id": event_id, "event_type": event_type, "body": body}
    return (await session.execute(FAN_OUT, values)).scalars().all()


async def deliveries(reader: Reader, endpoint_id: UUID, limit: int) -> list[DeliveryView]:
    """The log of an endpoint, newest first."""
    rows = await reader.execute(DELIVERIES, {"endpoint_id": endpoint_id, "limit": limit})
    return [_delivery(row) for row in rows]


async def find(reader: Reader, delivery_id: UUID) -> DeliveryView | None:
    """One delivery with its attempts."""
    row = (await reader.execute(FIND, {"delivery_id": delivery_id})).one_or_none()
    return _delivery(row) if row else None


async def work(reader: Reader, delivery_id: UUID) -> Work | None:
    """What is needed to make a delivery."""
    row = (await reader.execute(WORK, {"delivery_id": delivery_id})).one_or_none()
    return Work(**row._mapping) if row else None


async def note_attempt(session: AsyncSession, values: dict[str, Any]) -> None:
    """Log an attempt, count it for the breaker, and write where the delivery stands."""
    await session.execute(NOTE_ATTEMPT, values)


async def replay(session: AsyncSession, delivery_id: UUID) -> bool:
    """Whether there is such a delivery; it is pending again."""
    return (await session.execute(REPLAY, {"delivery_id": delivery_id})).scalar_one_or_none() is not None


def _endpoint(row: Any) -> EndpointView:
    is_closed = row.closed_until is not None and row.closed_until > datetime.now(row.closed_until.tzinfo)
    return EndpointView(
        endpoint_id=row.endpoint_id,
        url=row.url,
        event_types=tuple(row.event_types),
        is_active=row.is_active,
        failures=row.failures,
        is_paused=is_closed,
        created_at=row.created_at,
    )


def _delivery(row: Any) -> DeliveryView:
    return DeliveryView(
        delivery_id=row.delivery_id,
        endpoint_id=row.endpoint_id,
        event_id=row.event_id,
        event_type=row.event_type,
        status=row.status,
        attempts=row.attempts,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
        log=tuple(row.log or ()),
    )
