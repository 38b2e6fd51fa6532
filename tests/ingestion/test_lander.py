"""From Kafka to the raw tables: each record exactly once, whatever is in it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.cimpl import NewPartitions

from ingestion.lake.tables import FAILED_TABLE
from ingestion.lander.positions import Positions, read_cursor, read_snapshot
from ingestion.topics import TopicIdentity, admin_client, ensure_topics, identify
from tests.ingestion.plane import Plane, wait_for

RAW = "raw.analytics"


def positions(plane: Plane) -> tuple[Positions | None, Positions | None]:
    """(cursor, newest snapshot)."""
    name = plane.settings.table(RAW)
    with (
        closing(plane.catalog()) as catalog,
        psycopg.connect(plane.settings.lake_catalog_url, autocommit=True) as connection,
    ):
        return read_cursor(connection, name), read_snapshot(catalog.load_table(name))


def test_every_record_lands_once_across_restarts(plane: Plane) -> None:
    ids = plane.produce_events(300)
    plane.land(300)
    ids += plane.produce_events(200)
    plane.land(500)
    with plane.lander():
        time.sleep(1)  # a lander with nothing to do commits nothing
    assert sorted(plane.landed()) == sorted(ids)
    places = [(row["kafka_partition"], row["kafka_offset"]) for row in plane.rows()]
    assert len(set(places)) == 500
    cursor, snapshot = positions(plane)
    assert cursor == snapshot
    assert cursor is not None
    assert sum(cursor.offsets.values()) == 500


def test_an_unreadable_record_lands_whole_beside_the_others(plane: Plane) -> None:
    plane.produce([b"\xff no event", None], key=b"\x00k", headers=[("batch", b"\xff")], partition=1)
    ids = plane.produce_events(5, partition=1)
    plane.land(5)
    assert sorted(plane.landed()) == sorted(ids)
    garbage, missing = sorted(plane.rows(FAILED_TABLE), key=lambda row: row["kafka_offset"])
    assert garbage["value"] == b"\xff no event"
    assert garbage["key"] == b"\x00k"
    assert garbage["reason"].startswith("value: not JSON")
    assert (garbage["kafka_topic"], garbage["kafka_partition"], garbage["kafka_offset"]) == (plane.topic(), 1, 0)
    assert missing["value"] is None


def test_a_topic_of_nothing_but_garbage_moves_on(plane: Plane) -> None:
    plane.produce([b"garbage"] * 3)
    plane.land(3, FAILED_TABLE)
    with plane.lander():
        time.sleep(1)
    assert len(plane.rows(FAILED_TABLE)) == 3
    cursor, snapshot = positions(plane)
    assert cursor == snapshot
    assert cursor is not None
    assert sum(cursor.offsets.values()) == 3


def test_partitions_that_are_added_are_read_from_their_beginning(plane: Plane) -> None:
    plane.produce_events(10)
    plane.land(10)
    admin = admin_client(plane.settings)
    for future in admin.create_partitions([NewPartitions(plane.topic(), 3)]).values():
        future.result(10)
    wait_for(lambda: _identity(plane).partitions == 3, "the partition is there")
    plane.produce_events(10, partition=2)
    plane.land(20)
    assert len(set(plane.landed())) == 20


def _identity(plane: Plane) -> TopicIdentity:
    return identify(admin_client(plane.settings), [plane.topic()])[plane.topic()]


# Each leaves table, cursor and topic telling different stories, or records gone that were never landed.


def _recreate_topic(plane: Plane) -> None:
    admin = admin_client(plane.settings)
    before = _identity(plane)
    for future in admin.delete_topics([plane.topic()], operation_timeout=10).values():
        future.result(10)
    wait_for(lambda: plane.topic() not in identify(admin, [plane.topic()]), "the topic is gone")
    ensure_topics(plane.settings)
    wait_for(lambda: _identity(plane).topic_id != before.topic_id, "the topic is there again")


def _move_cursor(plane: Plane) -> None:
    plane.lake_sql(
        "update ingest_cursor set next_offset = next_offset - 1 where table_name = %s", plane.settings.table(RAW)
    )


def _append_by_hand(plane: Plane) -> None:
    with closing(plane.catalog()) as catalog:
        table = catalog.load_table(plane.settings.table(RAW))
        table.append(table.scan(limit=1).to_arrow())


def _roll_back(plane: Plane) -> None:
    plane.produce_events(5)
    plane.land(25)
    with closing(plane.catalog()) as catalog:
        table = catalog.load_table(plane.settings.table(RAW))
        first = table.history()[0].snapshot_id
        table.manage_snapshots().rollback_to_snapshot(first).commit()


def _lose_records(plane: Plane) -> None:
    plane.produce_events(20, partition=0)
    offsets = [TopicPartition(plane.topic(), 0, 25)]
    admin = admin_client(plane.settings)
    for future in admin.delete_records(offsets).values():
        future.result(10)


@pytest.mark.parametrize("damage", [_recreate_topic, _move_cursor, _append_by_hand, _roll_back, _lose_records])
def test_a_topic_that_does_not_fit_its_table_is_stopped_and_the_others_go_on(
    plane: Plane, damage: Callable[[Plane], None], capsys: pytest.CaptureFixture[str]
) -> None:
    plane.produce_events(20, partition=0)
    plane.land(20)
    damage(plane)
    before = len(plane.rows())
    plane.produce_events(7)
    plane.produce([b"garbage"], domain="catalog")
    with plane.lander():
        wait_for(lambda: plane.rows(FAILED_TABLE), "the other topic lands")
    assert len(plane.rows()) == before
    captured = capsys.readouterr()
    assert "topic_stopped" in captured.out + captured.err


@contextmanager
def _store_that_stops(endpoint: str, answers: threading.Event) -> Iterator[str]:
    """The object store behind a door that passes nothing on while `answers` is not set."""
    there = urlsplit(endpoint)
    door = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket) -> None:
        with source, target:
            while data := source.recv(65_536):
                answers.wait()
                target.sendall(data)

    def open_door() -> None:
        while True:
            try:
                caller, _ = door.accept()
            except OSError:  # closed
                return
            store = socket.create_connection((there.hostname or "", there.port or 0))
            for pair in ((caller, store), (store, caller)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=open_door, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        answers.set()
        door.close()


def test_a_store_that_does_not_answer_is_told_and_nothing_lands_twice(plane: Plane, tmp_path: Path) -> None:
    ids = plane.produce_events(20)
    plane.land(20)
    answers = threading.Event()
    answers.set()
    log = tmp_path / "lander.log"
    with _store_that_stops(plane.settings.s3_endpoint, answers) as endpoint, log.open("wb") as file:
        behind = replace(plane, env=plane.env | {"AGORA_S3_ENDPOINT": endpoint})
        process = behind.start("ingestion.lander", file)
        wait_for(lambda: "landing" in log.read_text(), "it reads")
        answers.clear()
        ids += plane.produce_events(30)
        wait_for(lambda: "commit_waits" in log.read_text(), "it says that it waits")
        assert len(plane.rows()) == 20
        answers.set()
        wait_for(lambda: len(plane.rows()) == 50, "the rest lands")
        process.terminate()
        assert process.wait(30) == 0
    assert sorted(plane.landed()) == sorted(ids)
