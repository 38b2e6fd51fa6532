"""Days as partitions: which of them a table's snapshots touched, and rows of just those."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import And, BooleanExpression, GreaterThanOrEqual, LessThan, Or
from pyiceberg.manifest import ManifestEntryStatus
from pyiceberg.table import Table
from pyiceberg.table.snapshots import ancestors_of

_EPOCH = date(1970, 1, 1)


def day_of(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """UTC day of each time, as date32."""
    return pc.cast(times, pa.date32())


def within(days: Iterable[date]) -> BooleanExpression:
    """A filter on `occurred_at` for just these UTC days; neighbours become one range, so that it stays short."""
    return reduce(Or, (_range(first, last) for first, last in _ranges(days)))


def _range(first: date, last: date) -> BooleanExpression:
    start = datetime.combine(first, time(), UTC)
    end = datetime.combine(last + timedelta(days=1), time(), UTC)
    return And(
        GreaterThanOrEqual(term="occurred_at", value=start.isoformat()),
        LessThan(term="occurred_at", value=end.isoformat()),
    )


def _ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    ranges: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if ranges and ranges[-1][1] + timedelta(days=1) == day:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def touched_days(table: Table, after: int | None) -> set[date] | None:
    """Days whose files were added or taken away since the snapshot `after`.

    None means all of them: nothing was read yet, or `after` has expired or been rolled back.
    """
    days: set[date] = set()
    for snapshot in ancestors_of(table.current_snapshot(), table.metadata):
        if snapshot.snapshot_id == after:
            return days
        for manifest in snapshot.manifests(table.io):
            if manifest.added_snapshot_id != snapshot.snapshot_id:
                continue
            for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False):
                if entry.snapshot_id == snapshot.snapshot_id and entry.status != ManifestEntryStatus.EXISTING:
                    days.add(as_date(entry.data_file.partition[0]))
    return None


def as_date(value: int | date) -> date:
    """The day of a partition, which PyIceberg gives as a number or as a date."""
    return value if isinstance(value, date) else _EPOCH + timedelta(days=value)
