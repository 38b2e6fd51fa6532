"""Takes batches of behaviour events: every good event is safe afterwards, every bad one has a reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from api.core import capture
from api.core.auth import Visitor
from api.core.errors import TooLarge, validation_errors
from api.core.metrics import REFUSED
from api.domains.analytics.domain.capture import MAX_EVENTS, parse_time
from api.domains.analytics.errors import MalformedBatch
from ingestion.contracts import EVENT_TYPES, Event, new_event_id

# Only behaviour comes from outside; a client cannot claim that an order was placed.
ACCEPTED_TYPES = {name: kind for name, kind in EVENT_TYPES.items() if kind.domain() == "analytics"}
MEMBERS = frozenset({"type", "id", "time", "data"})


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that was not taken."""

    index: int
    field: str
    reason: str


class _Unfit(Exception):
    """One event does not fit."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason


def parse_batch(body: bytes) -> list[Any]:
    """The events of a request body. Raises MalformedBatch, and TooLarge for too many."""
    try:
        batch = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedBatch("The body is not JSON.") from None
    events = batch.get("events") if isinstance(batch, dict) else None
    if not isinstance(events, list) or not events:
        raise MalformedBatch("The body must be an object with a list `events` that is not empty.")
    if len(events) > MAX_EVENTS:
        raise TooLarge(f"A batch holds at most {MAX_EVENTS} events.")
    return events


async def accept(raw_events: Sequence[Any], visitor: Visitor) -> tuple[list[UUID], list[Refused]]:
    """Capture what fits; returns the ids that are safe, in order, and the refusals.

    An id that the batch holds twice is taken once.
    """
    now = datetime.now(UTC)
    fitting: dict[UUID, capture.Occurred] = {}
    refused = []
    for index, raw in enumerate(raw_events):
        try:
            event, event_id, time = _fit(raw, visitor, now)
        except _Unfit as unfit:
            refused.append(Refused(index, unfit.field, unfit.reason))
            continue
        fitting.setdefault(event_id, (event, event_id, time))
    await capture.capture(list(fitting.values()))
    if refused:
        REFUSED.inc(len(refused))
    return list(fitting), refused


def _fit(raw: Any, visitor: Visitor, now: datetime) -> capture.Occurred:
    if not isinstance(raw, dict):
        raise _Unfit("event", "must be an object")
    if unknown := raw.keys() - MEMBERS:
        raise _Unfit(min(unknown), "is not a member of an event")
    name = raw.get("type")
    kind = ACCEPTED_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise _Unfit("type", f"must be one of {', '.join(sorted(ACCEPTED_TYPES))}")
    data = raw.get("data")
    if not isinstance(data, dict):
        raise _Unfit("data", "must be an object")
    try:
        time = parse_time(raw.get("time"), now)
    except ValueError as error:
        raise _Unfit("time", str(error)) from None
    return _event(kind, data, visitor), _event_id(raw.get("id")), time


def _event(kind: type[Event], data: dict[str, Any], visitor: Visitor) -> Event:
    values = {"anonymous_id": visitor.anonymous_id, **data, "customer_id": visitor.customer_id}
    _refuse_nul(values.items())
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = validation_errors(error.errors(include_url=False, include_input=False))[0]
        raise _Unfit(f"data.{first['field']}", first["reason"]) from None


def _refuse_nul(items: Iterable[tuple[str, Any]]) -> None:
    """Postgres texts cannot hold NUL, and the warehouse is one."""
    for name, value in items:
        if isinstance(value, str) and "\x00" in value:
            raise _Unfit(f"data.{name}", "holds a NUL character")


def _event_id(value: Any) -> UUID:
    if value is None:
        return new_event_id()
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise _Unfit("id", "must be a UUID") from None
