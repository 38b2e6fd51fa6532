"""Files of a table swapped for others, and manifests for fewer, beside a lander that goes on."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile, ManifestContent, ManifestEntry
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.snapshots import Snapshot
from sqlalchemy import Connection

from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.reader import THROUGH_KEY, compacted_through

_OWN_KEYS = "agora."


def data_entries(table: Table) -> Iterator[ManifestEntry]:
    """The data files of the current snapshot, with the snapshot that brought each."""
    current = table.current_snapshot()
    for manifest in current.manifests(table.io) if current else ():
        if manifest.content == ManifestContent.DATA:
            yield from manifest.fetch_manifest_entry(table.io, discard_deleted=True)


def read_files(table: Table, files: Iterable[DataFile]) -> pa.Table:
    """The rows of these data files in the table's columns of today."""
    tasks = [FileScanTask(file) for file in files]
    return ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue()).to_table(tasks)


def swap(
    catalog: LakeCatalog, name: str, before: Sequence[DataFile], after: Sequence[DataFile], through: int | None
) -> None:
    """Replace files by others with the same rows, or with fewer. Raises CommitFailedException: then look again.

    `through` is the newest snapshot whose rows lie in `after`: who has read as far as that reads none of them again.
    """
    table = catalog.load_table(name)
    transaction = table.transaction()
    properties = carried(table) | {THROUGH_KEY: "" if through is None else str(through)}
    with transaction.update_snapshot(snapshot_properties=properties).overwrite() as overwrite:
        for file in before:
            overwrite.delete_data_file(file)
        for file in after:
            overwrite.append_data_file(file)
    catalog.commit_with([transaction], nothing)


def carried(table: Table) -> dict[str, str]:
    """What each new snapshot has to say on: the lander's positions, whoever made the last one."""
    current = table.current_snapshot()
    own = dict(current.summary.additional_properties) if current and current.summary else {}
    return {key: value for key, value in own.items() if key.startswith(_OWN_KEYS) and key != THROUGH_KEY}


def nothing(_: Connection) -> None:
    """No companion: the pointer alone moves."""


def rewrite_manifests(catalog: LakeCatalog, name: str) -> None:
    """Put the current snapshot's entries into as few manifests as their size allows, without those of deleted files.

    The new snapshot has the same rows. Raises CommitFailedException: then look again.
    """
    table = catalog.load_table(name)
    transaction = table.transaction()
    with transaction.update_snapshot(snapshot_properties=carried(table)).merge_append() as append:
        merging: Any = append  # declared as the class that it is derived from
        merging._merge_enabled, merging._min_count_to_merge = True, 1
    catalog.commit_with([transaction], nothing)


def newest_of(table: Table, group: Sequence[ManifestEntry]) -> int | None:
    """The newest snapshot that brought rows of these files; None where all of them have expired."""
    brought = [_origin(table, table.snapshot_by_id(entry.snapshot_id or 0)) for entry in group]
    known = [snapshot for snapshot in brought if snapshot is not None]
    newest = max(known, key=lambda snapshot: snapshot.sequence_number or 0, default=None)
    return None if newest is None else newest.snapshot_id


def _origin(table: Table, snapshot: Snapshot | None) -> Snapshot | None:
    """The snapshot itself, or for a compaction the one up to which it holds rows."""
    if snapshot is None or (through := compacted_through(snapshot)) is None:
        return snapshot
    return table.snapshot_by_id(int(through)) if through else None
