"""Writes what is known after a build into the schema `ops`, whole and at once."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from pipelines.lib import warehouse
from pipelines.lib.lake import open_lake
from pipelines.lib.lineage.loads import read_loads
from pipelines.lib.lineage.models import read_models
from pipelines.lib.ops import open_ops
from pipelines.lib.settings import Settings
from pipelines.lib.state import SnapshotState


@dataclass(frozen=True)
class Noted:
    """How much was written: models, and loaded tables."""

    models: int
    loads: int


def note_lineage(settings: Settings, manifest: Path) -> Noted:
    """Replace what `ops` says of models and loads. A reader sees the state before or this one."""
    models = read_models(manifest)
    with open_ops(settings) as connection:
        warehouse.prepare(connection)
        with open_lake(settings) as catalog, SnapshotState.open(settings) as state:
            loads = read_loads(settings, catalog, state, connection)
        _replace(connection, "lineage_models", [asdict(model) for model in models], {"columns"})
        _replace(connection, "lineage_loads", [asdict(load) for load in loads], {"positions", "samples"})
        connection.execute("delete from ops.lineage_noted")
        connection.execute("insert into ops.lineage_noted (noted_at) values (clock_timestamp())")
    return Noted(len(models), len(loads))


def _replace(connection: psycopg.Connection, table: str, rows: list[dict[str, Any]], documents: set[str]) -> None:
    name = sql.Identifier("ops", table)
    # Not TRUNCATE: that would make readers wait, and those with an older snapshot see an empty table.
    connection.execute(sql.SQL("delete from {}").format(name))
    if not rows:
        return
    columns = list(rows[0])
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        name,
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Placeholder() * len(columns)),
    )
    values = [
        [Jsonb(row[column]) if column in documents and row[column] is not None else row[column] for column in columns]
        for row in rows
    ]
    connection.cursor().executemany(statement, values)
