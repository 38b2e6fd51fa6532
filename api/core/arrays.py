"""Arrays of numbers to and from Postgres in one piece: number by number, thousands of them take longer than the rest.

Postgres' `array_send`: dimensions, flags, element type, then length and lower bound of the one dimension; then for each
element its length and its value, all big-endian.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

HEADER = 20
_BIGINT = np.dtype([("length", ">i4"), ("value", ">i8")])
_REAL = np.dtype([("length", ">i4"), ("value", ">f4")])


def bigints(value: bytes) -> npt.NDArray[np.int64]:
    """What `array_send` makes of a bigint[] without nulls. An empty array has a shorter header and no elements."""
    return bigint_elements(value[HEADER:])


def reals(value: bytes) -> npt.NDArray[np.float32]:
    """What `array_send` makes of a real[] without nulls."""
    return real_elements(value[HEADER:])


def bigint_elements(value: bytes) -> npt.NDArray[np.int64]:
    """The same without its header."""
    return np.asarray(_elements(value, _BIGINT), np.int64)


def real_elements(value: bytes) -> npt.NDArray[np.float32]:
    """The same without its header."""
    return np.asarray(_elements(value, _REAL), np.float32)


def written(numbers: Iterable[int]) -> str:
    """An array as text, for `CAST(:numbers AS bigint[])`."""
    return "{" + ",".join(map(str, numbers)) + "}"


def _elements(value: bytes, element: np.dtype[Any]) -> Any:
    return np.frombuffer(value, element)["value"]
