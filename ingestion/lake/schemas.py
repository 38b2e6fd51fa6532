"""Schemas of the lake: raw records as they came, and typed tables as their contracts say."""

import types
import typing
from datetime import datetime
from functools import cache
from uuid import UUID

import pyarrow as pa
from pydantic import BaseModel

from ingestion.contracts import Event

TIMESTAMP = pa.timestamp("us", "UTC")

RAW = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("subject", pa.string()),
        pa.field("occurred_at", TIMESTAMP, nullable=False),
        pa.field("dataschema", pa.string()),
        pa.field("trace_id", pa.string()),
        pa.field("value", pa.string(), nullable=False),
        pa.field("kafka_topic", pa.string(), nullable=False),
        pa.field("kafka_partition", pa.int32(), nullable=False),
        pa.field("kafka_offset", pa.int64(), nullable=False),
        pa.field("kafka_timestamp", TIMESTAMP),
        pa.field("landed_at", TIMESTAMP, nullable=False),
        # Younger than the table. A topic that was made again begins at 0 once more: an offset alone is no place.
        pa.field("kafka_topic_id", pa.string()),
    ]
)

FAILED_EVENTS = pa.schema(
    [
        pa.field("kafka_topic", pa.string(), nullable=False),
        pa.field("kafka_partition", pa.int32(), nullable=False),
        pa.field("kafka_offset", pa.int64(), nullable=False),
        pa.field("kafka_timestamp", TIMESTAMP),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        pa.field("headers", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("failed_at", TIMESTAMP, nullable=False),
        pa.field("lander_version", pa.string()),
        # Younger than the table: what stands above may be all that an older row has.
        pa.field("failed_id", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("event_id", pa.string()),
        pa.field("event_type", pa.string()),
        pa.field("dataschema", pa.string()),
        pa.field("kafka_topic_id", pa.string()),
    ]
)

_PRIMITIVES: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    UUID: pa.string(),
    datetime: TIMESTAMP,
}


@cache
def arrow_schema(event_class: type[Event]) -> pa.Schema:
    """The typed table of a contract: id and time, the contract's fields in their order, and where the record lay.

    A UUID is text, nested models are structs and tuples of them lists. Every column is nullable, because a contract
    may grow: rows from before have nothing there.
    """
    return pa.schema(
        [
            pa.field("event_id", pa.string()),
            pa.field("occurred_at", TIMESTAMP),
            *_fields(event_class),
            pa.field("kafka_partition", pa.int32()),
            pa.field("kafka_offset", pa.int64()),
            pa.field("landed_at", TIMESTAMP),
        ]
    )


def _fields(model: type[BaseModel]) -> list[pa.Field]:
    return [pa.field(name, _arrow_type(field.annotation)) for name, field in model.model_fields.items()]


def _arrow_type(annotation: typing.Any) -> pa.DataType:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {typing.Union, types.UnionType}:
        present = [argument for argument in arguments if argument is not type(None)]
        if len(present) == 1:
            return _arrow_type(present[0])
    elif origin is typing.Annotated:
        return _arrow_type(arguments[0])
    elif origin in {tuple, list}:
        return pa.list_(_arrow_type(arguments[0]))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(_fields(annotation))
    elif annotation in _PRIMITIVES:
        return _PRIMITIVES[annotation]
    raise TypeError(f"no column type for {annotation!r}")
