"""What `agora lake` and `agora warehouse` do."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import polars as pl
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table.snapshots import Snapshot
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from infra.local.environment import enter
from infra.local.settings import LocalError
from ingestion.clock import ClockIsOff
from ingestion.lake.catalog import LakeCatalog, open_catalog
from ingestion.lake.reader import compacted_through
from pipelines.lib import care as lake_care
from pipelines.lib import query as questions
from pipelines.lib.query import NAMESPACES, BadQuery
from pipelines.lib.seen import seen_at_order
from pipelines.lib.settings import Settings, load_settings

FORMS = ("table", "csv", "json")


def show_tables(form: str) -> None:
    """Every table with its rows, files and snapshots."""
    _known(form)
    with _lake() as (settings, catalog):
        prefix = settings.lake.lake_namespace_prefix
        rows = []
        for namespace in NAMESPACES:
            if catalog.namespace_exists(prefix + namespace):
                for own, name in sorted(catalog.list_tables(prefix + namespace)):
                    table = catalog.load_table((own, name))
                    rows.append(
                        _summary(f"{namespace}.{name}", table.current_snapshot(), len(table.metadata.snapshots))
                    )
    show(pl.DataFrame(rows, infer_schema_length=None), form, len(rows))


def _summary(name: str, snapshot: Snapshot | None, snapshots: int) -> dict[str, Any]:
    said = _said(snapshot)
    return {
        "table": name,
        "rows": int(said.get("total-records", 0)),
        "files": int(said.get("total-data-files", 0)),
        "megabytes": round(int(said.get("total-files-size", 0)) / 1e6, 1),
        "snapshots": snapshots,
        "changed_at": _time(snapshot) if snapshot else None,
    }


def _said(snapshot: Snapshot | None) -> dict[str, str]:
    """What a snapshot says of itself."""
    if snapshot is None or snapshot.summary is None:
        return {}
    return snapshot.summary.additional_properties | {"operation": snapshot.summary.operation.value}


def show_history(name: str, form: str, rows: int) -> None:
    """The snapshots of a table, the newest first."""
    _known(form)
    with _lake() as (settings, catalog):
        try:
            table = catalog.load_table(settings.lake.table(name))
        except (NoSuchTableError, ValueError) as error:
            raise LocalError(f"there is no table {name}; `agora lake tables` shows which there are") from error
        names: dict[int, list[str]] = {}
        for ref, target in table.metadata.refs.items():
            names.setdefault(target.snapshot_id, []).append(ref)
        found = [_step(snapshot, names) for snapshot in reversed(table.metadata.snapshots)]
    show(pl.DataFrame(found, infer_schema_length=None), form, rows)


def _step(snapshot: Snapshot, names: dict[int, list[str]]) -> dict[str, Any]:
    said = _said(snapshot)
    is_compaction = compacted_through(snapshot) is not None
    return {
        "at": _time(snapshot),
        "snapshot": str(snapshot.snapshot_id),
        "what": "compaction" if is_compaction else said.get("operation", ""),
        "rows_added": 0 if is_compaction else int(said.get("added-records", 0)),
        "rows_removed": 0 if is_compaction else int(said.get("deleted-records", 0)),
        "files_added": int(said.get("added-data-files", 0)),
        "files_removed": int(said.get("deleted-data-files", 0)),
        "rows": int(said.get("total-records", 0)),
        "names": ", ".join(sorted(names.get(snapshot.snapshot_id, []))),
    }


def _time(snapshot: Snapshot) -> datetime:
    return datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)


def ask_lake(query: str, at: datetime | None, form: str, rows: int) -> None:
    """One question to the lake."""
    _known(form)
    with _told():
        show(questions.lake(query, at, _settings()), form, rows)


def ask_warehouse(query: str, form: str, rows: int) -> None:
    """One question to the warehouse."""
    _known(form)
    with _told():
        show(questions.warehouse(query, _settings()), form, rows)


def show_order(order_id: UUID, hours: int, at: datetime | None, form: str) -> None:
    """What a customer saw at an order: its lines, the rankings shown before, the pages looked at."""
    _known(form)
    with _told():
        try:
            found = seen_at_order(order_id, hours, at, _settings())
        except LookupError as error:
            raise LocalError(str(error)) from error
    if form == "json":
        parts = {"lines": found.lines, "rankings": found.rankings, "views": found.views}
        answer = {"order": found.order} | {name: frame.to_dicts() for name, frame in parts.items()}
        print(json.dumps(answer, default=str))
        return
    if form == "csv":
        show(found.lines, form, found.lines.height)
        return
    order = found.order
    print(f"Order {order['order_id']} of {_text(order['placed_at'])} UTC")
    print(f"{order['total_minor']} {order['currency']}, as all money here in minor units")
    print(f"Event {order['event_id']}, partition {order['kafka_partition']}, offset {order['kafka_offset']}")
    for title, frame in (("Lines", found.lines), ("Rankings", found.rankings), ("Pages", found.views)):
        print(f"\n{title}{'' if frame.height else ': none'}")
        if frame.height:
            show(frame, form, 30)


def care(form: str) -> None:
    """Care for every table, with a line for each as it is done."""
    _known(form)
    settings = _settings()
    done = []
    with _told(), Console(stderr=True).status("caring for the lake") as status:
        for each in lake_care.care(settings):
            status.update(f"{each.table} is done")
            done.append(
                {
                    "table": each.table,
                    "files": f"{each.before.files} → {each.after.files}",
                    "megabytes": f"{each.before.bytes / 1e6:.1f} → {each.after.bytes / 1e6:.1f}",
                    "manifests": f"{each.before.manifests} → {each.after.manifests}",
                    "snapshots": f"{each.before.snapshots} → {each.after.snapshots}",
                    "tagged": ", ".join(each.expired.tagged),
                    "files_deleted": each.expired.files + each.removed.files,
                }
            )
    show(pl.DataFrame(done, infer_schema_length=None), form, len(done))


def show(frame: pl.DataFrame, form: str, rows: int) -> None:
    """A data frame on the terminal; as a table at most so many rows of it, and a line that says so."""
    if form == "csv":
        print(frame.with_columns(_flat(frame)).write_csv(), end="")
        return
    if form == "json":
        print(frame.write_json())
        return
    table = Table(box=None, pad_edge=False)
    for name, kind in frame.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left")
    for row in frame.head(rows).iter_rows():
        table.add_row(*map(_text, row))
    Console().print(table)
    if frame.height > rows:
        print(f"{rows} of {frame.height:,} rows; --format csv shows all")


def _flat(frame: pl.DataFrame) -> Sequence[pl.Expr]:
    """CSV has no lists and no structs: they become JSON."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return [
        pl.col(name).map_elements(lambda value: json.dumps(_plain(value), default=str), pl.String) for name in nested
    ]


def _plain(value: Any) -> Any:
    return value.to_list() if isinstance(value, pl.Series) else value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def _known(form: str) -> None:
    if form not in FORMS:
        raise LocalError(f"no such format: {form}; there are {', '.join(FORMS)}")


def _settings() -> Settings:
    enter()
    return load_settings()


@contextmanager
def _lake() -> Iterator[tuple[Settings, LakeCatalog]]:
    settings = _settings()
    with _told(), closing(open_catalog(settings.lake)) as catalog:
        yield settings, catalog


@contextmanager
def _told() -> Iterator[None]:
    """What a person has to mend, in one line."""
    try:
        yield
    except (BadQuery, lake_care.CareIsBusy, ClockIsOff) as error:
        raise LocalError(str(error)) from error
    except SQLAlchemyError as error:
        raise LocalError("Postgres does not answer: is the stack up?") from error
