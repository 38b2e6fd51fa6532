"""The outbox: events leave a domain in the transaction that made them true, and only so."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import copy_rows
from api.core.trace import current_trace_id
from ingestion.contracts import Event, encode, encode_data, new_event_id

COLUMNS = ("event_id", "topic", "type", "key", "occurred_at", "envelope")
_INSERT = text(
    "INSERT INTO core.outbox (event_id, topic, type, key, occurred_at, envelope)"
    " VALUES (:event_id, :topic, :type, :key, :occurred_at, :envelope)"
)


def insert_as_cte(condition: str = "true", events: str = ":events") -> str:
    """For a domain's last statement of a transaction: its own work and its events in one, where `condition` holds.

    `events`: an expression that puts something into their document which the statement itself finds out.
    """
    return f"""
    told AS (
        INSERT INTO core.outbox (event_id, topic, type, key, occurred_at, envelope)
        SELECT event_id, topic, type, key, occurred_at, convert_to(envelope, 'UTF8')
        FROM json_to_recordset(CAST({events} AS json)) AS e (
            event_id uuid, topic text, type text, key text, occurred_at timestamptz, envelope text)
        WHERE {condition}
    )
"""  # noqa: S608 -- both are a domain's own texts


INSERT_AS_CTE = insert_as_cte()


@contextmanager
def gathering(session: AsyncSession) -> Iterator[list[Event]]:
    """Within the block nothing is stored: what is published is put into the list, for whoever opened the block.

    It has to be published after the block, or go into a statement with `INSERT_AS_CTE`.
    """
    gathered: list[Event] = []
    session.info["gathered"] = gathered
    try:
        yield gathered
    finally:
        del session.info["gathered"]


def as_values(events: Sequence[Event]) -> dict[str, Any]:
    """The parameter of `INSERT_AS_CTE`: one document, which costs a fraction of an array for each column."""
    rows = [row | {"envelope": row["envelope"].decode()} for row in _rows(events)]
    return {"events": orjson.dumps(rows).decode()}


async def publish(session: AsyncSession, *events: Event) -> None:
    """Store `events` with the session's other work; they happened now."""
    gathered: list[Event] | None = session.info.get("gathered")
    if gathered is not None:
        gathered += events
    elif events:
        await session.execute(_INSERT, _rows(events))


def _rows(events: Sequence[Event]) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    trace_id = current_trace_id()
    rows = []
    for event in events:
        event_id = new_event_id()
        rows.append(
            {
                "event_id": event_id,
                "topic": event.domain(),
                "type": event.type,
                "key": event.key(),
                "occurred_at": now,
                "envelope": encode(event, event_id, now, trace_id),
            }
        )
    return rows


async def publish_many(session: AsyncSession, rows: Iterable[tuple[type[Event], str, dict[str, Any], datetime]]) -> int:
    """The bulk path, by COPY: rows of (event class, key, data that fits its contract, when it happened)."""
    trace_id = current_trace_id()

    def encoded() -> Iterable[tuple[Any, ...]]:
        for event_class, key, data, occurred_at in rows:
            event_id = new_event_id()
            envelope = encode_data(event_class, key, data, event_id, occurred_at, trace_id)
            yield event_id, event_class.domain(), event_class.type, key, occurred_at, envelope

    return await copy_rows(session, "core.outbox", COLUMNS, encoded())
