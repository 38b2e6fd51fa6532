"""Exact sets of event ids: 16 bytes each, as two integers in a data frame."""

from uuid import UUID

import numpy as np
import polars as pl
import pyarrow as pa

_HEX = np.full(256, 255, np.uint8)
_HEX[[ord(digit) for digit in "0123456789abcdef"]] = range(16)
_HEX[[ord(digit) for digit in "ABCDEF"]] = range(10, 16)
_DASHES = (8, 13, 18, 23)
SCHEMA = {"topic": pl.String, "type": pl.String, "high": pl.UInt64, "low": pl.UInt64}


def empty() -> pl.DataFrame:
    """No ids."""
    return pl.DataFrame(schema=SCHEMA)


def from_bytes(topic: str, event_type: str, content: bytes) -> pl.DataFrame:
    """Ids of one type from their 16 bytes each, one behind the other."""
    pairs = np.frombuffer(content, ">u8").astype(np.uint64).reshape(-1, 2)
    return pl.DataFrame(
        {"topic": topic, "type": event_type, "high": pairs[:, 0], "low": pairs[:, 1]},
        schema=SCHEMA,
    )


def as_texts(rows: pl.DataFrame) -> set[str]:
    """The UUIDs in their usual text form."""
    return {str(UUID(int=(high << 64) | low)) for high, low in rows.select("high", "low").iter_rows()}


def from_texts(texts: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """(high, low) of UUIDs in their usual text form. Raises ValueError for any other text."""
    whole = texts.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], texts.type)
    characters = np.frombuffer(b"".join(whole.cast(pa.binary()).to_pylist()), np.uint8)
    if len(characters) != 36 * len(whole):
        raise ValueError("not UUIDs")
    digits = _HEX[np.delete(characters.reshape(-1, 36), _DASHES, axis=1)]
    if (digits > 15).any():
        raise ValueError("not UUIDs")
    octets = (digits[:, 0::2] << 4) | digits[:, 1::2]
    pairs = np.ascontiguousarray(octets).view(">u8").astype(np.uint64)
    return pairs[:, 0], pairs[:, 1]
