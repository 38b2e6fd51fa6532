"""The relay as the process that it is, from a full outbox."""

import time
from contextlib import closing

from confluent_kafka import TopicPartition

from ingestion.relay.sender import Sender
from tests.bench.form import Figure
from tests.bench.shop import template
from tests.bench.topic import PARTITIONS, PATIENCE, consumer
from tests.chaos.test_crashes import relay_epoch
from tests.ingestion.plane import Plane, new_plane, product_viewed, wait_for

OUTBOX = 300_000


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
    with closing(consumer(plane)) as reading:
        partitions = [TopicPartition(plane.topic(), partition) for partition in range(PARTITIONS)]
        return sum(high - low for low, high in map(reading.get_watermark_offsets, partitions))


def _produce_only(plane: Plane) -> float:
    rows = [("0", 0, "analytics", key, value) for _, key, value in (product_viewed(n + 1) for n in range(20_000))]
    with closing(Sender(plane.settings, lambda _: None)) as sender:
        began = time.perf_counter()
        for _ in range(OUTBOX // len(rows)):
            sender.send(rows)
            sender.wait(PATIENCE)
        return OUTBOX / (time.perf_counter() - began)
