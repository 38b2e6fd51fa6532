"""Snapshots that nobody needs any more, and files that no snapshot knows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from pyarrow.fs import FileSelector, FileSystem, FileType
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot

from ingestion.lake.catalog import LakeCatalog

MONTH_TAG = "month-"
KEPT_MONTHS = 13
FEWEST_SNAPSHOTS = 10
HOUR_MS = 3_600_000
ATTEMPTS = 8
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Expired:
    """Snapshots that were forgotten, months that were tagged, and the files that went with them."""

    snapshots: int = 0
    tagged: tuple[str, ...] = ()
    files: int = 0


@dataclass(frozen=True)
class Removed:
    """Files that no snapshot knew."""

    files: int = 0
    bytes: int = 0


def expire(
    catalog: LakeCatalog,
    name: str,
    older_than: datetime,
    needed: Iterable[int] = (),
    thinned_before: datetime | None = None,
) -> Expired:
    """Forget snapshots from before a time, and delete the files that only they knew.

    Of those from before `thinned_before` the last one of each hour stays. The last snapshot of each closed month is
    tagged first and stays for a year. `needed` are snapshots that readers stopped at: these, and everything after them,
    stay as well, and always the newest ten.
    """
    tagged = _until_committed(lambda: _tag_months(catalog.load_table(name)))
    table = catalog.load_table(name)
    gone = _expirable(table, older_than, set(needed), thinned_before or older_than)
    return Expired(len(gone), tagged, _forget(catalog, table, gone))


def forget_holders(catalog: LakeCatalog, name: str, files: Iterable[str]) -> Expired:
    """Forget every snapshot but the current one that knows any of these data files, month-ends included.

    The files go with them. `tagged` are the names that those snapshots had.
    """
    table = catalog.load_table(name)
    current, wanted = table.current_snapshot(), set(files)
    holders = [
        snapshot
        for snapshot in table.metadata.snapshots
        if snapshot != current and wanted & _files(table, [snapshot], with_deleted=True)
    ]
    ids = {snapshot.snapshot_id for snapshot in holders}
    names = sorted(ref for ref, target in table.metadata.refs.items() if target.snapshot_id in ids)
    if names:
        _until_committed(lambda: _remove_tags(catalog.load_table(name), names))
    return Expired(len(holders), tuple(names), _forget(catalog, table, holders))


def _forget(catalog: LakeCatalog, table: Table, gone: list[Snapshot]) -> int:
    """Expire these snapshots and delete what only they knew; how many files that were."""
    if not gone:
        return 0
    name, ids = ".".join(table.name()), [snapshot.snapshot_id for snapshot in gone]
    _until_committed(lambda: catalog.load_table(name).maintenance.expire_snapshots().by_ids(ids).commit())
    kept = catalog.load_table(name).metadata.snapshots
    dead = _files(table, gone) - _files(table, kept)
    for path in dead:
        _delete(table, path)
    return len(dead)


def _remove_tags(table: Table, names: Iterable[str]) -> None:
    with table.manage_snapshots() as manage:
        for name in names:
            manage.remove_tag(name)


def remove_orphans(catalog: LakeCatalog, name: str, older_than: datetime) -> Removed:
    """Delete files in the table's folder that nothing refers to and that are older than any commit can take."""
    table = catalog.load_table(name)
    scheme, _, folder = table.location().partition("://")
    client: FileSystem = table.io.fs_by_scheme(scheme, None)  # type: ignore[attr-defined]
    # Listed first: what is referred to by then is known below, and what comes later is too young.
    listed = client.get_file_info(FileSelector(folder, recursive=True, allow_not_found=True))
    table = catalog.load_table(name)
    known = _files(table, table.metadata.snapshots) | _metadata_files(table)
    orphans = [
        found
        for found in listed
        if found.type == FileType.File and found.mtime < older_than and f"{scheme}://{found.path}" not in known
    ]
    for found in orphans:
        client.delete_file(found.path)
    return Removed(len(orphans), sum(found.size for found in orphans))


def _tag_months(table: Table) -> tuple[str, ...]:
    """Tag the last snapshot of each closed month, and let go the oldest tags; returns the new ones."""
    now = datetime.now(UTC).strftime("%Y-%m")
    last: dict[str, Snapshot] = {}
    for snapshot in sorted(table.metadata.snapshots, key=lambda each: each.timestamp_ms):
        last[datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC).strftime("%Y-%m")] = snapshot
    there = {name for name, ref in table.metadata.refs.items() if ref.snapshot_ref_type == SnapshotRefType.TAG}
    months = {f"{MONTH_TAG}{month}": snapshot for month, snapshot in last.items() if month < now}
    wanted = sorted({*months, *(name for name in there if name.startswith(MONTH_TAG))})[-KEPT_MONTHS:]
    fresh = [name for name in wanted if name not in there]
    stale = sorted(name for name in there if name.startswith(MONTH_TAG) and name not in wanted)
    if fresh or stale:
        with table.manage_snapshots() as manage:
            for name in fresh:
                manage.create_tag(months[name].snapshot_id, name)
            for name in stale:
                manage.remove_tag(name)
    return tuple(fresh)


def _expirable(table: Table, older_than: datetime, needed: set[int], thinned_before: datetime) -> list[Snapshot]:
    ordered = sorted(table.metadata.snapshots, key=lambda each: each.timestamp_ms)
    unread = min((each.timestamp_ms for each in ordered if each.snapshot_id in needed), default=None)
    old, thinned = (
        min(time.timestamp() * 1000, unread) if unread is not None else time.timestamp() * 1000
        for time in (older_than, thinned_before)
    )
    hourly = {each.timestamp_ms // HOUR_MS: each.snapshot_id for each in ordered}
    held = {ref.snapshot_id for ref in table.metadata.refs.values()}
    return [
        each
        for each in ordered[: max(0, len(ordered) - FEWEST_SNAPSHOTS)]
        if each.snapshot_id not in held
        and (
            each.timestamp_ms < old
            or (each.timestamp_ms < thinned and hourly[each.timestamp_ms // HOUR_MS] != each.snapshot_id)
        )
    ]


def _files(table: Table, snapshots: Iterable[Snapshot], *, with_deleted: bool = False) -> set[str]:
    """Every file that these snapshots refer to: manifest lists, manifests, data. Deleted data only where asked for."""
    found: set[str] = set()
    manifests: dict[str, ManifestFile] = {}
    for snapshot in snapshots:
        found.add(snapshot.manifest_list)
        manifests |= {manifest.manifest_path: manifest for manifest in snapshot.manifests(table.io)}
    for path, manifest in manifests.items():
        found.add(path)
        entries = manifest.fetch_manifest_entry(table.io, discard_deleted=not with_deleted)
        found |= {entry.data_file.file_path for entry in entries}
    return found


def _metadata_files(table: Table) -> set[str]:
    return {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}


def _delete(table: Table, path: str) -> None:
    try:
        table.io.delete(path)
    except FileNotFoundError:  # an earlier try came so far
        return


def _until_committed(change: Callable[[], _Result]) -> _Result:
    for attempt in range(ATTEMPTS):
        try:
            return change()
        except CommitFailedException:  # another writer was faster: look again
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")
