"""From envelopes as JSON text to columns as a contract names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from pydantic import BaseModel, ValidationError, create_model

from ingestion.contracts import Event

# Between the clock of whoever tells an event and the one of whoever sends it.
_CLOCKS_AGREE = timedelta(days=1)
_BLOCK_BYTES = 16 << 20
_KEPT_FROM_RAW = ("event_id", "occurred_at", "kafka_partition", "kafka_offset", "landed_at")


@dataclass(frozen=True)
class Decoded:
    """`rows` have the contract's schema; `refused` maps the position of a refused raw row to the reason."""

    rows: pa.Table
    refused: dict[int, str]


def decode(event_class: type[Event], schema: pa.Schema, raw: pa.Table) -> Decoded:
    """Raw rows of one event type as typed rows.

    The contract itself decides what fits, strictly: a number in quotes or an unknown field is refused; what a newer
    version adds is passed over. The columns are then parsed by Arrow in one go, which costs a tenth of building them
    from the validated models.
    """
    refused = _refusals(event_class, raw) | _ahead_of_time(raw)
    fits = [index for index in range(raw.num_rows) if index not in refused]
    data_type = pa.struct([field for field in schema if field.name in event_class.model_fields])
    lines = _one_line_each(raw["value"].take(_indices(fits)) if refused else raw["value"])
    parsed, too_wide = _parse(lines, data_type)
    if too_wide:
        refused |= {fits[index]: reason for index, reason in too_wide.items()}
        fits = [index for index in fits if index not in refused]
    kept = raw.take(_indices(fits)) if refused else raw
    return Decoded(_assemble(schema, kept, parsed), refused)


def _ahead_of_time(raw: pa.Table) -> dict[int, str]:
    """Events that happened long after they were sent: some clock is off. A late one is none of these."""
    sent = pc.coalesce(raw["kafka_timestamp"], raw["landed_at"])
    ahead = pc.greater(raw["occurred_at"], pc.add(sent, pa.scalar(_CLOCKS_AGREE, pa.duration("us"))))
    indices = pc.indices_nonzero(pc.fill_null(ahead, False)).to_pylist()
    return {
        index: f"time: {raw['occurred_at'][index]} is after the record was sent, at {sent[index]}: a clock is off"
        for index in indices
    }


def _indices(positions: list[int]) -> pa.Array:
    return pa.array(positions, pa.int64())


def _refusals(event_class: type[Event], raw: pa.Table) -> dict[int, str]:
    validate = _envelope(event_class).model_validate_json
    refused: dict[int, str] = {}
    unknown = {urn: event_class.unknown_fields(urn) for urn in pc.unique(raw["dataschema"]).to_pylist()}
    for index, (value, urn) in enumerate(zip(raw["value"].to_pylist(), raw["dataschema"].to_pylist(), strict=True)):
        try:
            validate(value, strict=True, extra=unknown[urn])
        except ValidationError as error:
            refused[index] = "; ".join(
                f"{'.'.join(map(str, found['loc'])) or 'value'}: {found['msg']}" for found in error.errors()[:5]
            )
    return refused


@cache
def _envelope(event_class: type[Event]) -> type[BaseModel]:
    fields: dict[str, Any] = {"data": (event_class, ...)}
    return create_model(f"{event_class.__name__}Envelope", **fields)


def _one_line_each(values: pa.ChunkedArray) -> list[str]:
    # A line break inside valid JSON is only ever white space; Arrow's reader would see it as the end of the record.
    broken = pc.any(pc.match_substring_regex(values, "[\r\n]")).as_py()
    return (pc.replace_substring_regex(values, "[\r\n]", " ") if broken else values).to_pylist()  # type: ignore[no-any-return]


def _parse(lines: Sequence[str], data_type: pa.StructType) -> tuple[list[pa.Table], dict[int, str]]:
    """Parse what the contract took. A value that no column can hold (an integer past 64 bits) is found by halving."""
    if not lines:
        return [], {}
    try:
        return [_read(lines, data_type)], {}
    except pa.ArrowInvalid as error:
        if len(lines) == 1:
            return [], {0: f"value: {error}"}
    half = len(lines) // 2
    left, left_refused = _parse(lines[:half], data_type)
    right, right_refused = _parse(lines[half:], data_type)
    return left + right, left_refused | {index + half: reason for index, reason in right_refused.items()}


def _read(lines: Sequence[str], data_type: pa.StructType) -> pa.Table:
    text = "\n".join(lines).encode()
    longest = max(map(len, lines)) * 4  # characters to bytes, at the most
    return pj.read_json(
        pa.BufferReader(text),
        read_options=pj.ReadOptions(block_size=max(_BLOCK_BYTES, longest)),
        parse_options=pj.ParseOptions(
            explicit_schema=pa.schema([("data", data_type)]), unexpected_field_behavior="ignore"
        ),
    )


def _assemble(schema: pa.Schema, kept: pa.Table, parsed: list[pa.Table]) -> pa.Table:
    if kept.num_rows == 0:
        return schema.empty_table()
    data = pa.chunked_array([chunk for table in parsed for chunk in table["data"].chunks])
    columns = [
        kept[field.name] if field.name in _KEPT_FROM_RAW else pc.struct_field(data, field.name) for field in schema
    ]
    return pa.table(columns, names=schema.names).cast(schema)
