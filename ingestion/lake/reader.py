"""Reading the lake: what was added since a snapshot, and plain scans."""

from collections.abc import Iterator
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


@dataclass(frozen=True)
class Added:
    """`rows` up to `snapshot_id` (None for a table without any). `is_full`: these are all rows of the table."""

    rows: pa.Table
    snapshot_id: int | None
    is_full: bool


def read_added(catalog: Catalog, table: str, after: int | None, columns: tuple[str, ...] | None = None) -> Added:
    """Rows of the data files added after snapshot `after` and still there.

    Everything, and `is_full`, where `after` is None or no longer an ancestor of the current snapshot, or where a
    compaction has put rows from before and after it into one file. Raises NoSuchTableError.
    """
    loaded = catalog.load_table(table)
    current = loaded.current_snapshot()
    if current is None:
        return Added(_read(loaded, columns, []), None, is_full=True)
    if current.snapshot_id == after:
        return Added(_read(loaded, columns, []), after, is_full=False)
    newer = None if after is None else _appended_after(loaded, current, after)
    if newer is None:
        return Added(scan(catalog, table, columns), current.snapshot_id, is_full=True)
    tasks = list(_added_files(loaded, current, newer))
    return Added(_read(loaded, columns, tasks), current.snapshot_id, is_full=False)


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


def _read(table: Table, columns: tuple[str, ...] | None, tasks: list[FileScanTask]) -> pa.Table:
    schema = table.schema() if columns is None else table.schema().select(*columns)
    return ArrowScan(table.metadata, table.io, schema, AlwaysTrue()).to_table(tasks)
