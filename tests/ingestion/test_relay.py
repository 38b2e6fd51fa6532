"""From the outbox to Kafka: everything, in order, whoever commits when."""

import threading
import time
from uuid import UUID

import orjson
import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition

from ingestion.contracts.analytics import ProductViewed
from ingestion.relay.service import run
from ingestion.topics import admin_client, identify, offset_ranges
from tests.ingestion.plane import Plane, product_viewed, wait_for

INSERT = (
    "insert into core.outbox (event_id, topic, type, key, occurred_at, envelope)"
    " values (%s, 'analytics', %s, %s, now(), %s)"
)


def in_kafka(plane: Plane) -> list[tuple[str, UUID]]:
    """(key, event id) of every record, partition by partition."""
    admin = admin_client(plane.settings)
    found = []
    settings = {"bootstrap.servers": plane.settings.kafka_bootstrap, "group.id": "test", "enable.auto.commit": False}
    consumer = Consumer(settings)
    try:
        ranges = offset_ranges(admin, identify(admin, [plane.topic()]).values())
        for (topic, partition), (low, high) in ranges.items():
            consumer.assign([TopicPartition(topic, partition, low)])
            after = low
            while after < high:
                for message in consumer.consume(1000, timeout=0.2):
                    assert message.error() is None
                    key, value, offset = message.key(), message.value(), message.offset()
                    assert isinstance(key, bytes) and value is not None and offset is not None  # noqa: PT018
                    found.append((key.decode(), UUID(orjson.loads(value)["id"])))
                    after = offset + 1
    finally:
        consumer.close()
    return found


def cursor(plane: Plane) -> int:
    return int(plane.outbox_sql("select last_id from core.relay_cursor")[0][0])


def until_relayed(plane: Plane, last_id: int) -> None:
    wait_for(lambda: cursor(plane) >= last_id, f"row {last_id} is relayed")


def insert(connection: psycopg.Connection, key: str = "key") -> UUID:
    event_id, _, envelope = product_viewed()
    connection.execute(INSERT, (event_id, ProductViewed.type, key, envelope))
    return event_id


def test_everything_arrives_once_and_in_order(plane: Plane) -> None:
    with psycopg.connect(plane.env["AGORA_POSTGRES_URL"], autocommit=True) as connection:
        accepted = [insert(connection) for _ in range(50)]
    more = plane.accept(12_000)
    with plane.relay():
        until_relayed(plane, 12_050)
    found = in_kafka(plane)
    assert [event_id for key, event_id in found if key == "key"] == accepted
    assert sorted(event_id for _, event_id in found) == sorted(accepted + more)


def test_a_row_that_commits_late_is_not_passed_over(plane: Plane) -> None:
    url = plane.env["AGORA_POSTGRES_URL"]
    with psycopg.connect(url) as slow, psycopg.connect(url, autocommit=True) as quick:
        early = insert(slow)
        late = insert(quick)
        with plane.relay():
            time.sleep(0.5)  # the relay has looked several times by now
            assert cursor(plane) == 0
            slow.commit()
            until_relayed(plane, 2)
    assert [event_id for _, event_id in in_kafka(plane)] == [early, late]


def test_transactions_are_ordered_as_numbers(plane: Plane) -> None:
    url = plane.env["AGORA_POSTGRES_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        statement = INSERT.replace("(event_id,", "(txid, event_id,").replace("(%s,", "(%s::xid8, %s,", 1)
        expected: list[UUID] = []
        for txid in ("10", "9"):
            event_id, _, envelope = product_viewed()
            connection.execute(statement, (txid, event_id, ProductViewed.type, "key", envelope))
            expected.insert(0, event_id)
    with plane.relay():
        until_relayed(plane, 1)
    assert [event_id for _, event_id in in_kafka(plane)] == expected


def test_a_relay_whose_epoch_is_over_steps_back(plane: Plane) -> None:
    with plane.relay():
        wait_for(lambda: plane.outbox_sql("select epoch from core.relay_cursor") == [(1,)], "the relay holds the lease")
        plane.outbox_sql(
            "update core.relay_cursor set epoch = 7, leased_until = now() + interval '1 h', holder = 'elsewhere/1/1'"
        )
        wait_for(
            lambda: plane.outbox_sql("select epoch > 7 from core.relay_cursor") == [(True,)],
            "the holder that does not exist is replaced",
        )
        accepted = plane.accept(10)
        until_relayed(plane, 10)
    assert sorted(event_id for _, event_id in in_kafka(plane)) == sorted(accepted)


def test_without_kafka_it_waits_and_says_so_once(plane: Plane, capsys: pytest.CaptureFixture[str]) -> None:
    plane.accept(10)
    stop = threading.Event()
    away = plane.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    thread = threading.Thread(target=run, args=(away, stop))
    thread.start()
    time.sleep(2)
    assert thread.is_alive()
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert cursor(plane) == 0
    captured = capsys.readouterr()
    assert (captured.out + captured.err).count("waiting") == 1
    with plane.relay():
        until_relayed(plane, 10)
    assert len(in_kafka(plane)) == 10
