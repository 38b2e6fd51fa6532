"""The commit: all of it or nothing, once, and only under one's own epoch."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from threading import Barrier
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from psycopg import sql
from pyarrow.fs import FileSelector
from pyiceberg.table import Transaction
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from ingestion.lake.catalog import Companion, LakeCatalog, OutcomeUnknown, open_catalog
from ingestion.lake.tables import FAILED_TABLE, create_raw_tables
from ingestion.lander.commit import Committer, Growing, Pending
from ingestion.lander.intake import Files, Intake
from ingestion.lander.positions import Fence, Mismatch, create_tables, read_cursor, read_snapshot, reconcile
from ingestion.lease import Fenced, Lease
from ingestion.topics import admin_client, identify
from tests.ingestion.plane import DEADLINE, Plane, wait_for

RAW = "raw.analytics"
EVENTS, GARBAGE = 40, 2


@dataclass
class Desk:
    """A committer with all records of the topic in hand, without the loop around it."""

    catalog: LakeCatalog
    lease: Lease
    committer: Committer
    pending: Pending


@pytest.fixture
def desk(plane: Plane) -> Iterator[Desk]:
    """The lease is taken, the records are read and parsed, nothing is committed."""
    plane.produce_events(EVENTS)
    plane.produce([b"garbage"] * GARBAGE)
    name = f"lander/{plane.settings.lake_namespace_prefix}"
    admin = admin_client(plane.settings)
    with (
        closing(plane.catalog()) as catalog,
        ThreadPoolExecutor(1) as worker,
        psycopg.connect(plane.settings.lake_catalog_url, autocommit=True) as connection,
    ):
        create_tables(connection, name)
        create_raw_tables(catalog, plane.settings)
        lease = Lease(connection, sql.Identifier("ingest_lease"), "name", name, seconds=30)
        assert lease.try_take()
        raw, failed = (catalog.load_table(plane.settings.table(table)) for table in (RAW, FAILED_TABLE))
        files = Files(partial(Growing, raw.schema(), worker), partial(Growing, failed.schema(), worker))
        identity = identify(admin, [plane.topic()])[plane.topic()]
        start = reconcile(read_cursor(connection, plane.settings.table(RAW)), read_snapshot(raw), identity)
        intake = Intake("analytics", start, {0: 0, 1: 0}, files)
        intake.take(_read(plane, EVENTS + GARBAGE))
        committer = Committer(plane.settings, catalog, admin, Fence(name, lease.epoch, lease.seconds))
        yield Desk(catalog, lease, committer, intake.hand_over())
        lease.release()


def _read(plane: Plane, count: int) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": plane.settings.kafka_bootstrap, "group.id": "test"})
    consumer.assign([TopicPartition(plane.topic(), partition, 0) for partition in (0, 1)])
    found: list[Message] = []
    try:
        deadline = time.monotonic() + DEADLINE
        while len(found) < count:
            found += consumer.consume(1000, timeout=0.2)
            assert time.monotonic() < deadline, "not all records came"
    finally:
        consumer.close()
    return found


def counts(plane: Plane) -> tuple[int, int]:
    """Rows in the raw table and among the failed events."""
    return len(plane.rows(RAW)), len(plane.rows(FAILED_TABLE))


def data_files(plane: Plane, table: str = RAW) -> list[str]:
    """Every file in a table's data folder, whether a snapshot knows it or not."""
    with closing(plane.catalog()) as catalog:
        loaded = catalog.load_table(plane.settings.table(table))
        client = loaded.io.fs_by_scheme("s3", None)  # type: ignore[attr-defined]
        folder = loaded.location().removeprefix("s3://") + "/data"
        return [found.base_name for found in client.get_file_info(FileSelector(folder, allow_not_found=True))]


def test_rows_failed_events_and_cursor_move_together(plane: Plane, desk: Desk) -> None:
    committed = desk.committer.commit(desk.pending)
    assert (committed.rows, committed.failed) == (EVENTS, GARBAGE)
    assert counts(plane) == (EVENTS, GARBAGE)
    (name,) = data_files(plane)
    assert name.startswith(plane.topic())
    assert name.endswith(f"-e{desk.lease.epoch}.parquet")


def test_the_same_records_cannot_be_committed_twice(plane: Plane, desk: Desk) -> None:
    desk.committer.commit(desk.pending)
    with pytest.raises(Mismatch):
        desk.committer.commit(Pending("analytics", desk.pending.start, desk.pending.end, _none(), _none()))
    assert counts(plane) == (EVENTS, GARBAGE)


def _none() -> Any:
    class Nothing:
        is_empty = True

        def finish(self, *_: object) -> None:
            return None

    return Nothing()


def test_a_zombie_lands_nothing_and_leaves_nothing(plane: Plane, desk: Desk) -> None:
    plane.lake_sql("update ingest_lease set epoch = epoch + 1 where name = %s", desk.lease.key)
    with pytest.raises(Fenced):
        desk.committer.commit(desk.pending)
    assert counts(plane) == (0, 0)
    assert data_files(plane) == data_files(plane, FAILED_TABLE) == []
    assert plane.lake_sql("select 1 from ingest_cursor where table_name = %s", plane.settings.table(RAW)) == []


def test_another_writer_of_failed_events_only_delays(plane: Plane, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_with, tries = desk.catalog.commit_with, []

    def meanwhile(transactions: Sequence[Transaction], companion: Companion) -> None:
        tries.append(1)
        if len(tries) == 1:
            table = desk.catalog.load_table(plane.settings.table(FAILED_TABLE))
            table.append(table.schema().as_arrow().empty_table())
        commit_with(transactions, companion)

    monkeypatch.setattr(desk.catalog, "commit_with", meanwhile)
    desk.committer.commit(desk.pending)
    assert len(tries) == 2
    assert counts(plane) == (EVENTS, GARBAGE)


def _lost_before(connection: Connection) -> None:
    raise OperationalError("commit", {}, Exception("the connection broke before Postgres heard of it"))


def _lost_after(connection: Connection) -> None:
    connection.connection.dbapi_connection.commit()  # type: ignore[union-attr]
    raise OperationalError("commit", {}, Exception("the answer was lost"))


@pytest.mark.parametrize("loss", [_lost_before, _lost_after])
def test_a_lost_answer_is_looked_up_and_never_guessed(
    plane: Plane, desk: Desk, loss: Callable[[Connection], None]
) -> None:
    event.listen(desk.catalog.engine, "commit", loss)
    with pytest.raises(OutcomeUnknown):
        desk.committer.commit(desk.pending)
    event.remove(desk.catalog.engine, "commit", loss)
    assert data_files(plane), "a file that may be part of the table must stay"
    desk.lease.release()
    with plane.lander():
        wait_for(lambda: counts(plane) == (EVENTS, GARBAGE), "everything lands", DEADLINE)
        plane.produce_events(1)
        wait_for(lambda: counts(plane)[0] > EVENTS, "the lander goes on", DEADLINE)
    assert counts(plane) == (EVENTS + 1, GARBAGE)


def test_a_new_catalogue_can_be_opened_by_several_at_once(plane: Plane) -> None:
    new = plane.settings.model_copy(update={"lake_catalog_url": plane.env["AGORA_POSTGRES_OWNER_URL"]})
    barrier = Barrier(8)

    def opened(_: int) -> list[tuple[str, ...]]:
        barrier.wait(DEADLINE)
        with closing(open_catalog(new)) as catalog:
            return catalog.list_namespaces()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(opened, range(8))) == [[]] * 8
