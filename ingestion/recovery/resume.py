"""The way back of a topic that was stopped: what fits together again, what is sent again, and what is gone.

Nothing here guesses. A topic that lands is left alone but for events that Kafka has lost; and everything that is done
is told, step by step.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import orjson
import psycopg
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table
from sqlalchemy import Connection, text

from ingestion.lake.catalog import LakeCatalog, open_catalog
from ingestion.lake.pointer import point_at, whole_metadata
from ingestion.lake.tables import create_raw_tables, raw_table
from ingestion.lander.positions import SUMMARY_KEY, Mismatch, Positions, create_tables, read_cursor, read_snapshot
from ingestion.lander.start import Ranges, load_whole, place
from ingestion.recovery.resend import Lost, Sent, send_again
from ingestion.settings import Settings
from ingestion.topics import TopicIdentity, admin_client, ensure_topics, identify, offset_ranges

_CLOSE = text(
    "insert into ingest_incarnations (table_name, cluster_id, topic_id, kafka_topic, offsets)"
    " values (:table, :cluster_id, :topic_id, :topic, cast(:offsets as jsonb)) on conflict do nothing"
)
_FORGET = text("delete from ingest_cursor where table_name = :table")
_BEGIN = text(
    "insert into ingest_cursor values (:table, :partition, :topic, :offset, :cluster_id, :topic_id, 0, now())"
)


class NoWayBack(ValueError):
    """It cannot be put right from here; the message says what has to be done first."""


@dataclass(frozen=True)
class Resumed:
    """What was done, in sentences; events sent again, and those that are nowhere any more."""

    steps: list[str] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)
    lost: list[Lost] = field(default_factory=list)


def resume(settings: Settings, domain: str, *, dry_run: bool = False, from_table: bool = False) -> Resumed:
    """Make a stopped topic land again, and send again what Kafka lost of the outbox's events.

    The running lander goes on by itself within seconds. `from_table`: where cursor and table differ, begin again where
    the table stands instead of looking for the table that the cursor knew. Raises NoWayBack.
    """
    ensure_topics(settings, [domain])
    admin = admin_client(settings)
    identities = identify(admin, [settings.topic(domain)])
    ranges = offset_ranges(admin, identities.values())
    steps: list[str] = []
    with (
        psycopg.connect(settings.lake_catalog_url, autocommit=True) as connection,
        closing(open_catalog(settings)) as catalog,
    ):
        create_tables(connection, f"lander/{settings.lake_namespace_prefix}")
        create_raw_tables(catalog, settings)
        try:
            place(settings, catalog, connection, domain, identities, ranges)
        except Mismatch:
            identity = identities[settings.topic(domain)]
            mending = _Mending(settings, catalog, connection, domain, identity, ranges, dry_run)
            steps = list(mending.steps(from_table=from_table))
        sent, lost = send_again(settings, catalog, domain, dry_run=dry_run)
    return Resumed(steps, sent, lost)


@dataclass
class _Mending:
    settings: Settings
    catalog: LakeCatalog
    connection: psycopg.Connection
    domain: str
    identity: TopicIdentity
    ranges: Ranges
    dry_run: bool

    @property
    def name(self) -> str:
        return self.settings.table(raw_table(self.domain))

    def steps(self, *, from_table: bool) -> Iterator[str]:
        """First the table and its cursor, then both and the topic."""
        cursor = read_cursor(self.connection, self.name)
        table, positions = self._table()
        if table is None or (cursor != positions and cursor is not None and not from_table):
            yield self._point_back(cursor)
            if self.dry_run:
                return
            table, positions = self._table()
        if table is None:
            raise NoWayBack(f"the metadata of {self.name} still cannot be read")
        if positions is None:
            raise NoWayBack(f"{self.name} has no positions: restore the lake's catalogue first")
        if cursor != positions:
            yield f"reads on where the table stands: {_told(positions)}"
        after = self._where(positions)
        if after != positions:
            yield self._moved(positions, after)
        if not self.dry_run and (after != positions or cursor != positions):
            self._write(table, positions, after)

    def _table(self) -> tuple[Table | None, Positions | None]:
        try:
            table = load_whole(self.catalog, self.name)
            return table, read_snapshot(table)
        except Mismatch:
            return None, None

    def _point_back(self, cursor: Positions | None) -> str:
        """The metadata that the cursor was moved with, in one transaction, are those that stood last."""
        for location, table in whole_metadata(self.catalog, self.name):
            try:
                fits = read_snapshot(table) == cursor
            except Mismatch:
                continue
            if fits:
                if not self.dry_run:
                    point_at(self.catalog, self.name, location)
                return f"the catalogue points again at {location.rpartition('/')[2]}, with which the cursor was moved"
        raise NoWayBack(
            f"no metadata of {self.name} fit its cursor, {_told(cursor)}: --from-table begins where the table stands,"
            " and reads again what Kafka has since then"
        )

    def _where(self, landed: Positions) -> Positions:
        """Where in today's topic reading begins."""
        topic = self.identity.name
        there = {partition: self.ranges[topic, partition] for partition in range(self.identity.partitions)}
        if (landed.cluster_id, landed.topic_id) != (self.identity.cluster_id, self.identity.topic_id):
            first = {partition: low for partition, (low, _) in there.items()}
            return Positions(self.identity.cluster_id, self.identity.topic_id, first)
        short = [partition for partition, offset in landed.offsets.items() if offset > there[partition][1]]
        if short:
            raise NoWayBack(
                f"partitions {short} of {topic} end before what has landed, so that Kafka was set back: delete the"
                " topic, then resume again. Its events are sent anew under a topic id of their own"
            )
        offsets = {partition: max(offset, there[partition][0]) for partition, offset in landed.offsets.items()}
        return Positions(landed.cluster_id, landed.topic_id, offsets)

    def _moved(self, before: Positions, after: Positions) -> str:
        if before.topic_id != after.topic_id:
            return f"topic {before.topic_id} is closed at {_told(before)}; {after.topic_id} is read from its beginning"
        skipped = sum(after.offsets[partition] - offset for partition, offset in before.offsets.items())
        return f"{skipped:,} records are gone from Kafka before they landed; reads on at {_told(after)}"

    def _write(self, table: Table, before: Positions, after: Positions) -> None:
        """An empty snapshot with the new positions and the cursor at them, or neither."""
        transaction = table.transaction()
        with transaction.update_snapshot(snapshot_properties={SUMMARY_KEY: after.to_summary(0)}).merge_append():
            pass

        def companion(connection: Connection) -> None:
            names = {"table": self.name, "topic": self.identity.name}
            if before.topic_id != after.topic_id:
                connection.execute(_CLOSE, names | _ids(before) | {"offsets": _json(before)})
            connection.execute(_FORGET, {"table": self.name})
            for partition, offset in after.offsets.items():
                connection.execute(_BEGIN, names | _ids(after) | {"partition": partition, "offset": offset})

        try:
            self.catalog.commit_with([transaction], companion)
        except CommitFailedException as error:
            raise NoWayBack(f"{self.name} is being written: try again") from error


def _ids(positions: Positions) -> dict[str, str]:
    return {"cluster_id": positions.cluster_id, "topic_id": positions.topic_id}


def _json(positions: Positions) -> str:
    return orjson.dumps({str(partition): offset for partition, offset in positions.offsets.items()}).decode()


def _told(positions: Positions | None) -> str:
    if positions is None or not positions.offsets:
        return "the beginning"
    return ", ".join(f"{partition}:{offset}" for partition, offset in sorted(positions.offsets.items()))
