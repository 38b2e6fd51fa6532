"""Where the landing of a topic goes on, or why it must not."""

from dataclasses import dataclass

import psycopg
import structlog
from pyiceberg.schema import Schema
from pyiceberg.table import Table

from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.tables import raw_table
from ingestion.lander.positions import Mismatch, Positions, read_cursor, read_snapshot, reconcile
from ingestion.lander.shards import WHOLE, Shard
from ingestion.settings import Settings
from ingestion.topics import TopicIdentity

log = structlog.get_logger(__name__)
Ranges = dict[tuple[str, int], tuple[int, int]]


@dataclass(frozen=True)
class Start:
    """The table's positions in a shard's partitions, and the offset of each at which reading begins."""

    domain: str
    topic: str
    positions: Positions
    reading: dict[int, int]
    schema: Schema


def place(
    settings: Settings,
    catalog: LakeCatalog,
    connection: psycopg.Connection,
    domain: str,
    identities: dict[str, TopicIdentity],
    ranges: Ranges,
    shard: Shard = WHOLE,
) -> Start:
    """Where table, cursor and topic agree that it goes on. Raises Mismatch that says what does not."""
    topic, name = settings.topic(domain), settings.table(raw_table(domain))
    identity = identities.get(topic)
    if identity is None:
        raise Mismatch("the topic does not exist")
    cursor, table = _read_both(connection, catalog, name)
    own = shard.owned(range(identity.partitions))
    positions = reconcile(cursor, read_snapshot(table), identity).only(own)
    reading = {
        partition: _first_offset(topic, partition, positions.offsets.get(partition), ranges[topic, partition])
        for partition in own
    }
    return Start(domain, topic, positions, reading, table.schema())


def _read_both(connection: psycopg.Connection, catalog: LakeCatalog, name: str) -> tuple[Positions | None, Table]:
    """The cursor, and the table of the same moment, while other landers go on."""
    table = load_whole(catalog, name)
    while True:
        cursor = read_cursor(connection, name)
        # Pointer and cursor move in one transaction: under the same pointer before and after, the cursor belongs to it.
        again = load_whole(catalog, name)
        if again.metadata_location == table.metadata_location:
            return cursor, table
        table = again


def load_whole(catalog: LakeCatalog, name: str) -> Table:
    """A table whose metadata are there and can be read. Raises Mismatch where the catalogue points at nothing."""
    try:
        return catalog.load_table(name)
    except FileNotFoundError as error:
        raise Mismatch(f"the catalogue points at metadata of {name} that are not there: {error}") from error
    except ValueError as error:
        raise Mismatch(f"the metadata of {name} cannot be read: {str(error)[:200]}") from error


def _first_offset(topic: str, partition: int, landed: int | None, there: tuple[int, int]) -> int:
    low, high = there
    if landed is None:
        if low:
            log.warning("records_before_first_landing_are_gone", topic=topic, partition=partition, before=low)
        return low
    if not low <= landed <= high:
        raise Mismatch(f"partition {partition} holds {low} to {high}, the table is at {landed}")
    return landed
