"""Rows of webhooks that came in, and of reconciled days."""

from datetime import date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.payments.contracts import ReconciledDay

Reader = AsyncConnection | AsyncSession

INSERT = text("""
    INSERT INTO payments.webhook_events (gateway, event_id, type, reference)
    VALUES (:gateway, :event_id, :type, :reference) ON CONFLICT DO NOTHING
""")
GET = text("""
    SELECT type, reference, status, attempts FROM payments.webhook_events
    WHERE gateway = :gateway AND event_id = :event_id
""")
MARK = text("""
    UPDATE payments.webhook_events SET tried_at = now(), attempts = attempts + 1,
        status = CASE WHEN :status = 'unknown' AND received_at < now() - CAST(:patience AS interval)
            THEN 'given_up' ELSE :status END
    WHERE gateway = :gateway AND event_id = :event_id
""")
OPEN = text("""
    SELECT gateway, event_id FROM payments.webhook_events
    WHERE status IN ('waiting', 'unknown')
        AND coalesce(tried_at, received_at) < now() - least(interval '1 hour', CAST(:age AS interval) * 2 ^ attempts)
    ORDER BY received_at LIMIT :limit
""")
STRANGERS = text("""
    SELECT gateway, event_id, type, reference, status, received_at FROM payments.webhook_events
    WHERE status IN ('unknown', 'given_up') ORDER BY received_at DESC LIMIT :limit
""")
SAVE_DAY = text("""
    INSERT INTO payments.reconciliations (day, gateway, compared, differences)
    VALUES (:day, :gateway, :compared, CAST(:differences AS jsonb))
    ON CONFLICT (day, gateway) DO UPDATE SET ran_at = now(), compared = excluded.compared,
        differences = excluded.differences
""")
DAYS = text("""
    SELECT day, gateway, ran_at, compared, differences FROM payments.reconciliations
    ORDER BY day DESC, gateway LIMIT :limit
""")
HAS_DAY = text("""
    SELECT EXISTS (SELECT FROM payments.reconciliations WHERE day = :day AND gateway = :gateway AND ran_at >= :after)
""")


async def insert(session: AsyncSession, gateway: str, event_id: str, kind: str, reference: str) -> bool:
    """Keep a webhook; False when it is known."""
    values = {"gateway": gateway, "event_id": event_id, "type": kind, "reference": reference}
    return bool((await session.execute(INSERT, values)).rowcount)  # type: ignore[attr-defined]


async def get(reader: Reader, gateway: str, event_id: str) -> Row[Any] | None:
    """One webhook."""
    return (await reader.execute(GET, {"gateway": gateway, "event_id": event_id})).one_or_none()


async def mark(session: AsyncSession, gateway: str, event_id: str, status: str, patience: timedelta) -> None:
    """Note a try; a payment that stays unknown longer than `patience` is given up."""
    values = {"gateway": gateway, "event_id": event_id, "status": status, "patience": patience}
    await session.execute(MARK, values)


async def open_events(reader: Reader, age: timedelta, limit: int) -> list[tuple[str, str]]:
    """Webhooks to try again: those whose task was lost, and those of unknown payments, ever more seldom."""
    return [(row.gateway, row.event_id) for row in await reader.execute(OPEN, {"age": age, "limit": limit})]


async def strangers(reader: Reader, limit: int) -> list[Row[Any]]:
    """Webhooks about payments that nobody here knows."""
    return list((await reader.execute(STRANGERS, {"limit": limit})).all())


async def save_day(
    session: AsyncSession, day: date, gateway: str, compared: int, differences: list[dict[str, Any]]
) -> None:
    """Keep a comparison; the newest of a day counts."""
    values = {
        "day": day,
        "gateway": gateway,
        "compared": compared,
        "differences": orjson.dumps(differences).decode(),
    }
    await session.execute(SAVE_DAY, values)


async def days(reader: Reader, limit: int) -> list[ReconciledDay]:
    """Compared days, newest first."""
    return [ReconciledDay(**row._mapping) for row in await reader.execute(DAYS, {"limit": limit})]


async def has_day(reader: Reader, day: date, gateway: str, after: datetime) -> bool:
    """Whether this day was compared after it had ended."""
    values = {"day": day, "gateway": gateway, "after": after}
    return bool((await reader.execute(HAS_DAY, values)).scalar_one())
