"""Events that could not be read, or did not fit their contract: kept whole, known by an id, found again."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, EqualTo, GreaterThanOrEqual

from ingestion.lake.reader import scan
from ingestion.lake.tables import FAILED_TABLE
from ingestion.settings import Settings

# Where a record failed: its envelope when it landed, or its data when it was to become a typed row.
LANDING, TYPING = "landing", "typing"
_NOT_TOLD = {"failed_id", "lander_version", "kafka_topic_id"}


@dataclass(frozen=True)
class FailedEvent:
    """A record as it came, with where it lay in Kafka and why it failed. Times are UTC.

    `event_id`, `event_type` and `dataschema` are what the record says of itself, None where it says nothing.
    """

    failed_id: UUID
    stage: str
    kafka_topic: str
    kafka_partition: int
    kafka_offset: int
    kafka_timestamp: datetime | None
    key: bytes | None
    value: bytes | None
    headers: str | None
    reason: str
    failed_at: datetime
    event_id: str | None
    event_type: str | None
    dataschema: str | None


def failed_id(topic: str | None, partition: int | None, offset: int | None, value: bytes | None) -> str:
    """An id of the record itself: the same whenever and wherever it fails, another one in a topic made again."""
    place = f"{topic}/{partition}/{offset}/".encode()
    return str(UUID(bytes=hashlib.blake2b(place + (value or b""), digest_size=16).digest()))


def claims(value: bytes | None) -> dict[str, str | None]:
    """What a record says of itself: event_id, event_type, dataschema; nothing where that cannot be read."""
    try:
        document = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        document = None
    said = document if isinstance(document, dict) else {}
    names = {"event_id": "id", "event_type": "type", "dataschema": "dataschema"}
    return {column: text if isinstance(text := said.get(name), str) else None for column, name in names.items()}


def failed_events(
    catalog: Catalog, settings: Settings, topic: str | None = None, since: datetime | None = None
) -> list[FailedEvent]:
    """All failed events, or those of a topic (by its name in Kafka) or of a time on, the oldest first."""
    wanted: BooleanExpression = AlwaysTrue()
    if topic is not None:
        wanted = And(wanted, EqualTo(term="kafka_topic", value=topic))
    if since is not None:
        wanted = And(wanted, GreaterThanOrEqual(term="failed_at", value=since.isoformat()))
    try:
        rows = scan(catalog, settings.table(FAILED_TABLE), row_filter=wanted).to_pylist()
    except NoSuchTableError:
        return []
    return sorted(_read(rows), key=lambda each: (each.failed_at, each.kafka_topic, each.kafka_offset))


def _read(rows: list[dict[str, Any]]) -> Iterator[FailedEvent]:
    """Rows from before the younger columns get what can be said of them."""
    for row in rows:
        if row.get("failed_id") is None:
            place = row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]
            stage = LANDING if row["lander_version"] else TYPING
            row |= {"failed_id": failed_id(*place, row["value"]), "stage": stage, **claims(row["value"])}
        kept = {name: value for name, value in row.items() if name not in _NOT_TOLD}
        yield FailedEvent(failed_id=UUID(row["failed_id"]), **kept)
