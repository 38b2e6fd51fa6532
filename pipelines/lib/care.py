"""Care of the lake: small files and manifests made large, old snapshots forgotten, lost files removed; with figures."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial

import psycopg

from ingestion.clock import agreed_time
from ingestion.contracts import EVENT_TYPES, TOPICS
from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.compaction import Compacted, compact
from ingestion.lake.expiry import Expired, Removed, expire, remove_orphans
from ingestion.lake.rewriting import until_committed
from ingestion.lake.swap import data_entries, rewrite_manifests
from ingestion.lake.tables import FAILED_TABLE, raw_table
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings
from pipelines.lib.state import SnapshotState
from pipelines.lib.typed import typed_name

_LOCK = "select pg_try_advisory_lock(hashtext(%s))"
_UNLOCK = "select pg_advisory_unlock(hashtext(%s))"
# What queries ask for, so that whole row groups can be passed over.
SORTED_BY = ("event_type", "occurred_at")
FAILED_SORTED_BY = ("kafka_topic", "failed_at")
FEWEST_MANIFESTS = 8


class CareIsBusy(RuntimeError):
    """Somebody else cares for the lake now."""


@dataclass(frozen=True)
class Figures:
    """What a table's current snapshot is made of. `bytes` are those of data files."""

    files: int
    bytes: int
    rows: int
    manifests: int
    snapshots: int


@dataclass(frozen=True)
class Cared:
    """What was done to one table, with its figures before and after."""

    table: str
    before: Figures
    after: Figures
    compacted: Compacted
    expired: Expired
    removed: Removed


@dataclass(frozen=True)
class Limits:
    """How old things have to be: files to be compacted, snapshots to expire, lost files to be removed.

    After `thin_after` only the last snapshot of each hour stays: each one that is kept makes every commit slower.
    """

    closed_after: timedelta = timedelta(hours=1)
    expire_after: timedelta = timedelta(days=7)
    orphan_after: timedelta = timedelta(days=1)
    thin_after: timedelta = timedelta(hours=2)


def tables() -> list[str]:
    """Every table that is cared for, before the environment's prefix."""
    raw = [raw_table(topic) for topic in TOPICS]
    return [*raw, FAILED_TABLE, *(typed_name(name) for name in EVENT_TYPES)]


def care(settings: Settings, limits: Limits | None = None) -> Iterator[Cared]:
    """Care for every table in turn, beside a lander and builds that go on. Raises CareIsBusy and ClockIsOff.

    Typed tables are written day by day in whole files, so that only raw ones are compacted.
    """
    limits = limits or Limits()
    now = agreed_time(settings.lake)
    with alone(settings), closing(open_lake(settings)) as catalog:
        seen, loaded = _readers(settings)
        for table in tables():
            name = identifier(settings, table)
            if not catalog.table_exists(name):
                continue
            before = figures(catalog, name)
            compacted = Compacted()
            if table == FAILED_TABLE:
                compacted = compact(catalog, name, FAILED_SORTED_BY, now - limits.closed_after, None)
            elif name in seen:
                compacted = compact(catalog, name, SORTED_BY, now - limits.closed_after, seen[name])
            if before.manifests >= FEWEST_MANIFESTS:
                until_committed(partial(rewrite_manifests, catalog, name))
            needed = _stopped_at(seen.get(name), loaded.get(table))
            expired = expire(catalog, name, now - limits.expire_after, needed, now - limits.thin_after)
            removed = remove_orphans(catalog, name, now - limits.orphan_after)
            yield Cared(table, before, figures(catalog, name), compacted, expired, removed)


def thin(settings: Settings, limits: Limits | None = None) -> dict[str, Expired]:
    """Forget old snapshots, those within an hour first, and leave the current files alone: cheap enough for every hour.

    Returns what went, by table, where anything did. Raises CareIsBusy and ClockIsOff.
    """
    limits = limits or Limits()
    now = agreed_time(settings.lake)
    done = {}
    with alone(settings), closing(open_lake(settings)) as catalog:
        seen, loaded = _readers(settings)
        for table in tables():
            name = identifier(settings, table)
            if catalog.table_exists(name):
                needed = _stopped_at(seen.get(name), loaded.get(table))
                done[table] = expire(catalog, name, now - limits.expire_after, needed, now - limits.thin_after)
    return {table: expired for table, expired in done.items() if expired.snapshots}


def _stopped_at(*snapshots: int | None) -> list[int]:
    return [snapshot for snapshot in snapshots if snapshot is not None]


def document(cared: Cared) -> dict[str, object]:
    """For programs and for Dagster's metadata."""
    return asdict(cared)


def figures(catalog: LakeCatalog, name: str) -> Figures:
    """Counted from the manifests of the current snapshot; all zero for a table without any."""
    table = catalog.load_table(name)
    current = table.current_snapshot()
    manifests = [] if current is None else current.manifests(table.io)
    files = [entry.data_file for entry in data_entries(table)]
    return Figures(
        files=len(files),
        bytes=sum(file.file_size_in_bytes for file in files),
        rows=sum(file.record_count for file in files),
        manifests=len(manifests),
        snapshots=len(table.metadata.snapshots),
    )


def _readers(settings: Settings) -> tuple[dict[str, int], dict[str, int]]:
    """Where the builds stopped: raw table → snapshot in the typed tables, typed table → snapshot in the warehouse."""
    with SnapshotState.open(settings) as state:
        names = [identifier(settings, raw_table(topic)) for topic in TOPICS]
        seen = {name: snapshot for name in names if (snapshot := state.get(name)) is not None}
    with psycopg.connect(settings.warehouse_url, autocommit=True) as connection:
        if connection.execute("select to_regclass('lake.load_state')").fetchone() == (None,):
            return seen, {}
        rows = connection.execute("select table_name, snapshot_id from lake.load_state").fetchall()
    by_name = {name.replace(".", "_"): typed_name(name) for name in EVENT_TYPES}
    return seen, {by_name[table]: snapshot for table, snapshot in rows if table in by_name}


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Nobody else rewrites files meanwhile. Raises CareIsBusy."""
    with psycopg.connect(settings.lake_catalog_url, autocommit=True) as connection:
        name = (f"agora lake care {settings.lake.lake_namespace_prefix}",)
        if connection.execute(_LOCK, name).fetchone() != (True,):
            raise CareIsBusy("somebody else cares for the lake now")
        try:
            yield
        finally:  # a closed connection lets go a moment later, and whoever begins again at once would be refused
            connection.execute(_UNLOCK, name)
