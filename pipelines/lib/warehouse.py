"""Typed tables to the schema `lake` of the warehouse, by binary COPY, the touched days only."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

import psycopg
from psycopg import sql
from pyiceberg.table import Table

from ingestion.contracts import EVENT_TYPES, Event
from pipelines.lib.arrow_copy import copy_arrow
from pipelines.lib.days import touched_days, within
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings
from pipelines.lib.typed import ensure_table, typed_name
from pipelines.lib.warehouse_schema import (
    SCHEMA,
    Shape,
    add_statements,
    create_statement,
    index_statements,
    rows_of,
    shapes,
)

_ANALYZE_FROM_ROWS = 10_000
_BOOKKEEPING = """
create schema if not exists lake;
create table if not exists lake.load_state (table_name text primary key, snapshot_id bigint not null);
create table if not exists lake.touched_days (
    table_name text, day date, loaded_at timestamptz not null default clock_timestamp(), primary key (table_name, day)
);
"""


@dataclass(frozen=True)
class LoadReport:
    """What one load did to one table and its children: rows copied and days reloaded, and all rows of each since."""

    event_type: str
    rows: int = 0
    days: int = 0
    totals: dict[str, int] = field(default_factory=dict)


def load(settings: Settings, *, rebuild: bool = False) -> list[LoadReport]:
    """Bring `lake.…` up to the typed tables; `rebuild` copies everything again.

    Each event type is one transaction: its days, the note of what dbt has to rebuild, and the snapshot reached. The
    note of the snapshot lies in the warehouse itself, so that a dropped warehouse is simply filled again.
    """
    with open_lake(settings) as catalog, psycopg.connect(settings.warehouse_url) as connection:
        prepare(connection)
        reports = []
        for event_class in EVENT_TYPES.values():
            ensure_table(settings, catalog, event_class)
            table = catalog.load_table(identifier(settings, typed_name(event_class.type)))
            with connection.transaction():
                report = _load_type(connection, event_class, table, rebuild)
                reports.append(replace(report, totals=_totals(connection, event_class)))
        return reports


def _totals(connection: psycopg.Connection, event_class: type[Event]) -> dict[str, int]:
    found = {}
    for shape in shapes(event_class):
        row = connection.execute(sql.SQL("select count(*) from {}").format(shape.identifier)).fetchone()
        found[shape.name] = int(row[0]) if row else 0
    return found


def prepare(connection: psycopg.Connection) -> None:
    """Make every table that is missing: dbt's sources exist from the start, empty or not."""
    with connection.transaction():
        connection.execute(_BOOKKEEPING)
        for event_class in EVENT_TYPES.values():
            for shape in shapes(event_class):
                connection.execute(create_statement(shape))
                _add_columns(connection, shape)


def loaded_snapshots(connection: psycopg.Connection) -> dict[str, int]:
    """Table of the warehouse → the typed snapshot that it is a copy of; tables that were never loaded are missing."""
    return dict(connection.execute("select table_name, snapshot_id from lake.load_state").fetchall())


def _add_columns(connection: psycopg.Connection, shape: Shape) -> None:
    query = "select column_name from information_schema.columns where table_schema = %s and table_name = %s"
    there = {name for (name,) in connection.execute(query, (SCHEMA, shape.name))}
    # No row is written for it: those from before have nothing there, in the lake as well.
    for column in add_statements(shape, there):
        connection.execute(column)


def _load_type(connection: psycopg.Connection, event_class: type[Event], table: Table, rebuild: bool) -> LoadReport:
    own, *children = shapes(event_class)
    snapshot = table.current_snapshot()
    if snapshot is None:
        return LoadReport(event_class.type)
    row = connection.execute("select snapshot_id from lake.load_state where table_name = %s", (own.name,)).fetchone()
    days = None if rebuild or row is None else touched_days(table, row[0])
    if days is not None and not days:
        _note(connection, own, snapshot.snapshot_id, set())
        return LoadReport(event_class.type)
    rows = (table.scan() if days is None else table.scan(row_filter=within(days))).to_arrow()
    copied = 0
    for shape in (own, *children):
        _clear(connection, shape, days)
        copied += copy_arrow(connection, shape.identifier, rows_of(shape, rows))
        for statement in index_statements(shape):
            connection.execute(statement)
        if rows.num_rows >= _ANALYZE_FROM_ROWS:
            connection.execute(sql.SQL("analyze {}").format(shape.identifier))
    loaded = set(rows_of(own, rows)["day"].unique().to_pylist()) | (days or set())
    _note(connection, own, snapshot.snapshot_id, loaded)
    return LoadReport(event_class.type, copied, len(loaded))


def _clear(connection: psycopg.Connection, shape: Shape, days: set[date] | None) -> None:
    if days is None:
        connection.execute(sql.SQL("truncate {}").format(shape.identifier))
    else:
        connection.execute(sql.SQL("delete from {} where day = any(%s)").format(shape.identifier), (list(days),))


def _note(connection: psycopg.Connection, shape: Shape, snapshot_id: int, days: Iterable[date]) -> None:
    connection.execute(
        "insert into lake.load_state values (%s, %s)"
        " on conflict (table_name) do update set snapshot_id = excluded.snapshot_id",
        (shape.name, snapshot_id),
    )
    connection.execute(
        "insert into lake.touched_days (table_name, day) select %s, unnest(%s::date[])"
        " on conflict (table_name, day) do update set loaded_at = excluded.loaded_at",
        (shape.name, list(days)),
    )
