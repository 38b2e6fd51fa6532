"""Thousands of small commits to one table, with the lake's care beside them: the last ones take what the first took?"""

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pyarrow as pa
from confluent_kafka import Message
from psycopg import sql

from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.reader import scan
from ingestion.lake.tables import create_raw_tables
from ingestion.lander.commit import Committer, Growing, Pending
from ingestion.lander.positions import Fence, Positions, create_tables
from ingestion.lander.records import parse
from ingestion.lander.shards import WHOLE
from ingestion.lease import Lease
from ingestion.topics import admin_client, identify
from pipelines.lib.care import Limits, care
from pipelines.lib.state import SnapshotState
from tests.bench.form import Figure, Scale
from tests.bench.shop import template
from tests.bench.topic import delete_files
from tests.ingestion.plane import Plane, new_plane, product_viewed

DOMAIN = "analytics"
ROWS = 200
# A commit every ten seconds, and care every hour that keeps the snapshots of the hour.
CARE_EVERY = 360
CARE = Limits(closed_after=timedelta(0), expire_after=timedelta(0))
MEASURED = 100


@dataclass
class Table:
    """A raw table that is committed to by the lander's own committer, with rows that never were in Kafka."""

    plane: Plane
    catalog: LakeCatalog
    committer: Committer
    worker: Executor
    rows: pa.Table
    at: Positions

    @property
    def name(self) -> str:
        return self.plane.settings.table(f"raw.{DOMAIN}")

    def commit(self) -> float:
        """Seconds that one commit took."""
        schema = self.catalog.load_table(self.name).schema()
        rows, failed = Growing(schema, self.worker), Growing(schema, self.worker)
        rows.add([self.rows])
        end = Positions(self.at.cluster_id, self.at.topic_id, {0: self.at.offsets.get(0, 0) + ROWS})
        began = time.perf_counter()
        self.committer.commit(Pending(DOMAIN, self.at, end, rows, failed))
        self.at = end
        return time.perf_counter() - began

    def read(self) -> float:
        """Seconds for ids and times of all rows, divided by how many there are, in millions."""
        began = time.perf_counter()
        rows = scan(self.catalog, self.name, ("event_id", "occurred_at")).num_rows
        return (time.perf_counter() - began) / rows * 1_000_000

    def care(self) -> None:
        """As Dagster does it behind the build of the typed tables."""
        settings = self.plane.pipelines()
        current = self.catalog.load_table(self.name).current_snapshot()
        with SnapshotState.open(settings) as state:
            state.put(self.name, current.snapshot_id if current else 0)
        for _ in care(settings, CARE):
            pass


def commits(stack_env: dict[str, str], scale: Scale) -> list[Figure]:
    """Commits of 200 rows each, and scans of the whole table after the first hour and at the end."""
    with template(stack_env, "0001") as name, _table(stack_env, name) as table:
        taken: list[float] = []
        scans: list[float] = []
        for number in range(1, scale.commits + 1):
            taken.append(table.commit())
            if number % CARE_EVERY == 0:
                table.care()
                scans.append(table.read())
    if not scans:
        raise ValueError(f"at least {CARE_EVERY} commits")
    first, last = (statistics.median(part) * 1000 for part in (taken[:MEASURED], taken[-MEASURED:]))
    return [
        Figure(f"last 100 of {scale.commits:,} commits", last, "ms", first * 1.5, "lower", first, "the first 100"),
        Figure("slowest of 100", max(statistics.quantiles(taken, n=100)) * 1000, "ms", 1000, "lower"),
        Figure("scan at the end", scans[-1], "s per million", scans[0] * 1.5, "lower", scans[0], "after an hour"),
    ]


@contextmanager
def _table(stack_env: dict[str, str], database: str) -> Iterator[Table]:
    with (
        new_plane(stack_env, database, AGORA_KAFKA_PARTITIONS="1") as plane,
        closing(plane.catalog()) as catalog,
        ThreadPoolExecutor(1) as worker,
        psycopg.connect(plane.settings.lake_catalog_url, autocommit=True) as connection,
    ):
        name = WHOLE.lease_name(plane.settings.lake_namespace_prefix)
        create_tables(connection, name)
        create_raw_tables(catalog, plane.settings)
        lease = Lease(connection, sql.Identifier("ingest_lease"), "name", name, 3600)
        if not lease.try_take():
            raise RuntimeError("somebody lands here")
        admin = admin_client(plane.settings)
        identity = identify(admin, [plane.topic()])[plane.topic()]
        messages = [
            Message(
                topic=plane.topic(), partition=0, offset=offset, value=product_viewed(offset + 1)[2], timestamp=(1, 1)
            )
            for offset in range(ROWS)
        ]
        committer = Committer(plane.settings, catalog, admin, Fence(name, lease.epoch, lease.seconds))
        at = Positions(identity.cluster_id, identity.topic_id)
        try:
            yield Table(plane, catalog, committer, worker, parse(DOMAIN, messages).rows, at)
        finally:
            delete_files(plane)
