"""What the warehouse's copies came from: typed snapshot, raw snapshot, Kafka offsets, and some of the events."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from psycopg import sql
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table.snapshots import Snapshot

from ingestion.contracts import EVENT_TYPES, Event
from ingestion.lake.tables import raw_table
from ingestion.lander.positions import SUMMARY_KEY
from pipelines.lib import warehouse
from pipelines.lib.lake import identifier
from pipelines.lib.settings import Settings
from pipelines.lib.state import SnapshotState
from pipelines.lib.typed import typed_name
from pipelines.lib.warehouse_schema import shapes

SAMPLES = 5
# The day has an index, the time has none: the newest day first, then its newest events.
_SAMPLES = """
select event_id, occurred_at, kafka_partition, kafka_offset from {table}
where day = (select max(day) from {table}) order by occurred_at desc, event_id limit %s
"""


@dataclass(frozen=True)
class Load:
    """One event type's way from Kafka to its tables in the warehouse, up to what is loaded there now.

    A snapshot's id is None before the first load; its time and rows are None also where it has expired since.
    `samples` are the newest events with partition and offset.
    """

    table_name: str
    event_type: str
    typed_table: str
    typed_snapshot_id: int | None
    typed_committed_at: datetime | None
    typed_rows: int | None
    raw_table: str
    raw_snapshot_id: int | None
    raw_committed_at: datetime | None
    raw_rows: int | None
    positions: dict[str, Any] | None
    newest_at: datetime | None
    samples: list[dict[str, Any]]


def read_loads(
    settings: Settings, catalog: Catalog, state: SnapshotState, connection: psycopg.Connection
) -> list[Load]:
    """One entry for each table of each event type: its own, then those of its lists."""
    loaded = warehouse.loaded_snapshots(connection)
    return [
        load
        for contract in EVENT_TYPES.values()
        for load in _of(settings, catalog, state, connection, loaded, contract)
    ]


def _of(
    settings: Settings,
    catalog: Catalog,
    state: SnapshotState,
    connection: psycopg.Connection,
    loaded: dict[str, int],
    contract: type[Event],
) -> list[Load]:
    own, *children = shapes(contract)
    typed_table = identifier(settings, typed_name(contract.type))
    source = identifier(settings, raw_table(contract.domain()))
    typed_id, raw_id = loaded.get(own.name), state.get(source)
    typed, raw = _snapshot(catalog, typed_table, typed_id), _snapshot(catalog, source, raw_id)
    samples = _samples(connection, own.identifier) if typed_id is not None else []
    positions = raw.summary[SUMMARY_KEY] if raw and raw.summary else None
    return [
        Load(
            f"lake.{shape.name}",
            contract.type,
            *(typed_table, typed_id, _time(typed), _rows(typed)),
            *(source, raw_id, _time(raw), _rows(raw)),
            orjson.loads(positions) if positions else None,
            samples[0]["occurred_at"] if samples else None,
            [sample | {"occurred_at": sample["occurred_at"].isoformat()} for sample in samples],
        )
        for shape in (own, *children)
    ]


def _snapshot(catalog: Catalog, table: str, number: int | None) -> Snapshot | None:
    if number is None:
        return None
    try:
        return catalog.load_table(table).snapshot_by_id(number)
    except NoSuchTableError:
        return None


def _time(snapshot: Snapshot | None) -> datetime | None:
    return None if snapshot is None else datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)


def _rows(snapshot: Snapshot | None) -> int | None:
    return None if snapshot is None or not snapshot.summary else int(snapshot.summary["total-records"] or 0)


def _samples(connection: psycopg.Connection, table: sql.Identifier) -> list[dict[str, Any]]:
    cursor = connection.execute(sql.SQL(_SAMPLES).format(table=table), (SAMPLES,))
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
