"""Keyset pages: an opaque cursor holds the sort values of the last row that was shown."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from api.core.errors import Invalid

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows and the cursor of the next ones; None at the end."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(*values: Any) -> str:
    """The values of the sort columns, in order, as URL-safe text."""
    return base64.urlsafe_b64encode(orjson.dumps(values, default=str)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """The values of a cursor. Raises Invalid when it was not made for columns of these types."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        values = None
    fits = isinstance(values, list) and len(values) == len(types)
    if not fits or not all(isinstance(value, kind) for value, kind in zip(values, types, strict=True)):
        raise Invalid("cursor", "is not a cursor of this list")
    return tuple(values)
