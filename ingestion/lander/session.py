"""One lander's time under its lease: read, gather, commit, until it is stopped or somebody else takes over."""

import threading
import time
from collections import defaultdict
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import psycopg
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from ingestion.contracts import TOPICS
from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.tables import FAILED_TABLE, create_raw_tables, raw_table
from ingestion.lander.commit import Committed, Committer, Growing, Pending
from ingestion.lander.intake import Files, Intake
from ingestion.lander.positions import Fence, Mismatch, read_cursor, read_snapshot, reconcile
from ingestion.lease import Lease
from ingestion.settings import Settings
from ingestion.topics import TopicIdentity, admin_client, ensure_topics, identify, offset_ranges

log = structlog.get_logger(__name__)
CHUNK = 4_000
MAX_BACKLOG = 4
REFRESH_SECONDS = 30.0
_LOST = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError.UNKNOWN_TOPIC_OR_PART}


class Session:
    """Everything between taking the lease and losing it. Any exception ends it; the next session reads the truth."""

    def __init__(self, settings: Settings, catalog: LakeCatalog, connection: psycopg.Connection, lease: Lease) -> None:
        self._settings = settings
        self._catalog = catalog
        self._connection = connection
        self._lease = lease
        self._admin = admin_client(settings)
        fence = Fence(str(lease.key), lease.epoch, lease.seconds)
        self._committer = Committer(settings, catalog, self._admin, fence)
        self._consumer = Consumer(consumer_settings(settings))
        self._worker = ThreadPoolExecutor(1, "commit")
        self._intakes: dict[str, Intake] = {}
        self._running: dict[str, tuple[Pending, Future[Committed], float]] = {}
        self._identities: dict[str, TopicIdentity] = {}
        self._renewed = self._refreshed = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Land until `stop`; then commit what was read. Raises what ends a session."""
        try:
            self._open()
            while not stop.is_set():
                self._turn()
            self._finish()
        finally:
            # A commit that has begun is fenced by itself: waiting for it only tidies the log.
            self._worker.shutdown(wait=True, cancel_futures=True)
            self._consumer.close()

    def _open(self) -> None:
        ensure_topics(self._settings)
        create_raw_tables(self._catalog, self._settings)
        self._failed_schema = self._catalog.load_table(self._settings.table(FAILED_TABLE)).schema()
        self._identities = identify(self._admin, [self._settings.topic(domain) for domain in TOPICS])
        ranges = offset_ranges(self._admin, self._identities.values())
        for domain in TOPICS:
            try:
                self._open_topic(domain, ranges)
            except Mismatch as error:
                log.error("topic_stopped", topic=self._settings.topic(domain), reason=str(error))
        log.info("landing", topics=sorted(self._intakes), epoch=self._lease.epoch)

    def _open_topic(self, domain: str, ranges: dict[tuple[str, int], tuple[int, int]]) -> None:
        topic = self._settings.topic(domain)
        name = self._settings.table(raw_table(domain))
        identity = self._identities.get(topic)
        if identity is None:
            raise Mismatch("the topic does not exist")
        table = self._catalog.load_table(name)
        start = reconcile(read_cursor(self._connection, name), read_snapshot(table), identity)
        reading = {
            partition: _first_offset(topic, partition, start.offsets.get(partition), ranges[topic, partition])
            for partition in range(identity.partitions)
        }
        files = Files(
            rows=partial(Growing, table.schema(), self._worker),
            failed=partial(Growing, self._failed_schema, self._worker),
        )
        self._intakes[topic] = Intake(domain, start, reading, files)
        self._consumer.incremental_assign(
            [TopicPartition(topic, partition, offset) for partition, offset in reading.items()]
        )

    def _turn(self) -> None:
        self._take(self._consumer.consume(CHUNK, timeout=min(0.2, self._settings.lander_commit_seconds / 4)))
        self._collect()
        for topic, intake in self._intakes.items():
            is_due = intake.age >= self._settings.lander_commit_seconds
            if intake.count and not intake.is_committing and (is_due or self._is_full(intake)):
                self._start(topic)
        self._keep()
        while any(map(self._is_ahead, self._intakes.values())):
            time.sleep(0.01)
            self._collect()
            self._keep()

    def _is_ahead(self, intake: Intake) -> bool:
        return intake.backlog > MAX_BACKLOG or (intake.is_committing and self._is_full(intake))

    def _is_full(self, intake: Intake) -> bool:
        return intake.count >= self._settings.lander_commit_rows

    def _take(self, messages: list[Message]) -> None:
        by_topic: dict[str, list[Message]] = defaultdict(list)
        for message in messages:
            if (error := message.error()) is not None:
                self._on_error(message, error)
            else:
                by_topic[message.topic() or ""].append(message)
        for topic, own in by_topic.items():
            if topic not in self._intakes:  # stopped while these were on their way
                continue
            try:
                self._intakes[topic].take(own)
            except Mismatch as error:
                self._stop_topic(topic, str(error))

    def _on_error(self, message: Message, error: KafkaError) -> None:
        topic = message.topic()
        if topic is not None and error.code() in _LOST:
            self._stop_topic(topic, f"partition {message.partition()}: {error.str()}")
        elif not error.retriable():
            raise KafkaException(error)

    def _stop_topic(self, topic: str, reason: str) -> None:
        if self._intakes.pop(topic, None) is not None:
            partitions = range(self._identities[topic].partitions)
            self._consumer.incremental_unassign([TopicPartition(topic, partition) for partition in partitions])
            log.error("topic_stopped", topic=topic, reason=reason)

    def _start(self, topic: str) -> None:
        pending = self._intakes[topic].hand_over()
        future = self._worker.submit(self._committer.commit, pending)
        self._running[topic] = (pending, future, time.monotonic())

    def _collect(self, wait: float = 0.0) -> None:
        for topic, (pending, future, started) in list(self._running.items()):
            if wait and not future.done():
                futures.wait([future], wait)
            if not future.done():
                continue
            del self._running[topic]
            try:
                committed = future.result()
            except Mismatch as error:
                self._stop_topic(topic, str(error))
                continue
            log.info(
                "landed",
                topic=topic,
                rows=committed.rows,
                failed=committed.failed,
                bytes=committed.bytes,
                seconds=round(time.monotonic() - started, 3),
            )
            if topic in self._intakes:
                self._intakes[topic].confirm(pending)

    def _keep(self) -> None:
        now = time.monotonic()
        if now - self._renewed > self._lease.seconds / 3:
            self._lease.renew()
            self._renewed = now
        if now - self._refreshed > REFRESH_SECONDS:
            self._refreshed = now
            self._look_for_partitions()

    def _look_for_partitions(self) -> None:
        for topic, identity in identify(self._admin, list(self._intakes)).items():
            known = self._identities[topic]
            if identity.partitions > known.partitions and identity.topic_id == known.topic_id:
                log.info("partitions_added", topic=topic, partitions=identity.partitions)
                self._identities[topic] = identity
                added = range(known.partitions, identity.partitions)
                self._intakes[topic].widen(added)
                self._consumer.incremental_assign([TopicPartition(topic, partition, 0) for partition in added])

    def _finish(self) -> None:
        self._collect(wait=self._lease.seconds)
        for topic, intake in self._intakes.items():
            if intake.count and not intake.is_committing:
                self._start(topic)
        self._collect(wait=self._lease.seconds)


def _first_offset(topic: str, partition: int, landed: int | None, there: tuple[int, int]) -> int:
    low, high = there
    if landed is None:
        if low:
            log.warning("records_before_first_landing_are_gone", topic=topic, partition=partition, before=low)
        return low
    if not low <= landed <= high:
        raise Mismatch(f"partition {partition} holds {low} to {high}, the table is at {landed}")
    return landed


def consumer_settings(settings: Settings) -> dict[str, str | int | bool | float]:
    """How the lander reads: far ahead, and from nowhere but the positions that it is given."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap,
        "client.id": "agora-lander",
        "group.id": "agora-lander",  # required, never used: positions come from the table
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "queued.min.messages": 200_000,
        "queued.max.messages.kbytes": 131_072,
        "fetch.message.max.bytes": 4_194_304,
    }
