"""What Kafka still holds of a person: it cannot delete single records, only let all of them expire."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]

from ingestion.contracts import TOPICS
from ingestion.topics import TIMEOUT, admin_client, identify, offset_ranges
from pipelines.lib.settings import Settings

_STALLED = 30.0


@dataclass(frozen=True)
class Kept:
    """Records of one topic that hold an identifier, and until when Kafka keeps a record; -1 is for ever."""

    topic: str
    records: int
    retention_ms: int


def kept_in_kafka(settings: Settings, identifiers: Iterable[str]) -> list[Kept]:
    """One entry for each topic that holds any. Every record is read."""
    words = [word.encode() for word in identifiers]
    lake = settings.lake
    admin = admin_client(lake)
    identities = identify(admin, [lake.topic(domain) for domain in TOPICS])
    ranges = offset_ranges(admin, identities.values())
    ends = {place: high for place, (low, high) in ranges.items() if low < high}
    found: Counter[str] = Counter()
    consumer = Consumer(
        {
            "bootstrap.servers": lake.kafka_bootstrap,
            "client.id": "agora-erasure",
            "group.id": "agora-erasure",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": False,
        }
    )
    try:
        consumer.assign([TopicPartition(*place, ranges[place][0]) for place in ends])
        moved = time.monotonic()
        while ends:
            messages = consumer.consume(10_000, timeout=0.2)
            for message in messages:
                if message.error() is not None:
                    continue
                value, key = message.value() or b"", message.key() or b""
                if any(word in value.lower() or word in key.lower() for word in words):
                    found[str(message.topic())] += 1
                place = (str(message.topic()), int(message.partition() or 0))
                if place in ends and (message.offset() or 0) + 1 >= ends[place]:
                    del ends[place]
            if messages:
                moved = time.monotonic()
            elif time.monotonic() - moved > _STALLED:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "Kafka gives no more records"))
    finally:
        consumer.close()
    topics = sorted(found)
    if not topics:
        return []
    resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
    answers = admin.describe_configs(resources, request_timeout=TIMEOUT)
    retention = {each.name: int(future.result(TIMEOUT)["retention.ms"].value) for each, future in answers.items()}
    return [Kept(topic, found[topic], retention[topic]) for topic in topics]
