"""Failed events put right: a repaired record is kept beside the failed one, and sent again through the outbox, once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
import psycopg
from psycopg import sql
from pydantic import ValidationError

from ingestion.contracts import EVENT_TYPES
from ingestion.lake.failed import FailedEvent
from ingestion.lander.records import Unreadable, read_envelope, types_of

OPEN, REPAIRED, REPLAYED, DISMISSED = "open", "repaired", "replayed", "dismissed"
STATES = (OPEN, REPAIRED, REPLAYED, DISMISSED)
_INSERT = "insert into core.failed_event_acts (failed_id, act, value, note, actor) values (%s, %s, %s, %s, %s)"
_SEND = "insert into core.outbox (event_id, topic, type, key, occurred_at, envelope) values (%s, %s, %s, %s, %s, %s)"
_ACTS = "select failed_id, act, value, note, actor, acted_at from core.failed_event_acts {} order by act_id"


class NotReplayable(ValueError):
    """The record still fits no contract; the message says why, field by field."""


class AlreadyReplayed(ValueError):
    """The event was sent again before, and is not sent a second time."""


@dataclass(frozen=True)
class Act:
    """What somebody did about a failed event. `value` is the repaired record."""

    act: str
    value: bytes | None
    note: str
    actor: str
    acted_at: datetime


@dataclass(frozen=True)
class Record:
    """An event that every reader will take."""

    event_id: UUID
    domain: str
    type: str
    key: str
    occurred_at: datetime
    envelope: bytes


def acts(connection: psycopg.Connection, failed_ids: Iterable[UUID] | None = None) -> dict[UUID, list[Act]]:
    """What was done about these failed events, or about all, each in the order of time."""
    chosen = None if failed_ids is None else list(failed_ids)
    query = sql.SQL(_ACTS).format(sql.SQL("" if chosen is None else "where failed_id = any(%s)"))
    found: dict[UUID, list[Act]] = defaultdict(list)
    for failed_id, *act in connection.execute(query, None if chosen is None else [chosen]):
        found[failed_id].append(Act(*act))
    return dict(found)


def state_of(done: list[Act]) -> str:
    """One of STATES. What was sent again stays so."""
    names = [act.act for act in done]
    return REPLAYED if REPLAYED in names else names[-1] if names else OPEN


def newest_value(failed: FailedEvent, done: list[Act]) -> bytes | None:
    """The record as it was repaired last, else as it came."""
    return next((act.value for act in reversed(done) if act.value is not None), failed.value)


def check(value: bytes | None, domain: str) -> Record:
    """The event that this record of a domain's topic is. Raises NotReplayable where lander or contract refuse it."""
    try:
        event_id, event_type, _, _, occurred_at, dataschema, _ = read_envelope(value, types_of(domain))
    except Unreadable as error:
        raise NotReplayable(str(error)) from error
    contract = EVENT_TYPES[event_type]
    try:
        data = orjson.dumps(orjson.loads(value or b"")["data"])
        event = contract.model_validate_json(data, strict=True, extra=contract.unknown_fields(dataschema))
    except ValidationError as error:
        lines = (f"data.{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        raise NotReplayable("; ".join(lines)) from error
    return Record(UUID(event_id), domain, event_type, event.key(), occurred_at, value or b"")


def repair(
    connection: psycopg.Connection, failed: FailedEvent, domain: str, value: bytes, actor: str, note: str = ""
) -> Record:
    """Keep `value` as what the record should have been. Raises NotReplayable and AlreadyReplayed."""
    record = check(value, domain)
    with connection.transaction():
        _refuse_replayed(connection, failed.failed_id)
        connection.execute(_INSERT, (failed.failed_id, REPAIRED, value, note, actor))
    return record


def dismiss(connection: psycopg.Connection, failed: FailedEvent, actor: str, note: str) -> None:
    """Let it be, with the reason; it can still be repaired later. Raises AlreadyReplayed."""
    with connection.transaction():
        _refuse_replayed(connection, failed.failed_id)
        connection.execute(_INSERT, (failed.failed_id, DISMISSED, None, note, actor))


def replay(connection: psycopg.Connection, failed: FailedEvent, domain: str, actor: str) -> Record:
    """Send the event again: the note of it and its row in the outbox stand together, or neither does.

    It bears its own id, so that it counts once even where a part of it had arrived. Raises NotReplayable and
    AlreadyReplayed.
    """
    record = check(newest_value(failed, acts(connection, [failed.failed_id]).get(failed.failed_id, [])), domain)
    try:
        with connection.transaction():
            connection.execute(_INSERT, (failed.failed_id, REPLAYED, None, "", actor))
            row = (record.event_id, record.domain, record.type, record.key, record.occurred_at, record.envelope)
            connection.execute(_SEND, row)
    except psycopg.errors.UniqueViolation as error:
        raise AlreadyReplayed(str(failed.failed_id)) from error
    return record


def _refuse_replayed(connection: psycopg.Connection, failed_id: UUID) -> None:
    if state_of(acts(connection, [failed_id]).get(failed_id, [])) == REPLAYED:
        raise AlreadyReplayed(str(failed_id))
