"""From Kafka records to rows: columns at once where a whole batch is in order, record by record where one is not."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal

import msgspec
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Message

from ingestion.contracts import EVENT_TYPES
from ingestion.lake.failed import LANDING, claims, failed_id
from ingestion.lake.schemas import FAILED_EVENTS, RAW, TIMESTAMP

_EVENT_ID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
# Years are bounded so that no time zone and no reader of the lake can run out of its calendar.
_TIME = r"^(?:19|2\d)\d\d-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$"
_PLAIN_TIME = r"^(?:19|2\d)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$"
_is_event_id = re.compile(_EVENT_ID, re.ASCII | re.IGNORECASE).match
_is_time = re.compile(_TIME, re.ASCII).match
_VERSION = version("agora")


class _Data(msgspec.Struct):
    """Any object: what it holds is passed over here."""


class _Envelope(msgspec.Struct):
    specversion: Literal["1.0"]
    id: str
    type: str
    source: str
    time: str
    data: _Data
    subject: str | None = None
    dataschema: str | None = None
    traceid: str | None = None


# Half of what it costs to build all of a record; it checks all of its syntax, but not the UTF-8 of what it passes over.
_decode = msgspec.json.Decoder(_Envelope).decode


class Unreadable(ValueError):
    """A record is no event of its topic; the message says why."""


@dataclass(frozen=True)
class Parsed:
    """Rows of the raw table and of the failed events: together every record that went in."""

    rows: pa.Table
    failed: pa.Table


def types_of(domain: str) -> frozenset[str]:
    """The event types that a domain's topic may carry."""
    return frozenset(name for name, event_class in EVENT_TYPES.items() if event_class.domain() == domain)


def parse(domain: str, messages: Sequence[Message], topic_id: str | None = None) -> Parsed:
    """Records of one topic, in their order. What an event's envelope has to hold is checked here, its data later.

    `topic_id` is the topic's own id, which a topic that was made again does not share with its namesake.
    """
    now = datetime.now(UTC)
    values = [message.value() for message in messages]
    known = types_of(domain)
    try:
        rows = _rows(messages, _columns(values, known), now, topic_id)
        return Parsed(rows, FAILED_EVENTS.empty_table())
    except (ValueError, TypeError, RecursionError):  # some record is not in order: find out which
        return _one_by_one(messages, values, known, now, topic_id)


def read_envelope(value: bytes | None, known: frozenset[str]) -> tuple[Any, ...]:
    """(id, type, source, subject, time, dataschema, trace id) of one record. Raises Unreadable."""
    if value is None:
        raise Unreadable("value: missing")
    document = _document(value)
    if not isinstance(document, dict):
        raise Unreadable("value: not a JSON object")
    if document.get("specversion") != "1.0":
        raise Unreadable("specversion: must be 1.0")
    for name in ("id", "type", "source", "time"):
        if not isinstance(document.get(name), str) or not document[name]:
            raise Unreadable(f"{name}: must be a text that is not empty")
    for name in ("subject", "dataschema", "traceid"):
        if not isinstance(document.get(name, ""), str | None):
            raise Unreadable(f"{name}: must be a text")
    if not _is_event_id(document["id"]):
        raise Unreadable("id: must be a UUID")
    if document["type"] not in known:
        raise Unreadable(f"type: {document['type'][:200]!r} does not belong to this topic")
    if not isinstance(document.get("data"), dict):
        raise Unreadable("data: must be an object")
    return (
        document["id"].lower(),
        document["type"],
        document["source"],
        document.get("subject"),
        _time(document["time"]),
        document.get("dataschema"),
        document.get("traceid"),
    )


def _document(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        try:  # A number past a double's range is JSON all the same; whether it fits is for the contract to say.
            value.decode()
            return msgspec.to_builtins(_decode(value))
        except (ValueError, RecursionError):
            raise Unreadable(f"value: not JSON: {error}") from error


def _time(text: str) -> datetime:
    try:
        if _is_time(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except ValueError:
        pass
    raise Unreadable("time: must be an RFC 3339 time between 1900 and 2999")


def _columns(values: Sequence[bytes | None], known: frozenset[str]) -> list[pa.Array]:
    """The envelope's columns and the text itself, if all values are in order; raises where one has to be looked at."""
    text = pa.array(values, pa.binary()).cast(pa.string())  # raises for what is no UTF-8
    envelopes = map(msgspec.structs.astuple, map(_decode, values))  # type: ignore[arg-type]
    _, ids, types, sources, times, _, subjects, schemas, traces = zip(*envelopes, strict=True)
    if not known.issuperset(types) or "" in sources:
        raise ValueError("an attribute")
    event_ids, occurred = pa.array(ids, pa.string()), pa.array(times, pa.string())
    if not _all_match(event_ids, _EVENT_ID) or not _all_match(occurred, _PLAIN_TIME):
        raise ValueError("id or time")
    return [
        event_ids,
        pa.array(types, pa.string()),
        pa.array(sources, pa.string()),
        pa.array(subjects, pa.string()),
        occurred.cast(TIMESTAMP),
        pa.array(schemas, pa.string()),
        pa.array(traces, pa.string()),
        text,
    ]


def _all_match(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _rows(messages: Sequence[Message], columns: list[pa.Array], now: datetime, topic_id: str | None) -> pa.Table:
    count = len(messages)
    return pa.Table.from_arrays(
        [
            *columns,
            pa.repeat(pa.scalar(messages[0].topic() if messages else "", pa.string()), count),
            pa.array([message.partition() for message in messages], pa.int32()),
            pa.array([message.offset() for message in messages], pa.int64()),
            _timestamps(messages),
            pa.repeat(pa.scalar(now, TIMESTAMP), count),
            pa.repeat(pa.scalar(topic_id, pa.string()), count),
        ],
        schema=RAW,
    )


def _timestamps(messages: Sequence[Message]) -> pa.Array:
    milliseconds = pa.array([message.timestamp()[1] for message in messages], pa.timestamp("ms", "UTC"))
    return milliseconds.cast(TIMESTAMP)


def _one_by_one(
    messages: Sequence[Message],
    values: Sequence[bytes | None],
    known: frozenset[str],
    now: datetime,
    topic_id: str | None,
) -> Parsed:
    read, failed = [], []
    for message, value in zip(messages, values, strict=True):
        try:
            read.append((message, value, read_envelope(value, known)))
        except Unreadable as error:
            failed.append(_failed_row(message, str(error), now, topic_id))
    types = (pa.string(), pa.string(), pa.string(), pa.string(), TIMESTAMP, pa.string(), pa.string())
    columns = [pa.array([envelope[index] for _, _, envelope in read], kind) for index, kind in enumerate(types)]
    columns.append(pa.array([value for _, value, _ in read], pa.binary()).cast(pa.string()))
    rows = _rows([message for message, _, _ in read], columns, now, topic_id)
    return Parsed(rows, pa.Table.from_pylist(failed, schema=FAILED_EVENTS))


def _failed_row(message: Message, reason: str, now: datetime, topic_id: str | None) -> dict[str, Any]:
    kind, milliseconds = message.timestamp()
    value = _bytes(message.value())
    return {
        "kafka_topic": message.topic(),
        "kafka_partition": message.partition(),
        "kafka_offset": message.offset(),
        "kafka_timestamp": datetime.fromtimestamp(milliseconds / 1000, UTC) if kind else None,
        "key": _bytes(message.key()),
        "value": value,
        "headers": _headers(message),
        "reason": reason,
        "failed_at": now,
        "lander_version": _VERSION,
        "failed_id": failed_id(message.topic(), message.partition(), message.offset(), value),
        "stage": LANDING,
        "kafka_topic_id": topic_id,
        **claims(value),
    }


def _bytes(content: str | bytes | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content


def _headers(message: Message) -> str | None:
    """A JSON list of [name, content in base64]: a header may be any bytes, and come twice."""
    headers = message.headers()
    if not headers:
        return None
    pairs = [
        [name, None if content is None else base64.b64encode(_bytes(content) or b"").decode()]
        for name, content in (headers.items() if isinstance(headers, dict) else headers)
    ]
    return orjson.dumps(pairs).decode()
