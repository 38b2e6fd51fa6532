"""What has landed in the raw tables, without reading a row."""

from dataclasses import dataclass

import psycopg

from ingestion.contracts import TOPICS
from ingestion.lake.tables import raw_table
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings
from pipelines.lib.state import SnapshotState


@dataclass(frozen=True)
class Landed:
    """The newest snapshot of a topic's raw table, all its rows, and whether a build has taken it in."""

    topic: str
    snapshot_id: int | None
    rows: int
    is_processed: bool


def landed(settings: Settings) -> list[Landed]:
    """One entry per topic; a topic without a table counts as empty."""
    found = []
    with open_lake(settings) as catalog, SnapshotState.open(settings) as state:
        for topic in TOPICS:
            name = identifier(settings, raw_table(topic))
            snapshot = catalog.load_table(name).current_snapshot() if catalog.table_exists(name) else None
            if snapshot is None:
                found.append(Landed(topic, None, 0, is_processed=True))
                continue
            rows = int(snapshot.summary["total-records"] or 0) if snapshot.summary else 0
            found.append(Landed(topic, snapshot.snapshot_id, rows, state.get(name) == snapshot.snapshot_id))
    return found


def pointers(settings: Settings) -> dict[str, str]:
    """Where the catalog points for each raw table: changes with every commit, and costs one small query."""
    names = {identifier(settings, raw_table(topic)): topic for topic in TOPICS}
    query = "select table_namespace || '.' || table_name, metadata_location from iceberg_tables"
    with psycopg.connect(settings.lake_catalog_url, autocommit=True) as connection:
        exists = connection.execute("select to_regclass('iceberg_tables')").fetchone()
        if exists is None or exists[0] is None:
            return {}
        return {names[name]: str(location) for name, location in connection.execute(query) if name in names}
