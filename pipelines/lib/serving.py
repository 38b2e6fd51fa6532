"""What a training leaves for the API: one version in the schema `serving`, and the swap to it.

Rows, version and swap are one transaction: whoever reads sees the version before or the new one, whole.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.types.json import Jsonb

from ingestion.settings import SettingsError
from pipelines.lib.arrow_copy import copy_arrow
from pipelines.lib.settings import Settings

NAME = "recommendations"
KEPT = 3
TABLES = ("item_factors", "item_neighbours", "customer_histories", "popular")
FILES = "model_files"
PART_BYTES = 4 << 20
SUMMARY = ("ndcg_at_10", "recall_at_20")
_LOCK = 0x5345525645  # "SERVE"
_VERSION = """
    insert into serving.model_versions
        (name, kind, champion, parameters, mlflow_run_id, mlflow_version, metrics, lake_snapshots)
    values (%s, %s, %s, %s, %s, %s, %s, %s) returning version
"""
_SWAP = """
    insert into serving.active (name, version) values (%s, %s)
    on conflict (name) do update set version = excluded.version, activated_at = clock_timestamp()
"""
_PART = "insert into serving.model_files (version, name, part, content) values (%s, %s, %s, %s)"
_FORGET = """
    delete from serving.model_versions where name = %(name)s and version not in (
        select version from serving.model_versions where name = %(name)s order by version desc limit %(kept)s
    )
"""
_ACTIVE = """
    select champion, version, metrics, mlflow_run_id, mlflow_version, created_at
    from serving.active join serving.model_versions using (name, version) where name = %s
"""


class NothingToServe(ValueError):
    """A model without any product was about to answer for the shop."""


@dataclass(frozen=True)
class Version:
    """What the API needs to know of a model beside its tables; `metrics` maps every candidate to its figures."""

    champion: str
    kind: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, float]]
    lake_snapshots: Mapping[str, int]
    mlflow_run_id: str | None = None
    mlflow_version: int | None = None


@dataclass(frozen=True)
class Served:
    """The version that answers from now on, and the rows of each of its tables."""

    version: int
    rows: dict[str, int]


def publish(settings: Settings, version: Version, tables: Mapping[str, pa.Table], folder: Path | None = None) -> Served:
    """Write `tables` (those of `TABLES`, without a version) as a new version, make it the active one, keep the last
    `KEPT`. `folder` holds the files of a blend, where one is to answer.

    Raises NothingToServe where no product is known; then, as with any error, the version before goes on answering.
    """
    if tables["popular"].num_rows == 0:
        raise NothingToServe("the model knows no product")
    with new_version(settings, NAME, version) as (connection, number):
        rows = {name: _copy(connection, name, number, tables[name]) for name in TABLES}
        if folder is not None:
            rows[FILES] = _store(connection, number, folder)
    return Served(number, rows)


@contextmanager
def new_version(settings: Settings, name: str, version: Version) -> Iterator[tuple[psycopg.Connection, int]]:
    """A version whose rows are to be written on the connection within the block: at its end it answers from then on,
    and the last `KEPT` are kept. With any error the version before goes on answering."""
    with _connect(settings) as connection, connection.transaction():
        # A second writer waits, so that versions become active in their order.
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        number = _insert(connection, name, version)
        yield connection, number
        connection.execute(_SWAP, (name, number))
        connection.execute(_FORGET, {"name": name, "kept": KEPT})


def activate(settings: Settings, version: int) -> None:
    """Let one of the kept versions answer again. Raises LookupError where it is not kept; then nothing changes."""
    with _connect(settings) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        query = "select from serving.model_versions where name = %s and version = %s"
        if connection.execute(query, (NAME, version)).fetchone() is None:
            raise LookupError(f"version {version} of {NAME} is not kept")
        connection.execute(_SWAP, (NAME, version))


def active_summary(settings: Settings) -> dict[str, Any]:
    """What answers now, ready for JSON: champion, version, when it was made, and NDCG@10 and Recall@20 of all models.

    Empty before the first training.
    """
    with _connect(settings) as connection:
        row = connection.execute(_ACTIVE, (NAME,)).fetchone()
    if row is None:
        return {}
    champion, version, metrics, run_id, mlflow_version, created_at = row
    return {
        "champion": champion,
        "version": version,
        "created_at": created_at.isoformat(),
        "mlflow_run_id": run_id,
        "mlflow_version": mlflow_version,
        "models": {
            name: {figure: figures[figure] for figure in SUMMARY if figure in figures}
            for name, figures in metrics.items()
        },
    }


@contextmanager
def _connect(settings: Settings) -> Iterator[psycopg.Connection]:
    if settings.postgres_pipelines_url is None:
        raise SettingsError("AGORA_POSTGRES_PIPELINES_URL: is needed to serve models")
    with psycopg.connect(settings.postgres_pipelines_url) as connection:
        yield connection


def _insert(connection: psycopg.Connection, name: str, version: Version) -> int:
    row = connection.execute(
        _VERSION,
        (
            name,
            version.kind,
            version.champion,
            Jsonb(dict(version.parameters)),
            version.mlflow_run_id,
            version.mlflow_version,
            Jsonb({model: dict(figures) for model, figures in version.metrics.items()}),
            Jsonb(dict(version.lake_snapshots)),
        ),
    ).fetchone()
    if row is None:
        raise RuntimeError("an insert returned no row")
    return int(row[0])


def _store(connection: psycopg.Connection, version: int, folder: Path) -> int:
    """Every file in parts; how many parts."""
    parts = 0
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            for part, content in enumerate(iter(partial(file.read, PART_BYTES), b"")):
                connection.execute(_PART, (version, path.name, part, content), binary=True)
                parts += 1
    return parts


def _copy(connection: psycopg.Connection, name: str, version: int, table: pa.Table) -> int:
    rows = table.add_column(0, "version", pa.array([version] * table.num_rows, pa.int64()))
    return copy_arrow(connection, sql.Identifier("serving", name), rows)
