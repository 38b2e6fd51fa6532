"""What lies in Kafka: every record of every topic, read once and remembered between tries."""

import time
from collections import defaultdict
from collections.abc import Iterable

import polars as pl
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from ingestion.contracts import TOPICS
from ingestion.lake.failed import failed_id
from ingestion.lander.records import Unreadable, read_envelope, types_of
from ingestion.proof import ids
from ingestion.settings import Settings
from ingestion.topics import admin_client, identify, offset_ranges

log = structlog.get_logger(__name__)
CHUNK = 50_000
_STALLED = 60.0


class Stream:
    """The ids in Kafka, records that are no events with their ids as failed ones, and batches without a receipt."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin = admin_client(settings)
        self._domains = {settings.topic(domain): domain for domain in TOPICS}
        self._known = {domain: types_of(domain) for domain in TOPICS}
        self._next: dict[tuple[str, int], int] = {}
        self._frames: list[pl.DataFrame] = [ids.empty()]
        self.unreadable: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)
        self.batches: dict[tuple[bytes, str, str], list[str]] = defaultdict(list)
        self.batch_times: dict[bytes, float] = {}

    def events(self) -> pl.DataFrame:
        """Distinct ids read so far."""
        self._frames = [pl.concat(self._frames).unique()]
        return self._frames[0]

    def read_on(self, receipts: set[bytes]) -> None:
        """Read up to the present end of every topic. `receipts`: batch ids that need no looking after."""
        consumer = Consumer(
            {
                "bootstrap.servers": self._settings.kafka_bootstrap,
                "client.id": "agora-proof",
                "group.id": "agora-proof",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
            }
        )
        try:
            ends = self._ends()
            consumer.assign([TopicPartition(*place, self._next[place]) for place in ends])
            moved = time.monotonic()
            while ends:
                messages = consumer.consume(CHUNK, timeout=0.2)
                self._take(messages, receipts)
                ends = {place: end for place, end in ends.items() if self._next[place] < end}
                if messages:
                    moved = time.monotonic()
                elif time.monotonic() - moved > _STALLED:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "Kafka gives no more records"))
        finally:
            consumer.close()

    def _ends(self) -> dict[tuple[str, int], int]:
        ends = {}
        identities = identify(self._admin, list(self._domains)).values()
        for place, (low, high) in offset_ranges(self._admin, identities).items():
            if self._next.setdefault(place, low) < high:
                ends[place] = high
        return ends

    def _take(self, messages: Iterable[Message], receipts: set[bytes]) -> None:
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for message in messages:
            if (error := message.error()) is not None:
                if error.retriable():
                    continue
                raise KafkaException(error)
            topic, partition, offset = str(message.topic()), int(message.partition() or 0), int(message.offset() or 0)
            domain = self._domains[topic]
            self._next[topic, partition] = offset + 1
            try:
                event_id, event_type, *_ = read_envelope(_value(message), self._known[domain])
            except Unreadable:
                self.unreadable[domain][partition, offset] = failed_id(topic, partition, offset, _value(message))
                continue
            found[domain, event_type].append(event_id)
            self._note_batch(message, domain, event_type, event_id, receipts)
        for (domain, event_type), event_ids in found.items():
            content = bytes.fromhex("".join(event_ids).replace("-", ""))
            self._frames.append(ids.from_bytes(domain, event_type, content))

    def _note_batch(self, message: Message, domain: str, event_type: str, event_id: str, receipts: set[bytes]) -> None:
        headers = message.headers()
        if not headers:
            return
        for name, content in headers.items() if isinstance(headers, dict) else headers:
            if name == "batch" and isinstance(content, bytes) and len(content) == 16 and content not in receipts:
                self.batches[content, domain, event_type].append(event_id)
                self.batch_times[content] = max(self.batch_times.get(content, 0.0), message.timestamp()[1] / 1000)


def _value(message: Message) -> bytes | None:
    value = message.value()
    return value.encode() if isinstance(value, str) else value
