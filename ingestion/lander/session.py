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
from ingestion.lake.tables import FAILED_TABLE, create_raw_tables
from ingestion.lander.commit import Committed, Committer, Growing, Pending
from ingestion.lander.intake import Files, Intake
from ingestion.lander.positions import Fence, Mismatch, Moved
from ingestion.lander.shards import Shard, shards
from ingestion.lander.start import Ranges, Start, place
from ingestion.lander.stops import Stops
from ingestion.lease import Lease
from ingestion.settings import Settings
from ingestion.topics import TopicIdentity, admin_client, ensure_topics, identify, offset_ranges

log = structlog.get_logger(__name__)
CHUNK = 4_000
MAX_BACKLOG = 4
REFRESH_SECONDS = 10.0
STOOD_STILL_SECONDS = 5.0
SLOW_COMMIT_SECONDS = 5.0
_LOST = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError.UNKNOWN_TOPIC_OR_PART}


class Session:
    """Everything between taking the lease and losing it. Any exception ends it; the next session reads the truth."""

    def __init__(
        self, settings: Settings, catalog: LakeCatalog, connection: psycopg.Connection, lease: Lease, shard: Shard
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._connection = connection
        self._lease = lease
        self._shard = shard
        self._admin = admin_client(settings)
        fence = Fence(str(lease.key), lease.epoch, lease.seconds)
        self._committer = Committer(settings, catalog, self._admin, fence)
        self._consumer = Consumer(consumer_settings(settings))
        self._worker = ThreadPoolExecutor(1, "commit")
        self._intakes: dict[str, Intake] = {}
        self._running: dict[str, tuple[Pending, Future[Committed], float]] = {}
        self._slow: set[str] = set()
        self._identities: dict[str, TopicIdentity] = {}
        self._stops = Stops(settings, connection)
        self._is_outdated = False
        self._free: set[Shard] = set()
        self._renewed = self._refreshed = self._turned = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Land until `stop`; then commit what was read. Raises what ends a session."""
        try:
            self._open()
            while not stop.is_set() and not self._is_outdated:
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
        self._identities = self._identify()
        ranges = offset_ranges(self._admin, self._identities.values())
        for domain in TOPICS:
            try:
                start = self._place(domain, self._identities, ranges)
            except Mismatch as error:
                self._stops.note(domain, str(error))
            else:
                self._stops.end(domain)
                self._open_topic(start)
        log.info("landing", topics=sorted(self._intakes), shard=str(self._shard), epoch=self._lease.epoch)

    def _place(self, domain: str, identities: dict[str, TopicIdentity], ranges: Ranges) -> Start:
        return place(self._settings, self._catalog, self._connection, domain, identities, ranges, self._shard)

    def _identify(self) -> dict[str, TopicIdentity]:
        return identify(self._admin, [self._settings.topic(domain) for domain in TOPICS])

    def _open_topic(self, start: Start) -> None:
        files = Files(
            rows=partial(Growing, start.schema, self._worker),
            failed=partial(Growing, self._failed_schema, self._worker),
        )
        self._intakes[start.topic] = Intake(start.domain, start.positions, start.reading, files)
        self._consumer.incremental_assign(
            [TopicPartition(start.topic, partition, offset) for partition, offset in start.reading.items()]
        )

    def _turn(self) -> None:
        self._note_pause()
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

    def _note_pause(self) -> None:
        """Say why nothing landed for a while: this process was frozen, or something that it asked did not answer."""
        stood, self._turned = time.monotonic() - self._turned, time.monotonic()
        if stood > STOOD_STILL_SECONDS:
            log.warning("stood_still", seconds=round(stood, 1))

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
            partitions = self._shard.owned(range(self._identities[topic].partitions))
            self._consumer.incremental_unassign([TopicPartition(topic, partition) for partition in partitions])
            self._stops.note(topic.removeprefix(self._settings.kafka_topic_prefix), reason)

    def _start(self, topic: str) -> None:
        pending = self._intakes[topic].hand_over()
        future = self._worker.submit(self._committer.commit, pending)
        self._running[topic] = (pending, future, time.monotonic())

    def _collect(self, wait: float = 0.0) -> None:
        for topic, (pending, future, started) in list(self._running.items()):
            if wait and not future.done():
                futures.wait([future], wait)
            if not future.done():
                self._note_slow(topic, time.monotonic() - started)
                continue
            del self._running[topic]
            self._slow.discard(topic)
            try:
                committed = future.result()
            except Moved as error:
                log.warning("positions_moved", topic=topic, reason=str(error))
                self._intakes.pop(topic, None)
                self._is_outdated = True
                continue
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

    def _note_slow(self, topic: str, seconds: float) -> None:
        """Say once that a commit waits: object store or catalogue do not answer, and nothing lands meanwhile."""
        if seconds > SLOW_COMMIT_SECONDS and topic not in self._slow:
            self._slow.add(topic)
            log.warning("commit_waits", topic=topic, seconds=round(seconds, 1), missing="object store or catalogue")

    def _keep(self) -> None:
        now = time.monotonic()
        if now - self._renewed > self._lease.seconds / 3:
            self._lease.renew()
            self._renewed = now
        if now - self._refreshed > REFRESH_SECONDS:
            self._refreshed = now
            identities = self._identify()
            self._look_for_changes(identities)
            self._look_for_free_shards()
            if self._stops.domains:
                self._look_for_ways_back(identities)

    def _look_for_ways_back(self, identities: dict[str, TopicIdentity]) -> None:
        """End this session when a stopped topic fits its table again: the next one opens it with a fresh client."""
        ranges = offset_ranges(self._admin, identities.values())
        for domain in self._stops.domains:
            try:
                self._place(domain, identities, ranges)
            except Mismatch as error:
                self._stops.note(domain, str(error))
            else:
                self._is_outdated = True

    def _look_for_changes(self, identities: dict[str, TopicIdentity]) -> None:
        for topic in list(self._intakes):
            identity, known = identities.get(topic), self._identities[topic]
            if identity is None or identity.topic_id != known.topic_id:
                self._stop_topic(topic, "the topic was deleted" if identity is None else "the topic was made again")
            elif identity.partitions > known.partitions:
                log.info("partitions_added", topic=topic, partitions=identity.partitions)
                self._identities[topic] = identity
                added = self._shard.owned(range(known.partitions, identity.partitions))
                self._intakes[topic].widen(added)
                self._consumer.incremental_assign([TopicPartition(topic, partition, 0) for partition in added])

    def _look_for_free_shards(self) -> None:
        others = [shard for shard in shards(self._shard.of) if shard != self._shard]
        names = {shard.lease_name(self._settings.lake_namespace_prefix): shard for shard in others}
        held = "select name from ingest_lease where name = any(%s) and leased_until >= now()"
        for (name,) in self._connection.execute(held, (list(names),)).fetchall():
            del names[name]
        for shard in set(names.values()) - self._free:
            log.warning("shard_is_free", shard=str(shard), missing="a lander to read its partitions")
        self._free = set(names.values())

    def _finish(self) -> None:
        self._collect(wait=self._lease.seconds)
        for topic, intake in self._intakes.items():
            if intake.count and not intake.is_committing:
                self._start(topic)
        self._collect(wait=self._lease.seconds)


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
        # A full queue is looked at again so soon; with the usual second a fast reader finds it empty for most of it.
        "fetch.queue.backoff.ms": 10,
    }
