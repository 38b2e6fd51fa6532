"""Relay and lander as the processes that they are, from a full outbox and from full topics."""

import time
from collections.abc import Iterator
from contextlib import closing

import boto3
import pyarrow as pa
from confluent_kafka import Consumer, Producer, TopicPartition

from ingestion.lander.records import parse
from ingestion.lander.session import consumer_settings
from ingestion.relay.sender import Sender
from pipelines.lib.landed import landed
from tests.bench.form import Figure
from tests.bench.shop import template
from tests.chaos.test_crashes import lander_epoch, relay_epoch
from tests.ingestion.plane import Plane, new_plane, product_viewed, wait_for

EVENTS = 2_000_000
OUTBOX = 300_000
TEMPLATES = 2_000
PARTITIONS = 4
PATIENCE = 180.0


def relay(stack_env: dict[str, str]) -> list[Figure]:
    """An outbox of 300,000 rows to acknowledged records."""
    with (
        template(stack_env, "0001") as name,
        new_plane(stack_env, name, AGORA_KAFKA_PARTITIONS=str(PARTITIONS)) as plane,
    ):
        plane.accept(OUTBOX)
        process = plane.start("ingestion.relay")
        wait_for(lambda: relay_epoch(plane), "the relay begins")
        before, began = _relayed(plane), time.perf_counter()
        wait_for(lambda: _relayed(plane) == OUTBOX, "everything is relayed", PATIENCE)
        rate = (OUTBOX - before) / (time.perf_counter() - began)
        process.terminate()
        process.wait(20)
        if (records := _records(plane)) != OUTBOX:
            raise RuntimeError(f"{records} records from {OUTBOX} rows")
        limit = _produce_only(plane)
    return [Figure("outbox to acknowledged", rate, "/s", 25_000, "higher", limit, "produce only")]


def _relayed(plane: Plane) -> int:
    """Rows behind the cursor; what went before the clock began does not count."""
    first = "(select min(id) from core.outbox)"
    query = f"select greatest(last_id - {first} + 1, 0) from core.relay_cursor where shard = 0"  # noqa: S608
    return int(plane.outbox_sql(query)[0][0])


def _records(plane: Plane) -> int:
    """How many the topic holds."""
    with closing(_consumer(plane)) as consumer:
        partitions = [TopicPartition(plane.topic(), partition) for partition in range(PARTITIONS)]
        return sum(high - low for low, high in map(consumer.get_watermark_offsets, partitions))


def _produce_only(plane: Plane) -> float:
    rows = [("0", 0, "analytics", key, value) for _, key, value in (product_viewed(n + 1) for n in range(20_000))]
    with closing(Sender(plane.settings, lambda _: None)) as sender:
        began = time.perf_counter()
        for _ in range(OUTBOX // len(rows)):
            sender.send(rows)
            sender.wait(PATIENCE)
        return OUTBOX / (time.perf_counter() - began)


def lander(stack_env: dict[str, str]) -> list[Figure]:
    """A topic of two million events to committed Iceberg rows."""
    settings = {"AGORA_KAFKA_PARTITIONS": str(PARTITIONS), "AGORA_LANDER_COMMIT_SECONDS": "2"}
    with template(stack_env, "0001") as name, new_plane(stack_env, name, **settings) as plane:
        try:
            rate, consumed, appended = _land(plane)
        finally:
            _delete_files(plane)
    return [
        Figure("topic to committed rows, 1 process", rate, "/s", 150_000, "higher", consumed, "consume only"),
        Figure("topic to committed rows, 1 process", rate, "/s", 150_000, "higher", appended, "append only"),
    ]


def _land(plane: Plane) -> tuple[float, float, float]:
    """Rows a second of the lander, of consuming alone, and of appending alone."""
    _fill(plane)
    process = plane.start("ingestion.lander")
    wait_for(lambda: lander_epoch(plane), "the lander begins", PATIENCE)
    began = time.perf_counter()
    # The cursor moves in the transaction that commits the rows, and asking for it costs the lander nothing.
    query = "select coalesce(sum(next_offset), 0) >= %s from ingest_cursor where table_name = %s"
    table_name = plane.settings.table("raw.analytics")
    wait_for(lambda: plane.lake_sql(query, EVENTS, table_name) == [(True,)], "everything landed", PATIENCE)
    rate = EVENTS / (time.perf_counter() - began)
    if (rows := sum(each.rows for each in landed(plane.pipelines()))) != EVENTS:
        raise RuntimeError(f"{rows} rows of {EVENTS} landed")
    process.terminate()
    process.wait(20)
    return rate, _consume_only(plane), _append_only(plane)


def _delete_files(plane: Plane) -> None:
    """The catalog forgets its tables, S3 would keep their files."""
    settings = plane.settings
    s3 = boto3.resource(
        "s3",
        endpoint_url=settings.s3_endpoint,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
        region_name=settings.s3_region,
    )
    for file in s3.Bucket(settings.s3_lake_bucket).objects.filter(Prefix=f"warehouse/{settings.lake_namespace_prefix}"):
        file.delete()


def _events() -> Iterator[bytes]:
    """Many events from some: only the id is new in each."""
    made = [product_viewed(n + 1) for n in range(TEMPLATES)]
    halves = [value.split(str(event_id).encode()) for event_id, _, value in made]
    for number in range(EVENTS):
        before, after = halves[number % TEMPLATES]
        yield before + b"01900000-0000-7000-8000-%012x" % number + after


def _fill(plane: Plane) -> None:
    options = {"linger.ms": 50, "batch.size": 1_000_000, "compression.type": "lz4", "acks": "all"}
    options |= {"queue.buffering.max.messages": 1_000_000, "bootstrap.servers": plane.settings.kafka_bootstrap}
    producer = Producer(options)
    for number, value in enumerate(_events()):
        while True:
            try:
                producer.produce(plane.topic(), value, partition=number % PARTITIONS)
                break
            except BufferError:
                producer.poll(0.1)
    if left := producer.flush(PATIENCE):
        raise RuntimeError(f"{left} events were not taken by Kafka")


def _consumer(plane: Plane) -> Consumer:
    consumer = Consumer(consumer_settings(plane.settings) | {"group.id": "bench"})
    consumer.assign([TopicPartition(plane.topic(), partition, 0) for partition in range(PARTITIONS)])
    return consumer


def _consume_only(plane: Plane) -> float:
    with closing(_consumer(plane)) as consumer:
        count, began = 0, time.perf_counter()
        while count < EVENTS:
            count += len(consumer.consume(4_000, 0.2))
        return EVENTS / (time.perf_counter() - began)


def _append_only(plane: Plane) -> float:
    with closing(_consumer(plane)) as consumer:
        messages = [message for _ in range(25) for message in consumer.consume(4_000, 1.0)]
    rows = parse("analytics", messages).rows
    everything = pa.concat_tables([rows] * 10)
    with closing(plane.catalog()) as catalog:
        table = catalog.create_table(plane.settings.table("raw.bench"), everything.schema)
        began = time.perf_counter()
        table.append(everything)
        return int(everything.num_rows) / (time.perf_counter() - began)
