"""What counts as an event, and what lands among the failed."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from ingestion.lander.records import Unreadable, parse, read_envelope, types_of
from tests.ingestion.plane import product_viewed

KNOWN = types_of("analytics")


def message(value: bytes | None, offset: int = 0, **more: Any) -> Message:
    return Message(
        topic="t.analytics", partition=1, offset=offset, value=value, timestamp=(1, 1_700_000_000_123), **more
    )


def envelope(**changes: Any) -> bytes:
    """A good event with changes; a value of ... takes the attribute away."""
    document = orjson.loads(product_viewed()[2]) | changes
    return orjson.dumps({name: value for name, value in document.items() if value is not ...})


BAD = {
    "no value": (None, "value: missing"),
    "no JSON": (b"{", "value: not JSON"),
    "no UTF-8": (b'{"id": "\xff"}', "value: not JSON"),
    "no UTF-8 in what is passed over": (envelope().replace(b'"customer_id"', b'"\xff"'), "value: not JSON"),
    "half a pair of surrogates": (envelope(more=1).replace(b'"more":1', b'"more":"\\ud800"'), "value: not JSON"),
    "two values": (envelope() + b"{}", "value: not JSON"),
    "too deep": (envelope(more=1).replace(b'"more":1', b'"more":' + b"[" * 2000 + b"]" * 2000), "value: not JSON"),
    "a list": (b"[]", "value: not a JSON object"),
    "another specification": (envelope(specversion="0.3"), "specversion"),
    "no id": (envelope(id=...), "id"),
    "an id that is a number": (envelope(id=7), "id"),
    "an id that is no UUID": (envelope(id="7"), "id: must be a UUID"),
    "no source": (envelope(source=""), "source"),
    "no time": (envelope(time=...), "time"),
    "a time without zone": (envelope(time="2026-03-01T00:00:00"), "time: must be an RFC 3339 time"),
    "a day that does not exist": (envelope(time="2026-02-30T00:00:00Z"), "time"),
    "a year beyond calendars": (envelope(time="9999-01-01T00:00:00Z"), "time"),
    "an unknown type": (envelope(type="analytics.nothing"), "type: 'analytics.nothing'"),
    "a type of another topic": (envelope(type="ordering.order_placed"), "type: 'ordering.order_placed'"),
    "a type that is a list": (envelope(type=["analytics.product_viewed"]), "type"),
    "data that are no object": (envelope(data=[]), "data"),
    "no data": (envelope(data=...), "data"),
    "a subject that is a number": (envelope(subject=1), "subject"),
}


@pytest.mark.parametrize(("value", "reason"), BAD.values(), ids=BAD.keys())
def test_an_unreadable_record_fails_alone_and_whole(value: bytes | None, reason: str) -> None:
    good = [message(product_viewed()[2], offset) for offset in (0, 2)]
    bad = message(value, 1, key=b"\x00key", headers=[("batch", b"\xff"), ("batch", b"2")])
    parsed = parse("analytics", [good[0], bad, good[1]])
    assert parsed.rows["kafka_offset"].to_pylist() == [0, 2]
    (failed,) = parsed.failed.to_pylist()
    assert failed["reason"].startswith(reason)
    assert failed["value"] == value
    assert failed["key"] == b"\x00key"
    assert failed["headers"] == '[["batch","/w=="],["batch","Mg=="]]'
    assert (failed["kafka_topic"], failed["kafka_partition"], failed["kafka_offset"]) == ("t.analytics", 1, 1)


def test_a_record_becomes_a_row() -> None:
    event_id, key, value = product_viewed()
    (row,) = parse("analytics", [message(value, 5)]).rows.to_pylist()
    assert row["event_id"] == str(event_id)
    assert row["event_type"] == "analytics.product_viewed"
    assert row["subject"] == key
    assert row["value"].encode() == value
    assert row["occurred_at"] == datetime.fromisoformat(orjson.loads(value)["time"])
    assert row["kafka_timestamp"] == datetime.fromtimestamp(1_700_000_000.123, UTC)
    assert (row["kafka_partition"], row["kafka_offset"]) == (1, 5)


def test_optional_attributes_may_be_missing_or_null() -> None:
    (row,) = parse("analytics", [message(envelope(subject=..., dataschema=None, traceid=None))]).rows.to_pylist()
    assert (row["subject"], row["dataschema"], row["trace_id"]) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T02:00:00+02:00", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01t00:00:00.5z", datetime(2026, 3, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-03-01T00:00:00.123456789Z", datetime(2026, 3, 1, 0, 0, 0, 123_456, tzinfo=UTC)),
        ("1969-12-31T23:59:59.999999Z", datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_times_are_brought_to_utc(text: str, expected: datetime) -> None:
    (row,) = parse("analytics", [message(envelope(time=text))]).rows.to_pylist()
    assert row["occurred_at"] == expected


def test_a_number_past_a_double_is_no_reason_to_refuse_a_record_here() -> None:
    value = envelope(more=1).replace(b'"more":1', b'"more":1e999')
    (row,) = parse("analytics", [message(value)]).rows.to_pylist()
    assert row["value"].encode() == value
    assert read_envelope(value, KNOWN)[0] == row["event_id"]


def test_an_attribute_that_comes_twice_counts_as_it_stands_last() -> None:
    event_id = str(uuid4())
    value = envelope()[:-1] + b',"id":"' + event_id.encode() + b'"}'
    (row,) = parse("analytics", [message(value)]).rows.to_pylist()
    assert row["event_id"] == read_envelope(value, KNOWN)[0] == event_id


_PIECES = [
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"0",
    b"-",
    b"1e999",
    b"\x00",
    b"\xff",
    b"\xc3\xa9",
    b"\\ud800",
    b" ",
]


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(_PIECES), st.booleans()), min_size=1, max_size=3))
def test_a_damaged_record_lands_where_it_is_looked_for(damages: list[tuple[int, bytes, bool]]) -> None:
    """The lander reads many at once, the proof each alone: both have to see the same."""
    value = envelope()
    for place, piece, is_instead in damages:
        value = value[:place] + piece + value[place + is_instead :]
    rows = parse("analytics", [message(value)]).rows.to_pylist()
    try:
        expected = [read_envelope(value, KNOWN)[0]]
    except Unreadable:
        expected = []
    assert [row["event_id"] for row in rows] == expected


def test_an_id_in_capitals_is_the_same_id() -> None:
    event_id = uuid4()
    (row,) = parse("analytics", [message(envelope(id=str(event_id).upper()))]).rows.to_pylist()
    assert row["event_id"] == str(event_id)


_NUMBER = st.integers(-(2**63), 2**63 - 1)  # what JSON's writer takes
_ATTRIBUTE = _NUMBER | st.none() | st.text(max_size=20) | st.just("2026-03-01T00:00:00Z") | st.uuids().map(str)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["id", "type", "source", "subject", "time", "traceid", "data"]), _ATTRIBUTE),
        max_size=4,
    )
)
def test_what_a_record_becomes_does_not_depend_on_its_neighbours(changes: list[dict[str, Any]]) -> None:
    values = [envelope(**change) for change in changes]
    together = parse("analytics", [message(value, offset) for offset, value in enumerate(values)])
    readable = []
    for offset, value in enumerate(values):
        try:
            readable.append((offset, read_envelope(value, KNOWN)[0]))
        except Unreadable:
            continue
    rows = together.rows.to_pylist()
    assert [(row["kafka_offset"], row["event_id"]) for row in rows] == readable
    assert together.rows.num_rows + together.failed.num_rows == len(values)
