"""How far each topic has landed: rows of `ingest_cursor`, and the same map in the table's newest snapshot."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import orjson
import psycopg
from pyiceberg.table import Table
from sqlalchemy import Connection, text

from ingestion.lease import Fenced
from ingestion.topics import TopicIdentity

SUMMARY_KEY = "agora.positions"

_TABLES = """
create table if not exists ingest_lease (
    name text primary key, epoch bigint not null default 0, holder text, leased_until timestamptz
);
create table if not exists ingest_cursor (
    table_name text, kafka_partition integer, kafka_topic text not null, next_offset bigint not null,
    cluster_id text not null, topic_id text not null, epoch bigint not null, updated_at timestamptz not null,
    primary key (table_name, kafka_partition)
);
-- Topics that were read and are no more: what landed of them stays, and how far that was.
create table if not exists ingest_incarnations (
    table_name text, cluster_id text, topic_id text, kafka_topic text not null, offsets jsonb not null,
    ended_at timestamptz not null default now(), primary key (table_name, cluster_id, topic_id)
);
create table if not exists ingest_stopped (
    table_name text primary key, kafka_topic text not null, reason text not null,
    since timestamptz not null default now()
);
"""
_FENCE = text(
    "update ingest_lease set leased_until = now() + :seconds * interval '1 s' where name = :name and epoch = :epoch"
)
_MOVE = text(
    "update ingest_cursor set next_offset = :end, epoch = :epoch, updated_at = now()"
    " where table_name = :table and kafka_partition = :partition and next_offset = :start"
    " and cluster_id = :cluster_id and topic_id = :topic_id"
)
_BEGIN = text(
    "insert into ingest_cursor values (:table, :partition, :topic, :end, :cluster_id, :topic_id, :epoch, now())"
    " on conflict do nothing"
)


class Mismatch(Exception):
    """Table, cursor and topic tell different stories; landing on would skip or repeat records."""


class Moved(Mismatch):
    """The positions are not where this lander began: another one, with other shards, landed the same records."""


@dataclass(frozen=True)
class Positions:
    """Next offset by partition of one incarnation of a topic; no offsets at all before the first commit."""

    cluster_id: str
    topic_id: str
    offsets: dict[int, int] = field(default_factory=dict)

    def to_summary(self, epoch: int) -> str:
        """What a snapshot carries."""
        offsets = {str(partition): offset for partition, offset in sorted(self.offsets.items())}
        document = {"cluster_id": self.cluster_id, "topic_id": self.topic_id, "epoch": epoch, "offsets": offsets}
        return orjson.dumps(document).decode()

    @classmethod
    def from_summary(cls, summary: str) -> "Positions":
        """The inverse of `to_summary`, without the epoch."""
        document = orjson.loads(summary)
        offsets = {int(partition): offset for partition, offset in document["offsets"].items()}
        return cls(document["cluster_id"], document["topic_id"], offsets)

    def only(self, partitions: Iterable[int]) -> "Positions":
        """These partitions alone."""
        return replace(self, offsets={number: self.offsets[number] for number in partitions if number in self.offsets})


@dataclass(frozen=True)
class Fence:
    """The lease that a commit has to hold still."""

    name: str
    epoch: int
    seconds: float


def create_tables(connection: psycopg.Connection, *lease_names: str) -> None:
    """Make the lander's tables and the rows of its leases where they are missing."""
    with connection.transaction():
        # Two starting landers would otherwise meet in the system catalogue.
        connection.execute("select pg_advisory_xact_lock(hashtext('ingest_lease'))")
        connection.execute(_TABLES)
        for name in lease_names:
            connection.execute("insert into ingest_lease (name) values (%s) on conflict do nothing", (name,))


def read_cursor(connection: psycopg.Connection, table_name: str) -> Positions | None:
    """The cursor of a raw table, None before its first commit."""
    rows = connection.execute(
        "select cluster_id, topic_id, kafka_partition, next_offset from ingest_cursor where table_name = %s",
        (table_name,),
    ).fetchall()
    if not rows:
        return None
    if len({row[:2] for row in rows}) != 1:
        raise Mismatch(f"the cursor of {table_name} mixes topics")
    return Positions(rows[0][0], rows[0][1], {row[2]: row[3] for row in rows})


def read_snapshot(table: Table) -> Positions | None:
    """The positions in the newest snapshot, None for a table without any. Raises Mismatch where they are missing."""
    snapshot = table.current_snapshot()
    if snapshot is None:
        return None
    summary = snapshot.summary[SUMMARY_KEY] if snapshot.summary else None
    if summary is None:
        raise Mismatch(f"snapshot {snapshot.snapshot_id} carries no positions")
    return Positions.from_summary(summary)


def reconcile(cursor: Positions | None, snapshot: Positions | None, identity: TopicIdentity) -> Positions:
    """Where to go on, when everything agrees. Raises Mismatch that says what does not."""
    if cursor != snapshot:
        raise Mismatch(f"the cursor says {cursor}, the table's newest snapshot {snapshot}")
    if cursor is None:
        return Positions(identity.cluster_id, identity.topic_id)
    if (cursor.cluster_id, cursor.topic_id) != (identity.cluster_id, identity.topic_id):
        raise Mismatch(
            f"landed from topic {cursor.topic_id} of cluster {cursor.cluster_id},"
            f" now it is {identity.topic_id} of {identity.cluster_id}"
        )
    if gone := set(cursor.offsets) - set(range(identity.partitions)):
        raise Mismatch(f"partitions {sorted(gone)} are gone")
    return cursor


def advance(there: Positions | None, start: Positions, end: Positions) -> Positions:
    """All of a table's positions, `there`, after those of `end` moved. Raises Moved where they are not at `start`."""
    there = there or replace(start, offsets={})
    if (there.cluster_id, there.topic_id) != (start.cluster_id, start.topic_id) or there.only(end.offsets) != start:
        raise Moved(f"read on from {start}, the table is at {there}")
    return replace(there, offsets=there.offsets | end.offsets)


def move(connection: Connection, fence: Fence, table_name: str, topic: str, start: Positions, end: Positions) -> None:
    """Move the cursor from `start` to `end` in the caller's transaction.

    Raises Fenced when the lease has another epoch and Moved when the cursor is not at `start`.
    """
    lease = {"name": fence.name, "epoch": fence.epoch, "seconds": fence.seconds}
    if connection.execute(_FENCE, lease).rowcount != 1:
        raise Fenced(f"epoch {fence.epoch} is over")
    for partition, offset in end.offsets.items():
        before = start.offsets.get(partition)
        values = {
            "table": table_name,
            "topic": topic,
            "partition": partition,
            "start": before,
            "end": offset,
            "epoch": fence.epoch,
            "cluster_id": start.cluster_id,
            "topic_id": start.topic_id,
        }
        if connection.execute(_BEGIN if before is None else _MOVE, values).rowcount != 1:
            raise Moved(f"the cursor of {table_name}, partition {partition}, is not at {before}")
