"""Reading the lake: what was added since a snapshot, and plain scans."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import ManifestContent
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.snapshots import Snapshot, ancestors_of

# In a compaction's summary: the newest snapshot whose rows lie in its files, empty where all of those have expired.
THROUGH_KEY = "agora.compacted-through"
# Rows that are in memory at once while a table is read in parts.
PART_ROWS = 250_000


@dataclass(frozen=True)
class Added:
    """`rows` up to `snapshot_id` (None for a table without any). `is_full`: these are all rows of the table."""

    rows: pa.Table
    snapshot_id: int | None
    is_full: bool


@dataclass(frozen=True)
class Parts:
    """The same, read in parts of some hundred thousand rows, in the order in which they came."""

    parts: Iterator[pa.Table]
    snapshot_id: int | None
    is_full: bool


def read_added(catalog: Catalog, table: str, after: int | None, columns: tuple[str, ...] | None = None) -> Added:
    """Rows of the data files added after snapshot `after` and still there.

    Everything, and `is_full`, where `after` is None or no longer an ancestor of the current snapshot, or where a
    compaction has put rows from before and after it into one file. Raises NoSuchTableError.
    """
    loaded = catalog.load_table(table)
    tasks, snapshot_id, is_full = _added(loaded, after)
    return Added(_scan(loaded, columns).to_table(tasks), snapshot_id, is_full)


def stream_added(catalog: Catalog, table: str, after: int | None) -> Parts:
    """`read_added` for what may be more than fits into memory."""
    loaded = catalog.load_table(table)
    tasks, snapshot_id, is_full = _added(loaded, after)
    return Parts(_parts(_scan(loaded, None), tasks), snapshot_id, is_full)


def stream(catalog: Catalog, table: str, row_filter: BooleanExpression) -> Iterator[pa.Table]:
    """Rows of the current snapshot in parts; files that cannot hold any are not opened. Raises NoSuchTableError."""
    loaded = catalog.load_table(table)
    tasks = loaded.scan(row_filter=row_filter).plan_files()
    return _parts(_scan(loaded, None, row_filter), tasks)


def _parts(scan: ArrowScan, tasks: Iterable[FileScanTask]) -> Iterator[pa.Table]:
    # PyIceberg's own `to_record_batches` holds whole files, several of them at once.
    batches: list[pa.RecordBatch] = []
    rows = 0
    for batch in scan._record_batches_from_scan_tasks_and_deletes(tasks, {}):
        if batch.num_rows:
            batches.append(batch)
            rows += batch.num_rows
        if rows >= PART_ROWS:
            yield _joined(batches)
            batches, rows = [], 0
    if batches:
        yield _joined(batches)


def _joined(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    # Files from before a column, and those of other writers, give the same columns with other text types.
    tables = [pa.Table.from_batches([batch]) for batch in batches]
    return pa.concat_tables(tables, promote_options="permissive")


def scan(
    catalog: Catalog,
    table: str,
    columns: tuple[str, ...] | None = None,
    row_filter: str | BooleanExpression | None = None,
) -> pa.Table:
    """The rows of a table's current snapshot. Raises NoSuchTableError."""
    found = catalog.load_table(table).scan(
        row_filter=AlwaysTrue() if row_filter is None else row_filter,
        selected_fields=("*",) if columns is None else columns,
    )
    return found.to_arrow()


def compacted_through(snapshot: Snapshot) -> str | None:
    """What a compaction's snapshot says of its rows; None for every other snapshot."""
    return snapshot.summary[THROUGH_KEY] if snapshot.summary else None


def _added(table: Table, after: int | None) -> tuple[list[FileScanTask], int | None, bool]:
    """The files that hold what was added, the snapshot that was reached, and whether these are all files."""
    current = table.current_snapshot()
    if current is None:
        return [], None, True
    if current.snapshot_id == after:
        return [], after, False
    newer = None if after is None else _appended_after(table, current, after)
    if newer is None:
        return list(table.scan().plan_files()), current.snapshot_id, True
    return list(_added_files(table, current, newer)), current.snapshot_id, False


def _appended_after(table: Table, current: Snapshot, after: int) -> set[int] | None:
    """Snapshots that brought rows since `after`; None where these cannot be told from the ones before."""
    newer: set[int] = set()
    through: set[str] = set()
    for snapshot in ancestors_of(current, table.metadata):
        if snapshot.snapshot_id == after:
            return None if through & set(map(str, newer)) else newer
        if (compacted := compacted_through(snapshot)) is None:
            newer.add(snapshot.snapshot_id)
        else:
            through.add(compacted)
    return None


def _added_files(table: Table, current: Snapshot, newer: set[int]) -> Iterator[FileScanTask]:
    # A merged manifest keeps for each entry the snapshot that added it.
    for manifest in current.manifests(table.io):
        if manifest.content != ManifestContent.DATA or manifest.added_snapshot_id not in newer:
            continue
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            if entry.snapshot_id in newer:
                yield FileScanTask(entry.data_file)


def _scan(table: Table, columns: tuple[str, ...] | None, row_filter: BooleanExpression | None = None) -> ArrowScan:
    schema = table.schema() if columns is None else table.schema().select(*columns)
    return ArrowScan(table.metadata, table.io, schema, AlwaysTrue() if row_filter is None else row_filter)
