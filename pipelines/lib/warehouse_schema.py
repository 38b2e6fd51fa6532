"""How a typed table lies in the warehouse: one table of plain columns, and a child table for each list of structs."""

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from ingestion.contracts import Event
from ingestion.lake.schemas import arrow_schema
from pipelines.lib.days import day_of

SCHEMA = "lake"


@dataclass(frozen=True)
class Shape:
    """A warehouse table. `list_column` names the list whose structs a child table holds, None for the event's own."""

    name: str
    columns: pa.Schema
    list_column: str | None = None

    @property
    def identifier(self) -> sql.Identifier:
        """The quoted, qualified name."""
        return sql.Identifier(SCHEMA, self.name)


def shapes(event_class: type[Event]) -> list[Shape]:
    """The event's table first, then its child tables. `day` is the UTC day of `occurred_at`, the unit of reloading."""
    schema = arrow_schema(event_class)
    name = event_class.type.replace(".", "_")
    lists = [field for field in schema if _is_list(field.type)]
    plain = [_plain(field) for field in schema if not _is_list(field.type)]
    keys = [pa.field("event_id", pa.string()), pa.field("day", pa.date32())]
    children = [
        Shape(f"{name}_{field.name}", pa.schema([*keys, *map(_plain, field.type.value_type)]), field.name)
        for field in lists
    ]
    return [Shape(name, pa.schema([plain[0], keys[1], *plain[1:]])), *children]


def rows_of(shape: Shape, typed: pa.Table) -> pa.Table:
    """Typed rows in the columns of `shape`. Postgres holds no U+0000 in text: it becomes U+FFFD."""
    day = day_of(typed["occurred_at"])
    if shape.list_column is None:
        wide = typed.append_column("day", day)
        columns = [wide[name] for name in shape.columns.names]
    else:
        items = typed[shape.list_column].combine_chunks()
        parent = pc.list_parent_indices(items)
        structs = pc.list_flatten(items)
        keys = [typed["event_id"].take(parent), day.take(parent)]
        columns = [*keys, *(pc.struct_field(structs, name) for name in shape.columns.names[2:])]
    return _without_nul(pa.table(columns, names=shape.columns.names).cast(shape.columns))


def create_statement(shape: Shape) -> sql.Composed:
    """`create table if not exists` for this shape."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(_postgres_type(field.type)))
        for field in shape.columns
    )
    return sql.SQL("create table if not exists {} ({})").format(shape.identifier, columns)


def add_statements(shape: Shape, there: Collection[str]) -> list[sql.Composed]:
    """`alter table add column` for what a contract has got since the table was made; Postgres writes no row for it."""
    return [
        sql.SQL("alter table {} add column {} {}").format(
            shape.identifier, sql.Identifier(field.name), sql.SQL(_postgres_type(field.type))
        )
        for field in shape.columns
        if field.name not in there
    ]


def index_statements(shape: Shape) -> list[sql.Composed]:
    """Indexes made after the first load: by day for reloading, and one row per event where that holds."""
    by_day = sql.SQL("create index if not exists {} on {} (day)").format(
        sql.Identifier(f"{shape.name}_day"), shape.identifier
    )
    if shape.list_column is not None:
        return [by_day]
    # Repeats are dropped within the event's own day, so that is where an event is unique.
    unique = sql.SQL("create unique index if not exists {} on {} (event_id, day)").format(
        sql.Identifier(f"{shape.name}_event"), shape.identifier
    )
    return [by_day, unique]


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _plain(field: pa.Field) -> pa.Field:
    return field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field


def _postgres_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    names = {"string": "text", "int64": "bigint", "int32": "integer", "double": "double precision", "bool": "boolean"}
    return "date" if pa.types.is_date32(kind) else names[str(kind)]


def _without_nul(rows: pa.Table) -> pa.Table:
    for index, field in enumerate(rows.schema):
        if pa.types.is_string(field.type) and pc.any(pc.match_substring(rows[index], "\0")).as_py():
            rows = rows.set_column(index, field, pc.replace_substring(rows[index], "\0", "\ufffd"))
    return rows
