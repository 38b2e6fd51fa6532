"""Serving tables, and the files that become of a version.

A table comes as a few values in the bytes of Postgres' binary format, put together by Postgres, and becomes arrays
at once: reading a hundred thousand rows one by one would hold up the requests that run meanwhile.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import text

from api.core.arrays import bigint_elements, bigints, real_elements, reals
from api.core.db import Reader
from api.domains.recommendations.domain.opinion import REPEATS, Model
from api.domains.recommendations.repository import files
from ml.recommendations.serving import EMPTY, Blend, Floats, Ids, Parameters, Related, assemble, open_blend

NAME = "recommendations"
_ACTIVE = text("SELECT version FROM serving.active WHERE name = :name")
_VERSION = "SELECT champion, kind, parameters, created_at FROM serving.model_versions WHERE version = %s"
_POPULAR = """
    SELECT array_send(product_ids), array_send(scores) FROM serving.popular WHERE version = %s AND scope = 'all'
"""
_SCOPES = "SELECT scope, product_ids FROM serving.popular WHERE version = %s AND scope <> 'all'"
_FACTORS = """
    SELECT array_send(array_agg(product_id ORDER BY product_id)),
        string_agg(substr(array_send(factors), 21), '' ORDER BY product_id),
        min(cardinality(factors)), max(cardinality(factors))
    FROM serving.item_factors WHERE version = %s
"""
_RELATED = """
    SELECT array_send(array_agg(product_id ORDER BY product_id)),
        array_send(array_agg(cardinality(neighbours)::bigint ORDER BY product_id)),
        string_agg(substr(array_send(neighbours), 21), '' ORDER BY product_id),
        string_agg(substr(array_send(weights), 21), '' ORDER BY product_id)
    FROM serving.item_neighbours WHERE version = %s AND relation = %s
"""
_FILES = "SELECT name, content FROM serving.model_files WHERE version = %s ORDER BY name, part"


async def active_version(connection: Reader) -> int | None:
    """The version that answers now; None before the first training."""
    version: int | None = (await connection.execute(_ACTIVE, {"name": NAME})).scalar()
    return version


def load(url: str, version: int, folder: Path) -> Model:
    """One version, mapped from its files in `folder`, which are made first where this machine does not have them yet.

    Blocks for a second or so then: call it in a thread. Raises LookupError where the version was taken away meanwhile.
    """
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = connection.execute(_VERSION, [version]).fetchone()
        if row is None:
            raise LookupError(f"there is no version {version}")
        champion, kind, numbers, created_at = row
        # Databases count their versions from 1 each: the moment tells them apart.
        place = folder / f"{version}-{created_at:%Y%m%dT%H%M%S%f}"
        try:
            return _prepared(place)
        except files.NoSuchFolder:
            pass
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", dir=folder) as received:
            blend = _blend(connection, version, Path(received))
            parameters = Parameters(**({"kind": kind} | numbers))
            files.store(place, _read(connection, version, champion, parameters, blend))
        return _prepared(place)


def _prepared(place: Path) -> Model:
    model = files.open_mapped(place)
    if model.blend is not None:
        model.blend.prepare()
    return model


def _blend(connection: psycopg.Connection, version: int, received: Path) -> Blend | None:
    """The blend of a version, its files put into a folder; None for a version that has none."""
    with connection.cursor(binary=True) as cursor:
        for name, content in cursor.stream(_FILES, [version]):
            with (received / Path(name).name).open("ab") as file:
                file.write(content)
    return open_blend(received) if any(received.iterdir()) else None


def _read(
    connection: psycopg.Connection, version: int, champion: str, parameters: Parameters, blend: Blend | None
) -> Model:
    """The version as the tables have it, all from one snapshot, with its blend."""
    popular = connection.execute(_POPULAR, [version], binary=True).fetchone()
    together, similar, score = (_related(connection, version, name) for name in ("together", "similar", "score"))
    bought = _popular(popular) if popular else (EMPTY.product_ids, EMPTY.weights)
    factors = _factors(connection, version)
    scorer = assemble(parameters, bought, factors, score if len(score.product_ids) else None)
    scopes = {scope: np.array(ids, np.int64) for scope, ids in connection.execute(_SCOPES, [version])}
    if REPEATS in scopes:
        scopes[REPEATS].sort()
    return Model.of(version, champion, scorer, together, similar, scopes, blend)


def _popular(row: tuple[Any, ...]) -> tuple[Ids, Floats]:
    return bigints(row[0]), reals(row[1])


def _factors(connection: psycopg.Connection, version: int) -> tuple[Ids, Floats] | None:
    row = connection.execute(_FACTORS, [version], binary=True).fetchone()
    if row is None or row[0] is None:
        return None
    ids, values, shortest, longest = row
    if shortest != longest:
        raise ValueError(f"factors of version {version} have {shortest} to {longest} dimensions")
    return bigints(ids), real_elements(values).reshape(-1, longest)


def _related(connection: psycopg.Connection, version: int, relation: str) -> Related:
    row = connection.execute(_RELATED, [version, relation], binary=True).fetchone()
    if row is None or row[0] is None:
        return Related(EMPTY.product_ids, np.zeros(1, np.int64), EMPTY.product_ids, EMPTY.weights)
    ids, lengths, neighbours, weights = row
    return Related(
        bigints(ids),
        np.concatenate([[0], np.cumsum(bigints(lengths))]).astype(np.int64),
        bigint_elements(neighbours),
        real_elements(weights),
    )
