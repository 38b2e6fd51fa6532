"""Data files that are gone or cannot be read: what they held comes back from Kafka, at the same offsets."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Consumer, Message, TopicPartition
from pyiceberg.manifest import ManifestEntry
from pyiceberg.table import Table

from ingestion.lake.catalog import LakeCatalog, open_catalog
from ingestion.lake.files import DataFileWriter
from ingestion.lake.reader import scan
from ingestion.lake.rewriting import until_committed
from ingestion.lake.swap import data_entries, newest_of, read_files, swap
from ingestion.lake.tables import FAILED_TABLE, raw_table
from ingestion.lander.positions import Positions, read_snapshot
from ingestion.lander.records import parse
from ingestion.lander.session import consumer_settings
from ingestion.recovery.resume import NoWayBack
from ingestion.settings import Settings
from ingestion.topics import admin_client, identify, offset_ranges

_STALLED = 30.0
_PLACE = ("kafka_topic_id", "kafka_partition", "kafka_offset")
Places = dict[int, set[int]]


@dataclass(frozen=True)
class Mended:
    """Files that could not be read, and the rows that stand for theirs now."""

    files: tuple[str, ...] = ()
    rows: int = 0


def broken_entries(table: Table) -> list[ManifestEntry]:
    """Data files of the current snapshot that are gone, cannot be read, or hold fewer rows than the table knows of."""
    found = []
    for entry in data_entries(table):
        try:
            is_whole = read_files(table, [entry.data_file]).num_rows == entry.data_file.record_count
        except (OSError, ValueError, pa.ArrowException):
            is_whole = False
        if not is_whole:
            found.append(entry)
    return found


def mend_raw(settings: Settings, domain: str, *, dry_run: bool = False) -> Mended:
    """Write the rows of a raw table's broken files again from Kafka, in one commit, beside a lander that goes on.

    Raises NoWayBack where Kafka has not got all of them any more; then nothing is changed.
    """
    name = settings.table(raw_table(domain))
    with closing(open_catalog(settings)) as catalog:
        table = catalog.load_table(name)
        broken = broken_entries(table)
        paths = tuple(entry.data_file.file_path for entry in broken)
        wanted = sum(entry.data_file.record_count for entry in broken)
        if not broken or dry_run:
            return Mended(paths, wanted)
        positions = read_snapshot(table)
        if positions is None:
            raise NoWayBack(f"{name} carries no positions")
        missing = _missing(settings, catalog, table, domain, broken, positions)
        rows = _from_kafka(settings, domain, positions, missing)
        if rows.num_rows < wanted:
            raise NoWayBack(
                f"{wanted - rows.num_rows:,} of {wanted:,} rows are no longer in Kafka: bring {paths[0]} back from the"
                " bucket's versions or a copy of it"
            )
        writer = DataFileWriter(table.schema())
        writer.write(rows)
        after = writer.finish(table, f"{table.location()}/data/mended-{uuid4().hex}.parquet")
        through = newest_of(table, broken)
        until_committed(lambda: swap(catalog, name, [entry.data_file for entry in broken], [after], through))
        return Mended(paths, rows.num_rows)


def _missing(
    settings: Settings,
    catalog: LakeCatalog,
    table: Table,
    domain: str,
    broken: list[ManifestEntry],
    positions: Positions,
) -> Places:
    """Offsets below the positions that are neither in a whole file nor among the failed events."""
    wanted = {partition: set(range(end)) for partition, end in positions.offsets.items()}
    gone = {entry.data_file.file_path for entry in broken}
    whole = [entry.data_file for entry in data_entries(table) if entry.data_file.file_path not in gone]
    failed = scan(catalog, settings.table(FAILED_TABLE))
    own = failed.filter(pc.equal(failed["kafka_topic"], settings.topic(domain)))
    # A row that failed later, when it was to be typed, lies in the raw table as well.
    for rows in (read_files(table, whole), own.filter(pc.is_valid(own["lander_version"]))):
        for topic_id, partition, offset in zip(*(rows[name].to_pylist() for name in _PLACE), strict=True):
            if topic_id in {None, positions.topic_id} and partition in wanted:
                wanted[partition].discard(offset)
    return {partition: offsets for partition, offsets in wanted.items() if offsets}


def _from_kafka(settings: Settings, domain: str, positions: Positions, wanted: Places) -> pa.Table:
    """The rows at these offsets, as far as the topic that they came from has them still."""
    topic = settings.topic(domain)
    admin = admin_client(settings)
    identity = identify(admin, [topic]).get(topic)
    if identity is None or identity.topic_id != positions.topic_id:
        raise NoWayBack(f"the topic that these rows came from, {positions.topic_id}, is no more")
    ranges = offset_ranges(admin, [identity])
    there: Places = defaultdict(set)
    for partition, offsets in wanted.items():
        low, high = ranges[topic, partition]
        there[partition] = {offset for offset in offsets if low <= offset < high}
    messages = list(_read(settings, topic, {partition: each for partition, each in there.items() if each}))
    return parse(domain, messages, positions.topic_id).rows


def _read(settings: Settings, topic: str, wanted: Places) -> Iterator[Message]:
    consumer = Consumer(consumer_settings(settings) | {"client.id": "agora-mend"})
    try:
        consumer.assign([TopicPartition(topic, partition, min(offsets)) for partition, offsets in wanted.items()])
        ends = {partition: max(offsets) for partition, offsets in wanted.items()}
        moved = time.monotonic()
        while ends and time.monotonic() - moved < _STALLED:
            for message in consumer.consume(10_000, timeout=0.2):
                moved = time.monotonic()
                partition, offset = message.partition(), message.offset()
                if message.error() is not None or partition is None or offset is None:
                    continue
                if offset in wanted[partition]:
                    yield message
                if offset >= ends.get(partition, offset + 1):
                    del ends[partition]
    finally:
        consumer.close()
