"""Raw to typed: one Iceberg table per event type, a partition per day, every event once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import And, BooleanExpression, EqualTo, GreaterThanOrEqual, LessThanOrEqual
from pyiceberg.table import Table
from pyiceberg.transforms import DayTransform

from ingestion.contracts import EVENT_TYPES, TOPICS, Event
from ingestion.lake.failed import TYPING, failed_id
from ingestion.lake.reader import scan, stream, stream_added
from ingestion.lake.schemas import arrow_schema
from ingestion.lake.tables import FAILED_TABLE, raw_table
from pipelines.lib.days import as_date, day_of, within
from pipelines.lib.decode import Decoded, decode
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings
from pipelines.lib.state import SnapshotState

COMMIT_ATTEMPTS = 5
MERGED_ROWS = 2_000_000
_PLACE = ("kafka_topic", "kafka_partition", "kafka_offset")
_RECORD = (*_PLACE, "value")  # in a topic that was made again another record has the same place
_PROPERTIES = {
    # A merge that lost a race has to read the table again; a blind retry is what appends twice.
    "commit.retry.num-retries": "0",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.manifest-merge.enabled": "true",
}
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class TypedReport:
    """What one build did to one typed table: raw rows read, rows that were new, refused rows and days rewritten.

    `rows` are all that the table has now.
    """

    event_type: str
    read: int = 0
    added: int = 0
    refused: int = 0
    days: int = 0
    rows: int = 0

    def __add__(self, more: "TypedReport") -> "TypedReport":
        """Both together, of the same type."""
        counts = ("read", "added", "refused", "days")
        return TypedReport(self.event_type, *(getattr(self, name) + getattr(more, name) for name in counts))


def typed_name(event_type: str) -> str:
    """`ordering.order_placed` → `typed.ordering_order_placed`."""
    return f"typed.{event_type.replace('.', '_')}"


def build(settings: Settings, *, rebuild: bool = False) -> list[TypedReport]:
    """Bring all typed tables up to what has landed in raw; `rebuild` reads everything again.

    The raw snapshot is noted only after everything of it is written. A crash before that makes the next build read the
    same rows again: rows that are already there are dropped by event id, so that nothing is ever counted twice.
    """
    with open_lake(settings) as catalog, SnapshotState.open(settings) as state:
        return [report for topic in TOPICS for report in _build_topic(settings, catalog, state, topic, rebuild)]


def _build_topic(
    settings: Settings, catalog: Catalog, state: SnapshotState, topic: str, rebuild: bool
) -> Iterator[TypedReport]:
    event_types = [name for name, event_class in EVENT_TYPES.items() if event_class.domain() == topic]
    tables = {name: ensure_table(settings, catalog, EVENT_TYPES[name]) for name in event_types}
    source = identifier(settings, raw_table(topic))
    if not catalog.table_exists(source):
        yield from (TypedReport(name, rows=total_rows(table)) for name, table in tables.items())
        return
    added = stream_added(catalog, source, None if rebuild else state.get(source))
    done = {name: TypedReport(name) for name in event_types}
    for part in added.parts:
        for event_type, rows in _by_type(settings, catalog, part, event_types):
            done[event_type] += _build_type(settings, catalog, EVENT_TYPES[event_type], rows)
    yield from (replace(report, rows=total_rows(tables[name].refresh())) for name, report in done.items())
    if added.snapshot_id is not None:
        state.put(source, added.snapshot_id)


def _by_type(
    settings: Settings, catalog: Catalog, raw: pa.Table, event_types: Sequence[str]
) -> Iterator[tuple[str, pa.Table]]:
    """Raw rows by the type of their event; those of no type go to the failed events."""
    unknown = pc.invert(pc.is_in(raw["event_type"], pa.array(event_types)))
    nameless = raw.filter(unknown)
    refuse(settings, catalog, nameless, ["type: no contract has this name"] * nameless.num_rows)
    for event_type in event_types:
        rows = raw.filter(pc.equal(raw["event_type"], event_type))
        if rows.num_rows:
            yield event_type, rows


def build_day(settings: Settings, day: date) -> list[TypedReport]:
    """Make one UTC day of all typed tables again from raw, and nothing of any other day.

    What raw holds of other days is passed over by the bounds of its files, whenever it landed.
    """
    with open_lake(settings) as catalog:
        return [report for topic in TOPICS for report in _rebuild_day(settings, catalog, topic, day)]


def _rebuild_day(settings: Settings, catalog: Catalog, topic: str, day: date) -> Iterator[TypedReport]:
    source = identifier(settings, raw_table(topic))
    if not catalog.table_exists(source):
        return
    event_types = [name for name, event_class in EVENT_TYPES.items() if event_class.domain() == topic]
    made: dict[str, list[pa.Table]] = {name: [] for name in event_types}
    done = {name: TypedReport(name) for name in event_types}
    for part in stream(catalog, source, within([day])):
        for event_type, rows in _by_type(settings, catalog, part, event_types):
            decoded = _decode(settings, catalog, EVENT_TYPES[event_type], rows)
            made[event_type].append(decoded.rows)
            done[event_type] += TypedReport(event_type, rows.num_rows, 0, len(decoded.refused), 0)
    for event_type, tables in made.items():
        table = ensure_table(settings, catalog, EVENT_TYPES[event_type])
        rows = pa.concat_tables([arrow_schema(EVENT_TYPES[event_type]).empty_table(), *tables])
        tables.clear()
        rows = rows.take(pa.array(_first_of_each_event(rows)["index"].to_numpy()))
        _until_committed(partial(_put, catalog, ".".join(table.name()), day, rows))
        yield done[event_type] + TypedReport(event_type, 0, rows.num_rows, 0, 1 if rows.num_rows else 0)


def _put(catalog: Catalog, name: str, day: date, rows: pa.Table) -> None:
    """These rows instead of what the day holds."""
    table = catalog.load_table(name)
    is_filled = any(True for _ in table.scan(row_filter=within([day])).plan_files())
    with table.transaction() as transaction:
        if is_filled:
            transaction.delete(within([day]))
        if rows.num_rows:
            transaction.append(rows)


def _build_type(settings: Settings, catalog: Catalog, event_class: type[Event], raw: pa.Table) -> TypedReport:
    decoded = _decode(settings, catalog, event_class, raw)
    name = identifier(settings, typed_name(event_class.type))
    done = TypedReport(event_class.type, raw.num_rows, 0, len(decoded.refused), 0)
    for rows in _by_size(catalog.load_table(name), decoded.rows):
        added, days = _until_committed(partial(_merge_into, catalog, name, rows))
        done += TypedReport(event_class.type, 0, added, 0, days)
    return done


def _decode(settings: Settings, catalog: Catalog, event_class: type[Event], raw: pa.Table) -> Decoded:
    decoded = decode(event_class, arrow_schema(event_class), raw)
    refuse(settings, catalog, raw.take(pa.array(decoded.refused, pa.int64())), list(decoded.refused.values()))
    return decoded


def _by_size(table: Table, rows: pa.Table) -> Iterator[pa.Table]:
    """Rows of so many days at once that what these hold already fits into memory beside them."""
    if rows.num_rows == 0:
        return
    days = day_of(rows["occurred_at"])
    wanted = sorted(pc.unique(days).to_pylist())
    there: Counter[date] = Counter()
    for task in table.scan(row_filter=within(wanted)).plan_files():
        there[as_date(task.file.partition[0])] += task.file.record_count
    if there.total() <= MERGED_ROWS:
        yield rows
        return
    group: list[date] = []
    for day in wanted:
        if group and sum(there[each] for each in group) + there[day] > MERGED_ROWS:
            yield rows.filter(pc.is_in(days, pa.array(group, pa.date32())))
            group = []
        group.append(day)
    yield rows.filter(pc.is_in(days, pa.array(group, pa.date32())))


def _merge_into(catalog: Catalog, name: str, rows: pa.Table) -> tuple[int, int]:
    return merge(catalog.load_table(name), rows)


def total_rows(table: Table) -> int:
    """All rows of a table, as its newest snapshot says."""
    snapshot = table.current_snapshot()
    return 0 if snapshot is None or snapshot.summary is None else int(snapshot.summary["total-records"] or 0)


def merge(table: Table, rows: pa.Table) -> tuple[int, int]:
    """Add the rows that are new to `table` by rewriting the days they fall on, in one commit.

    Within a day the row with the lowest offset stands for its event. Returns (new rows, days rewritten); no commit at
    all where every event was there before. Raises CommitFailedException when another writer was faster.
    """
    if rows.num_rows == 0:
        return 0, 0
    days = set(pc.unique(day_of(rows["occurred_at"])).to_pylist())
    there = table.scan(row_filter=within(days)).to_arrow().select(rows.column_names).cast(rows.schema)
    both = pa.concat_tables([there, rows])
    kept = _first_of_each_event(both).with_columns(is_new=pl.col("index") >= there.num_rows)
    changed = kept.filter(pl.col("is_new"))["day"].unique()
    new = int(kept["is_new"].sum())
    if new == 0:
        return 0, 0
    kept = kept.filter(pl.col("day").is_in(changed.implode()))
    result = both.take(pa.array(kept["index"].to_numpy()))
    if there.num_rows == 0:
        table.append(result)
    else:
        _replace(table, result, set(changed.to_list()), there)
    return new, len(changed)


def _replace(table: Table, rows: pa.Table, days: set[date], there: pa.Table) -> None:
    filled = set(pc.unique(day_of(there["occurred_at"])).to_pylist())
    replaced = days & filled
    if not replaced:
        table.append(rows)
        return
    with table.transaction() as transaction:
        transaction.delete(within(replaced))
        transaction.append(rows)


def _first_of_each_event(rows: pa.Table) -> pl.DataFrame:
    keys = pl.DataFrame(
        {
            "index": pl.int_range(rows.num_rows, eager=True),
            "event_id": pl.Series(rows["event_id"]),
            "day": pl.Series(day_of(rows["occurred_at"])),
            "partition": pl.Series(rows["kafka_partition"]),
            "offset": pl.Series(rows["kafka_offset"]),
        }
    )
    # Equal offsets are the same record read again: the one that is already in the table comes first and stays.
    ordered = keys.sort("day", "partition", "offset", "index")
    return ordered.unique(["day", "event_id"], keep="first", maintain_order=True)


def refuse(settings: Settings, catalog: Catalog, raw: pa.Table, reasons: Sequence[str]) -> int:
    """Put raw rows whole into the failed events, each with its reason, and once however often this is repeated.

    Returns how many were new.
    """
    if raw.num_rows == 0:
        return 0
    return _until_committed(lambda: _append_failed(settings, catalog, raw, reasons))


def _append_failed(settings: Settings, catalog: Catalog, raw: pa.Table, reasons: Sequence[str]) -> int:
    name = identifier(settings, FAILED_TABLE)
    table = catalog.load_table(name)
    there = _records(scan(catalog, name, columns=_RECORD, row_filter=_around(raw)))
    now = datetime.now(UTC)
    failed = [
        {
            **{column: row[column] for column in (*_PLACE, "kafka_timestamp", "event_id", "event_type", "dataschema")},
            "key": (row["subject"] or "").encode(),
            "value": value,
            "reason": reason,
            "failed_at": now,
            "stage": TYPING,
            "kafka_topic_id": row.get("kafka_topic_id"),
            "failed_id": failed_id(row["kafka_topic"], row["kafka_partition"], row["kafka_offset"], value),
        }
        for row, reason in zip(raw.to_pylist(), reasons, strict=True)
        if (*(row[column] for column in _PLACE), value := row["value"].encode()) not in there
    ]
    if failed:
        table.append(pa.Table.from_pylist(failed, schema=table.schema().as_arrow()))
    return len(failed)


def _records(rows: pa.Table) -> set[tuple[Any, ...]]:
    return {tuple(row[column] for column in _RECORD) for row in rows.to_pylist()}


def _around(raw: pa.Table) -> BooleanExpression:
    """Every row of the same topic from the lowest to the highest of these offsets."""
    ends = pc.min_max(raw["kafka_offset"]).as_py()
    return And(
        EqualTo(term="kafka_topic", value=raw["kafka_topic"][0].as_py()),
        GreaterThanOrEqual(term="kafka_offset", value=ends["min"]),
        LessThanOrEqual(term="kafka_offset", value=ends["max"]),
    )


def _until_committed(write: Callable[[], _Result]) -> _Result:
    # The lander and the upkeep commit to the same catalog: losing a race means reading the table again, no more.
    for attempt in range(COMMIT_ATTEMPTS):
        try:
            return write()
        except CommitFailedException:
            if attempt == COMMIT_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def ensure_table(settings: Settings, catalog: Catalog, event_class: type[Event]) -> Table:
    """The typed table of an event type, created or widened to what its contract says today."""
    name = identifier(settings, typed_name(event_class.type))
    schema = arrow_schema(event_class)
    if not catalog.table_exists(name):
        catalog.create_namespace_if_not_exists(name.split(".")[0])
        with (
            catalog.create_table_transaction(name, schema=schema, properties=_PROPERTIES) as transaction,
            transaction.update_spec() as spec,
        ):
            spec.add_field("occurred_at", DayTransform(), "occurred_day")
    table = catalog.load_table(name)
    if not set(_paths(schema)) <= set(table.schema().column_names):
        with table.update_schema() as update:
            update.union_by_name(schema)
    return table


def _paths(fields: Iterable[pa.Field], above: str = "") -> Iterator[str]:
    """Every field's full name as Iceberg writes it, those of structs in lists included."""
    for field in fields:
        yield above + field.name
        if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            yield from _paths(field.type.value_type, f"{above}{field.name}.element.")
