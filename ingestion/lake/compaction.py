"""Many small files become few large ones, sorted by what queries ask for, beside writers that go on."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.manifest import DataFile, ManifestEntry
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.files import DataFileWriter
from ingestion.lake.swap import data_entries, newest_of, read_files, swap

TARGET_BYTES = 128 << 20
TARGET_ROWS = 2_000_000  # what a group needs in memory, a few hundred bytes for each
GROUP_ROWS = 100_000
FEWEST_FILES = 4
ATTEMPTS = 8


@dataclass(frozen=True)
class Compacted:
    """Files and bytes that were replaced, and by what; `rows` are the same before and after."""

    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    rows: int = 0


def compact(
    catalog: LakeCatalog, name: str, sort_by: Sequence[str], closed_before: datetime, seen: int | None
) -> Compacted:
    """Rewrite the small files of an unpartitioned table that were committed before a time, group by group.

    Only files that the slowest reader has seen are taken: `seen` is the snapshot that it reached, None where nobody
    reads on. Each group is one commit, so that a crash leaves whole groups and no row twice or lost.
    """
    done = Compacted()
    for group in _groups(catalog.load_table(name), closed_before, seen):
        step = _rewrite(catalog, name, group, sort_by)
        done = Compacted(*(getattr(done, key) + getattr(step, key) for key in Compacted.__dataclass_fields__))
    return done


def _groups(table: Table, closed_before: datetime, seen: int | None) -> Iterator[list[ManifestEntry]]:
    """Small files in the order in which they came, as many as make one large one."""
    group: list[ManifestEntry] = []
    size = rows = 0
    for entry in _small_files(table, closed_before, seen):
        file = entry.data_file
        if group and (size + file.file_size_in_bytes > TARGET_BYTES or rows + file.record_count > TARGET_ROWS):
            if len(group) >= FEWEST_FILES:
                yield group
            group, size, rows = [], 0, 0
        group.append(entry)
        size, rows = size + file.file_size_in_bytes, rows + file.record_count
    if len(group) >= FEWEST_FILES:
        yield group


def _small_files(table: Table, closed_before: datetime, seen: int | None) -> list[ManifestEntry]:
    current = table.current_snapshot()
    if current is None:
        return []
    reached = None if seen is None else table.snapshot_by_id(seen)
    if seen is not None and reached is None:
        return []  # the reader will begin again; until then nobody knows what it has seen
    last = None if reached is None else reached.sequence_number
    entries = [
        entry
        for entry in data_entries(table)
        if _is_small(entry.data_file) and _is_closed(table.snapshot_by_id(entry.snapshot_id or 0), closed_before, last)
    ]
    return sorted(entries, key=lambda entry: (entry.sequence_number or 0, entry.data_file.file_path))


def _is_small(file: DataFile) -> bool:
    return file.file_size_in_bytes < TARGET_BYTES * 3 // 4 and file.record_count < TARGET_ROWS * 3 // 4


def _is_closed(snapshot: Snapshot | None, before: datetime, last: int | None) -> bool:
    """Whether what a snapshot added is old enough and was seen; one that is gone has expired, and is both."""
    if snapshot is None:
        return True
    is_seen = last is None or (snapshot.sequence_number or 0) <= last
    return is_seen and snapshot.timestamp_ms < before.timestamp() * 1000


def _rewrite(catalog: LakeCatalog, name: str, group: list[ManifestEntry], sort_by: Sequence[str]) -> Compacted:
    table = catalog.load_table(name)
    through = newest_of(table, group)
    before = [entry.data_file for entry in group]
    rows = read_files(table, before)
    writer = DataFileWriter(table.schema())
    ordered = rows.sort_by([(column, "ascending") for column in sort_by])
    for start in range(0, ordered.num_rows, GROUP_ROWS):
        writer.write(ordered.slice(start, GROUP_ROWS))
    after = writer.finish(table, f"{table.location()}/data/compacted-{uuid4().hex}.parquet")
    try:
        for attempt in range(ATTEMPTS):
            try:
                _commit(catalog, name, before, after, through)
                break
            except CommitFailedException:  # the lander was faster: its rows are not among these
                if attempt == ATTEMPTS - 1:
                    raise
    except (CommitFailedException, ValidationException):
        with suppress(OSError):
            table.io.delete(after.file_path)
        raise
    size = sum(file.file_size_in_bytes for file in before)
    return Compacted(len(before), 1, size, after.file_size_in_bytes, rows.num_rows)


def _commit(catalog: LakeCatalog, name: str, before: Sequence[DataFile], after: DataFile, through: int | None) -> None:
    swap(catalog, name, before, [after], through)
