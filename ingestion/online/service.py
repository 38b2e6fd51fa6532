"""The process: reads what comes in now and keeps the newest interactions of each person.

Nothing here has to be exact. A crash loses or repeats a few interactions of a few seconds, which age out; the lake has
them all. So it starts at the end of the topics, and leaves out imported orders, which are nobody's last minute.
"""

import threading
import time
from collections.abc import Sequence

import structlog
import valkey
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.cimpl import OFFSET_END
from valkey.exceptions import ValkeyError

from ingestion.online.interactions import DOMAINS, LIFETIME_SECONDS, MOST, Interaction, interactions
from ingestion.settings import Settings
from ingestion.topics import ensure_topics

log = structlog.get_logger(__name__)
BATCH = 2_000
POLL_SECONDS = 0.2
RETRY_SECONDS = 1.0
OLDEST_SECONDS = 86_400.0


def run(settings: Settings, stop: threading.Event) -> None:
    """Consume until stopped; while Kafka or Valkey is away it waits."""
    client = valkey.Valkey.from_url(settings.valkey_url, socket_timeout=5)
    try:
        while not stop.is_set():
            try:
                _consume(settings, client, stop)
            except (KafkaException, ValkeyError, OSError) as error:
                log.warning("waiting", error=str(error))
                stop.wait(RETRY_SECONDS)
    finally:
        client.close()  # type: ignore[no-untyped-call]


def _consume(settings: Settings, client: valkey.Valkey, stop: threading.Event) -> None:
    ensure_topics(settings, DOMAINS)
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap,
            "group.id": "agora-online",  # required by the client; positions are assigned, never committed
            "client.id": "agora-online",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
        }
    )
    try:
        places = [
            TopicPartition(topic, partition, OFFSET_END)
            for topic, description in consumer.list_topics(timeout=5).topics.items()
            if topic in {settings.topic(domain) for domain in DOMAINS}
            for partition in description.partitions
        ]
        consumer.assign(places)
        log.info("following", partitions=len(places))
        while not stop.is_set():
            keep(client, read(consumer.consume(BATCH, POLL_SECONDS)))
    finally:
        consumer.close()


def read(messages: Sequence[Message]) -> list[Interaction]:
    """The interactions of a batch. What cannot be read is the lander's to keep; a broker's error is raised."""
    found: list[Interaction] = []
    oldest = time.time() - OLDEST_SECONDS
    for message in messages:
        if (error := message.error()) is not None:
            raise KafkaException(error)
        try:
            found += (each for each in interactions(message.value() or b"") if each.at >= oldest)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def keep(client: valkey.Valkey, found: Sequence[Interaction]) -> None:
    """Put interactions in front of each person's list, in one round trip."""
    if not found:
        return
    pipeline = client.pipeline(transaction=False)
    for each in found:
        pipeline.lpush(each.key, each.encode())
    for key in dict.fromkeys(each.key for each in found):
        pipeline.ltrim(key, 0, MOST - 1)
        pipeline.expire(key, LIFETIME_SECONDS)
    pipeline.execute()  # type: ignore[no-untyped-call]
