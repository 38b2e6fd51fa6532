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

_ENDPOINT = "endpoint_id, owner_id, url, event_types, is_active, failures, closed_until, created_at, is_house"
_DELIVERY = """
    d.delivery_id, d.endpoint_id, d.event_id, d.event_type, d.status, d.attempts, d.created_at, d.delivered_at,
    (SELECT jsonb_agg(jsonb_build_object('tried_at', a.tried_at, 'response_status', a.response_status,
        'error', a.error, 'milliseconds', a.milliseconds) ORDER BY a.attempt_id)
     FROM ordering.webhook_attempts a WHERE a.delivery_id = d.delivery_id) AS log
"""
# A seller sees their own; without an owner all can be seen.
_OF = "(CAST(:owner_id AS uuid) IS NULL OR (owner_id = CAST(:owner_id AS uuid) AND NOT is_house))"
INSERT_ENDPOINT = text(f"""
    INSERT INTO ordering.webhook_endpoints (endpoint_id, owner_id, url, secret, event_types, is_house)
    VALUES (:endpoint_id, :owner_id, :url, :secret, :event_types, :is_house) RETURNING {_ENDPOINT}
""")  # noqa: S608
ENDPOINTS = text(f"""
    SELECT {_ENDPOINT} FROM ordering.webhook_endpoints WHERE {_OF} ORDER BY created_at DESC LIMIT :limit
""")  # noqa: S608
DELETE_ENDPOINT = text(f"""
    DELETE FROM ordering.webhook_endpoints WHERE endpoint_id = :endpoint_id AND {_OF} RETURNING endpoint_id
""")  # noqa: S608
ONE_ENDPOINT = text(f"SELECT {_ENDPOINT} FROM ordering.webhook_endpoints WHERE endpoint_id = :endpoint_id AND {_OF}")  # noqa: S608
SET_ACTIVE = text(f"""
    UPDATE ordering.webhook_endpoints SET is_active = :is_active, failures = 0, closed_until = NULL
    WHERE endpoint_id = :endpoint_id AND {_OF} RETURNING endpoint_id
""")  # noqa: S608
SET_SECRET = text(f"""
    UPDATE ordering.webhook_endpoints SET secret = :secret WHERE endpoint_id = :endpoint_id AND {_OF}
    RETURNING endpoint_id
""")  # noqa: S608
PENDING = text("""
    SELECT delivery_id FROM ordering.webhook_deliveries WHERE endpoint_id = :endpoint_id AND status = 'pending'
    ORDER BY created_at LIMIT 1000
""")
# One statement per event: a delivery for every endpoint that wants it, once however often the event comes.
FAN_OUT = text("""
    INSERT INTO ordering.webhook_deliveries (delivery_id, endpoint_id, event_id, event_type, body)
    SELECT gen_random_uuid(), endpoint_id, :event_id, :event_type, :body FROM ordering.webhook_endpoints
    WHERE is_active AND :event_type = ANY(event_types)
        AND (is_house OR owner_id = (SELECT seller_id FROM ordering.orders WHERE order_id = :order_id))
    ON CONFLICT DO NOTHING RETURNING delivery_id
""")
DELIVERIES = text(f"""
    SELECT {_DELIVERY} FROM ordering.webhook_deliveries d JOIN ordering.webhook_endpoints USING (endpoint_id)
    WHERE d.endpoint_id = :endpoint_id AND {_OF} ORDER BY d.created_at DESC LIMIT :limit
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
REPLAY = text(f"""
    UPDATE ordering.webhook_deliveries SET status = 'pending', attempts = 0, replays = replays + 1
    WHERE delivery_id = :delivery_id AND EXISTS (
        SELECT 1 FROM ordering.webhook_endpoints e WHERE e.endpoint_id = webhook_deliveries.endpoint_id AND {_OF}
    ) RETURNING delivery_id
""")  # noqa: S608


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


async def endpoints(reader: Reader, owner_id: UUID | None, limit: int) -> list[EndpointView]:
    """Endpoints, newest first: an owner's, or all."""
    rows = await reader.execute(ENDPOINTS, {"limit": limit, "owner_id": owner_id})
    return [_endpoint(row) for row in rows]


async def endpoint(reader: Reader, endpoint_id: UUID, owner_id: UUID | None) -> EndpointView | None:
    """One of them."""
    values = {"endpoint_id": endpoint_id, "owner_id": owner_id}
    row = (await reader.execute(ONE_ENDPOINT, values)).one_or_none()
    return _endpoint(row) if row else None


async def delete_endpoint(session: AsyncSession, endpoint_id: UUID, owner_id: UUID | None) -> bool:
    """Whether there was such an endpoint; its deliveries go with it."""
    values = {"endpoint_id": endpoint_id, "owner_id": owner_id}
    return (await session.execute(DELETE_ENDPOINT, values)).scalar_one_or_none() is not None


async def set_active(session: AsyncSession, endpoint_id: UUID, owner_id: UUID | None, is_active: bool) -> bool:
    """Pause or go on, with the breaker closed; False without such an endpoint."""
    values = {"endpoint_id": endpoint_id, "owner_id": owner_id, "is_active": is_active}
    return (await session.execute(SET_ACTIVE, values)).scalar_one_or_none() is not None


async def set_secret(session: AsyncSession, endpoint_id: UUID, owner_id: UUID | None, secret: str) -> bool:
    """Another secret from now on; False without such an endpoint."""
    values = {"endpoint_id": endpoint_id, "owner_id": owner_id, "secret": secret}
    return (await session.execute(SET_SECRET, values)).scalar_one_or_none() is not None


async def pending(reader: Reader, endpoint_id: UUID) -> Sequence[UUID]:
    """Deliveries that wait, oldest first; up to 1,000."""
    return (await reader.execute(PENDING, {"endpoint_id": endpoint_id})).scalars().all()


async def fan_out(session: AsyncSession, event_id: UUID, event_type: str, order_id: UUID, body: str) -> Sequence[UUID]:
    """Deliveries of one event, one per endpoint that wants it and may hear of the order."""
    values = {"event_id": event_id, "event_type": event_type, "order_id": order_id, "body": body}
    return (await session.execute(FAN_OUT, values)).scalars().all()


async def deliveries(reader: Reader, endpoint_id: UUID, owner_id: UUID | None, limit: int) -> list[DeliveryView]:
    """The log of an endpoint, newest first."""
    rows = await reader.execute(DELIVERIES, {"endpoint_id": endpoint_id, "owner_id": owner_id, "limit": limit})
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


async def replay(session: AsyncSession, delivery_id: UUID, owner_id: UUID | None) -> bool:
    """Whether there is such a delivery; it is pending again."""
    values = {"delivery_id": delivery_id, "owner_id": owner_id}
    return (await session.execute(REPLAY, values)).scalar_one_or_none() is not None


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
        owner_id=row.owner_id,
        is_house=row.is_house,
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
