"""The warehouse dropped and made again from the lake alone, and the proof that it came out equal."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pipelines.lib import typed, warehouse
from pipelines.lib.exclusive import exclusive
from pipelines.lib.marts import build_marts
from pipelines.lib.settings import Settings

# What is made of the lake, the last layer first.
LAYERS = ("marts", "intermediate", "staging", "lake")
COMPARED = ("lake", "marts")
# When something was made is no part of what was made.
_VOLATILE = {("lake", "touched_days"), ("lake", "load_state"), ("marts", "mart_as_of")}
_RELATIONS = """
select relation.relname, relation.relkind from pg_class as relation
join pg_namespace as schema on schema.oid = relation.relnamespace
where schema.nspname = %s and relation.relkind in ('r', 'v', 'm') order by 1
"""
# A sum of hashes does not depend on the order of rows.
_CHECKSUM = (
    "select count(*), coalesce(sum(hashtextextended(each::text, 0)::numeric), 0)::text from (select {} from {}) as each"
)
# Nor does it on the order of columns: one that a contract got later stands last until the table is made again.
_COLUMNS = (
    "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped order by 1"
)
_KINDS = {"r": "table", "v": "view", "m": "materialized view"}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Compared:
    """Rows of one table, and whether all of them are the same as before."""

    table: str
    rows_before: int
    rows_after: int
    is_equal: bool


def rebuild(settings: Settings, *, typed_too: bool = False, say: Say = lambda _: None) -> list[Compared]:
    """Drop every table of the warehouse that comes from the lake, make all of them again, and compare.

    What has landed since the last build is taken in first, so that only the making is compared. With `typed_too` the
    typed tables are made again from raw as well. While it runs the dashboards say that there are no figures yet.
    """
    say("taking in what has landed")
    with exclusive(settings):
        typed.build(settings)
        warehouse.load(settings)
    # What is wrong with the tables as they stand is no reason to stop: this is the way back from it.
    build_marts(settings, data_tests=False)
    before = checksums(settings)
    with exclusive(settings):
        say("dropping the warehouse")
        drop(settings)
        if typed_too:
            say("making the typed tables from raw")
            typed.build(settings, rebuild=True)
        say("loading the warehouse from the lake")
        warehouse.load(settings, rebuild=True)
    say("building the marts")
    build_marts(settings, full_refresh=True)
    say("comparing")
    after = checksums(settings)
    return [
        Compared(name, before.get(name, (0, ""))[0], after.get(name, (0, ""))[0], before.get(name) == after.get(name))
        for name in sorted(before | after)
    ]


def drop(settings: Settings) -> None:
    """Drop the tables and views themselves; the schemas stay, with who may read in them."""
    with psycopg.connect(settings.warehouse_url) as connection:
        for schema in LAYERS:
            for name, kind in connection.execute(_RELATIONS, (schema,)).fetchall():
                statement = sql.SQL("drop {} if exists {} cascade")
                connection.execute(statement.format(sql.SQL(_KINDS[kind]), sql.Identifier(schema, name)))


def checksums(settings: Settings) -> dict[str, tuple[int, str]]:
    """Table → (rows, checksum) of everything that the rebuild has to bring back."""
    found = {}
    with psycopg.connect(settings.warehouse_url) as connection:
        for schema in COMPARED:
            for name, _ in connection.execute(_RELATIONS, (schema,)).fetchall():
                if (schema, name) not in _VOLATILE:
                    table = sql.Identifier(schema, name)
                    names = connection.execute(_COLUMNS, (table.as_string(),)).fetchall()
                    columns = sql.SQL(", ").join(sql.Identifier(column) for (column,) in names)
                    row = connection.execute(sql.SQL(_CHECKSUM).format(columns, table)).fetchone()
                    found[f"{schema}.{name}"] = (row[0], row[1]) if row else (0, "")
    return found
