"""Behaviour events on their direct way to Kafka, and through the outbox while Kafka is away.

An answer means that every event is in Kafka with all acks and a receipt, or in the outbox. Where that is unclear (a
timeout, some records acked and some not) the whole batch goes to the outbox as well: the lake drops repeats by event
id. Where Kafka has a batch whose receipt could not be written, the caller gets an error, and the batch id in the
records' header lets the data plane write the receipt later.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import TextClause, text

from api.core import straight
from api.core.db import copy_rows, reading, transaction
from api.core.kafka import ensure_topics
from api.core.metrics import CAPTURED
from api.core.outbox import COLUMNS
from api.core.settings import Settings, get_settings
from api.core.trace import current_trace_id
from ingestion.contracts import Event, encode, new_event_id

log = structlog.get_logger(__name__)
Occurred = tuple[Event, UUID, datetime]


class KafkaAway(Exception):
    """Kafka did not take a batch within the bounded wait."""


class CaptureProducer:
    """The process's idempotent producer, with a pause after a failure so that callers do not all wait in turn."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._away_until = 0.0
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def is_away(self) -> bool:
        """Whether the last try failed and the pause is not over."""
        return time.monotonic() < self._away_until

    async def send(self, batch_id: UUID, records: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Send (domain, key, envelope) records; returns after all acks. Raises KafkaAway."""
        if self.is_away:
            raise KafkaAway
        try:
            async with asyncio.timeout(self._settings.capture_wait):
                producer = await self._started()
                headers = [("batch", batch_id.bytes)]
                prefix = self._settings.kafka_topic_prefix
                acks = [
                    await producer.send(prefix + domain, value, key=key, headers=headers)
                    for domain, key, value in records
                ]
                await asyncio.gather(*acks)
        except (KafkaError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + self._settings.capture_pause
            log.warning("kafka_away", error=type(error).__name__)
            if not isinstance(error, TimeoutError):
                self._discard()
            raise KafkaAway from error

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is not None:
            return self._producer
        async with self._starting:
            if self._producer is None:
                await ensure_topics(self._settings)
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._settings.kafka_bootstrap,
                    client_id="agora-api",
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=262_144,
                    request_timeout_ms=10_000,
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
        return self._producer

    def _discard(self) -> None:
        """Forget a producer that may be fenced or out of sequence; the next try starts a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            task = asyncio.create_task(_stop(producer))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Flush and close, within a bounded wait."""
        self._discard()
        await asyncio.gather(*self._closing, return_exceptions=True)


async def _stop(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(5):
            await producer.stop()


class _Current:
    producer: CaptureProducer | None = None


def get_producer() -> CaptureProducer:
    """The producer of this process, made at its first use and started at the first batch."""
    if _Current.producer is None:
        _Current.producer = CaptureProducer(get_settings())
    return _Current.producer


async def close_producer() -> None:
    """Close the producer of this process, if it has one."""
    producer, _Current.producer = _Current.producer, None
    if producer is not None:
        await producer.close()


async def capture(events: Sequence[Occurred], traces: Sequence[str | None] | None = None) -> None:
    """Accept (event, event id, time) triples for good: in Kafka with receipts, or in the outbox.

    `traces` are the ids of their traces, where they are not all of the current one. Raises SQLAlchemy's errors when
    Postgres is away: then nothing was promised.
    """
    if not events:
        return
    traces = traces or [current_trace_id()] * len(events)
    envelopes = [
        encode(event, event_id, occurred_at, trace_id)
        for (event, event_id, occurred_at), trace_id in zip(events, traces, strict=True)
    ]
    batch_id = new_event_id()
    records = [
        (event.domain(), event.key().encode(), envelope)
        for (event, _, _), envelope in zip(events, envelopes, strict=True)
    ]
    try:
        await get_producer().send(batch_id, records)
    except KafkaAway:
        await _to_outbox(events, envelopes)
        CAPTURED.labels("outbox").inc(len(events))
        return
    await _write_receipts(batch_id, events)
    CAPTURED.labels("kafka").inc(len(events))


async def _write_receipts(batch_id: UUID, events: Sequence[Occurred]) -> None:
    by_type: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for event, event_id, _ in events:
        by_type[event.domain(), event.type].append(event_id)
    values: dict[str, Any] = {"batch_id": batch_id, "accepted_at": datetime.now(UTC)}
    for index, ((topic, event_type), ids) in enumerate(by_type.items()):
        values |= {f"topic{index}": topic, f"type{index}": event_type, f"ids{index}": ids}
    async with reading() as connection:
        await straight.read(connection, _receipts(len(by_type)), values)


@lru_cache(maxsize=100)
def _receipts(rows: int) -> TextClause:
    """One statement for the receipts of so many types of events."""
    return text(
        "INSERT INTO core.capture_receipts (batch_id, topic, type, event_ids, accepted_at) VALUES "  # noqa: S608 -- only numbered placeholders
        + ", ".join(
            f"(:batch_id, :topic{row}, :type{row}, CAST(:ids{row} AS uuid[]), :accepted_at)" for row in range(rows)
        )
        + " ON CONFLICT DO NOTHING"
    )


async def _to_outbox(events: Sequence[Occurred], envelopes: Sequence[bytes]) -> None:
    rows = (
        (event_id, event.domain(), event.type, event.key(), occurred_at, envelope)
        for (event, event_id, occurred_at), envelope in zip(events, envelopes, strict=True)
    )
    async with transaction() as session:
        await copy_rows(session, "core.outbox", COLUMNS, rows)
