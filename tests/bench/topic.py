"""A topic full of events, and what reading it costs without our part."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from uuid import UUID

import boto3
from confluent_kafka import Consumer, Producer, TopicPartition

from ingestion.lander.session import consumer_settings
from tests.ingestion.plane import ROOT, Plane, product_viewed

TEMPLATES = 2_000
PARTITIONS = 4
PATIENCE = 240.0


def events(first: int, count: int) -> Iterator[tuple[bytes, bytes]]:
    """(key, envelope): many events from some, only the id is new in each."""
    made = [product_viewed(number + 1) for number in range(TEMPLATES)]
    halves = [(key.encode(), *value.split(str(event_id).encode())) for event_id, key, value in made]
    for number in range(first, first + count):
        key, before, after = halves[number % TEMPLATES]
        yield key, before + str(UUID(int=0x01900000_0000_7000_8000_000000000000 + number)).encode() + after


def fill(plane: Plane, count: int, first: int = 0, go_on: Callable[[int], bool] = lambda _: True) -> int:
    """Put events into the topic, spread over its partitions, while `go_on` says so; how many."""
    options = {"linger.ms": 50, "batch.size": 1_000_000, "compression.type": "lz4", "acks": "all"}
    options |= {"queue.buffering.max.messages": 200_000, "bootstrap.servers": plane.settings.kafka_bootstrap}
    producer = Producer(options)
    made = 0
    for key, value in events(first, count):
        if made % 10_000 == 0 and not go_on(made):
            break
        while True:
            try:
                producer.produce(plane.topic(), value, key, made % PARTITIONS)
                break
            except BufferError:
                producer.poll(0.1)
        made += 1
    if left := producer.flush(PATIENCE):
        raise RuntimeError(f"{left} events were not taken by Kafka")
    return made


def consumer(plane: Plane, partitions: range = range(PARTITIONS)) -> Consumer:
    """Reads partitions from their beginning as the lander does."""
    reading = Consumer(consumer_settings(plane.settings) | {"group.id": "bench"})
    reading.assign([TopicPartition(plane.topic(), partition, 0) for partition in partitions])
    return reading


def consume_only(plane: Plane, count: int, processes: int) -> float:
    """Records a second of bare consumers that share the partitions, from the first record of the first of them."""
    share = PARTITIONS // processes
    parts = [range(number * share, (number + 1) * share) for number in range(processes)]
    command = [sys.executable, "-m", "tests.bench.topic", plane.settings.kafka_bootstrap, plane.topic()]
    running = [
        subprocess.Popen(
            [*command, str(count // processes), *map(str, part)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for part in parts
    ]
    times = [tuple(map(float, process.communicate(timeout=PATIENCE)[0].split())) for process in running]
    return count / (max(end for _, end in times) - min(begin for begin, _ in times))


def _consume(bootstrap: str, topic: str, count: int, partitions: list[int]) -> tuple[float, float]:
    options = {"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False}
    reading = Consumer(
        options | {"queued.min.messages": 200_000, "fetch.message.max.bytes": 4_194_304, "fetch.queue.backoff.ms": 10}
    )
    reading.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    seen, began = len(reading.consume(1, 60)), time.monotonic()
    while seen < count:
        seen += len(reading.consume(4_000, 0.2))
    ended = time.monotonic()
    reading.close()
    return began, ended


def delete_files(plane: Plane) -> None:
    """The catalog forgets its tables, S3 would keep their files."""
    settings = plane.settings
    s3 = boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
        region_name=settings.s3_region,
    )
    prefix = f"warehouse/{settings.lake_namespace_prefix}"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.s3_lake_bucket, Prefix=prefix)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    for key in sorted(keys, reverse=True):  # what marks a folder goes after all that lies in it
        s3.delete_object(Bucket=settings.s3_lake_bucket, Key=key)


if __name__ == "__main__":
    print(*_consume(sys.argv[1], sys.argv[2], int(sys.argv[3]), list(map(int, sys.argv[4:]))))  # noqa: T201
