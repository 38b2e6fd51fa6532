"""Serving tables. Arrays come in the bytes of Postgres' binary format and become NumPy arrays at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.recommendations.domain import Model
from ml.recommendations.serving import Floats, Ids, Parameters, Related, assemble

NAME = "recommendations"
_ACTIVE = text("SELECT version FROM serving.active WHERE name = :name")
_HISTORY = text("""
    SELECT product_ids, weights FROM serving.customer_histories
    WHERE version = :version AND customer_id = :customer_id
""")
_VERSION = "SELECT champion, kind, parameters FROM serving.model_versions WHERE version = %s"
_POPULAR = """
    SELECT array_send(product_ids), array_send(scores) FROM serving.popular WHERE version = %s AND scope = 'all'
"""
_FACTORS = "SELECT product_id, array_send(factors) FROM serving.item_factors WHERE version = %s ORDER BY product_id"
_RELATED = """
    SELECT product_id, array_send(neighbours), array_send(weights) FROM serving.item_neighbours
    WHERE version = %s AND relation = %s ORDER BY product_id
"""
# Postgres' array_send: dimensions, flags, element type, then length and lower bound of the one dimension; then for each
# element its length and its value, all big-endian.
_HEADER = 20
_BIGINT = np.dtype([("length", ">i4"), ("value", ">i8")])
_REAL = np.dtype([("length", ">i4"), ("value", ">f4")])


async def active_version(connection: AsyncConnection) -> int | None:
    """The version that answers now; None before the first training."""
    version: int | None = (await connection.execute(_ACTIVE, {"name": NAME})).scalar()
    return version


async def history(connection: AsyncConnection, version: int, customer_id: str) -> tuple[Ids | None, Floats | None]:
    """Products and decayed weights of a customer at the time of the training."""
    row = (await connection.execute(_HISTORY, {"version": version, "customer_id": customer_id})).one_or_none()
    if row is None:
        return None, None
    return np.array(row.product_ids, np.int64), np.array(row.weights, np.float32)


def load(url: str, version: int) -> Model:
    """One version from the serving tables, all from one snapshot. Blocks for a second or so: call it in a thread.

    Raises LookupError where the version was taken away meanwhile.
    """
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = connection.execute(_VERSION, [version]).fetchone()
        if row is None:
            raise LookupError(f"there is no version {version}")
        champion, kind, numbers = row
        popular = connection.execute(_POPULAR, [version], binary=True).fetchone()
        together, similar, score = (_related(connection, version, name) for name in ("together", "similar", "score"))
        parameters = Parameters(**({"kind": kind} | numbers))
        bought = (_integers([popular[0]]), _floats([popular[1]])) if popular else (_integers([]), _floats([]))
        factors = _factors(connection, version)
        scorer = assemble(parameters, bought, factors, score if len(score.product_ids) else None)
        return Model.of(version, champion, scorer, together, similar)


def _factors(connection: psycopg.Connection, version: int) -> tuple[Ids, Floats] | None:
    rows = connection.execute(_FACTORS, [version], binary=True).fetchall()
    if not rows:
        return None
    values = _floats([row[1] for row in rows])
    return np.array([row[0] for row in rows], np.int64), values.reshape(len(rows), -1)


def _related(connection: psycopg.Connection, version: int, relation: str) -> Related:
    rows = connection.execute(_RELATED, [version, relation], binary=True).fetchall()
    lengths = [max(0, len(row[1]) - _HEADER) // _BIGINT.itemsize for row in rows]
    return Related(
        np.array([row[0] for row in rows], np.int64),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        _integers([row[1] for row in rows]),
        _floats([row[2] for row in rows]),
    )


def _integers(arrays: Sequence[bytes]) -> Ids:
    return np.asarray(_values(arrays, _BIGINT), np.int64)


def _floats(arrays: Sequence[bytes]) -> Floats:
    return np.asarray(_values(arrays, _REAL), np.float32)


def _values(arrays: Sequence[bytes], element: np.dtype[Any]) -> Any:
    """An empty array has a shorter header and no elements."""
    return np.frombuffer(b"".join(array[_HEADER:] for array in arrays), element)["value"]
