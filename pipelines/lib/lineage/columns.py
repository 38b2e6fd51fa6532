"""From which columns each column of a model is made: read out of the SQL that dbt ran, not told by anybody."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from ingestion.contracts import EVENT_TYPES
from pipelines.lib.lineage.models import Model
from pipelines.lib.ops import open_ops
from pipelines.lib.settings import Settings
from pipelines.lib.warehouse_schema import SCHEMA, shapes

if TYPE_CHECKING:
    from sqlglot.lineage import Node

Tables = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, order=True)
class ColumnEdge:
    """`column` of the relation `name` is made, among others, from `source_column` of the relation `source`."""

    name: str
    column: str
    source: str
    source_column: str


def note_columns(settings: Settings, models: Iterable[Model], compiled: Path) -> int:
    """Write the edges of all models to `ops.lineage_columns`, where any of their SQL has changed; returns how many.

    `compiled` is the folder in which dbt leaves the SQL that it ran, by the models' paths. A model without such a file
    has not been built yet, and is left out.
    """
    there = [(model, path.read_text()) for model in models if (path := compiled / model.path).exists()]
    checksum = sha256(
        "\0".join(f"{model.name}\0{sql}" for model, sql in sorted(there, key=_by_name)).encode()
    ).hexdigest()
    with open_ops(settings) as connection:
        if connection.execute("select checksum from ops.lineage_columns_of").fetchone() != (checksum,):
            _replace(connection, read_edges(there), checksum)
        row = connection.execute("select count(*) from ops.lineage_columns").fetchone()
        return int(row[0]) if row else 0


def noted_columns(settings: Settings) -> list[ColumnEdge]:
    """All edges, as they were noted last."""
    with open_ops(settings) as connection:
        return [ColumnEdge(*row) for row in connection.execute("select * from ops.lineage_columns order by 1, 2, 3, 4")]


def _by_name(entry: tuple[Model, str]) -> str:
    return entry[0].name


def _replace(connection: psycopg.Connection, edges: Iterable[ColumnEdge], checksum: str) -> None:
    connection.execute("delete from ops.lineage_columns")
    rows = [(edge.name, edge.column, edge.source, edge.source_column) for edge in edges]
    connection.cursor().executemany("insert into ops.lineage_columns values (%s, %s, %s, %s)", rows)
    connection.execute("delete from ops.lineage_columns_of")
    connection.execute("insert into ops.lineage_columns_of values (%s)", (checksum,))


def read_edges(models: Iterable[tuple[Model, str]]) -> list[ColumnEdge]:
    """The edges of models, given with the SQL that dbt made of them; sorted, each once.

    The columns of a model that no contract names are those that its SQL selects, so models come in the order in which
    they are built upon each other.
    """
    known = dict[str, list[str]](_of_the_lake())
    edges = set[ColumnEdge]()
    waiting = {model.name: (model, sql) for model, sql in models}
    while waiting:
        ready = [name for name, (model, _) in waiting.items() if not waiting.keys() & set(model.depends_on)]
        for name in ready or sorted(waiting):
            model, sql = waiting.pop(name)
            # Macros read tables that dbt does not know of: the text itself says which.
            above = tuple((table, tuple(columns)) for table, columns in known.items() if table.split(".")[1] in sql)
            own = _edges(model.name, sql, above)
            known[name] = list(dict.fromkeys(column for column, _ in own))
            edges.update(edge for _, edge in own if edge is not None)
    return sorted(edges)


def _of_the_lake() -> Iterator[tuple[str, list[str]]]:
    for contract in EVENT_TYPES.values():
        for shape in shapes(contract):
            yield f"{SCHEMA}.{shape.name}", list(shape.columns.names)
    yield f"{SCHEMA}.touched_days", ["table_name", "day", "loaded_at"]


@lru_cache(maxsize=256)
def _edges(name: str, sql: str, above: Tables) -> tuple[tuple[str, ColumnEdge | None], ...]:
    """(column, edge), and (column, None) for one that is made of nothing, such as a constant.

    `above` are the relations that the query may read, hardly any others: the schema is taken in anew for each column.
    """
    from sqlglot import exp, parse_one  # noqa: PLC0415 - heavy
    from sqlglot.lineage import lineage  # noqa: PLC0415 - heavy
    from sqlglot.optimizer.qualify import qualify  # noqa: PLC0415 - heavy
    from sqlglot.optimizer.scope import build_scope  # noqa: PLC0415 - heavy

    schema: dict[str, Any] = {}
    for table_name, columns in above:
        database, own = table_name.split(".")
        schema.setdefault(database, {})[own] = dict.fromkeys(columns, "text")
    tree = parse_one(sql, dialect="postgres")
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    query = qualify(tree, schema=schema, dialect="postgres", validate_qualify_columns=False, identify=False)
    scope = build_scope(query)
    if not isinstance(query, exp.Query) or scope is None:
        raise ValueError(f"{name} is no query")
    edges: list[tuple[str, ColumnEdge | None]] = []
    for column in query.named_selects:
        found = {
            edge
            for node in _leaves(lineage(column, query, schema, scope=scope, dialect="postgres"))
            if (edge := _edge(name, column, node))
        }
        edges += ((column, edge) for edge in sorted(found)) if found else [(column, None)]
    return tuple(edges)


def _leaves(node: "Node") -> Iterator["Node"]:
    if not node.downstream:
        yield node
    for below in node.downstream:
        yield from _leaves(below)


def _edge(name: str, column: str, node: "Node") -> ColumnEdge | None:
    from sqlglot import exp  # noqa: PLC0415 - heavy

    if not isinstance(node.expression, exp.Table):
        return None
    return ColumnEdge(
        name, column, f"{node.expression.db}.{node.expression.name}", node.name.rpartition(".")[2].strip('"')
    )
