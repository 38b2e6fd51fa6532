"""The process: reads what comes in now and keeps the newest interactions of each person.

Nothing here has to be exact: what was missed ages out, and the lake has it all. So no positions are kept. A start goes
back a minute, which covers a restart; an interaction that is read again takes its old place. Imported orders are
left out: they are nobody's last minute.
"""

import threading
import time
from collections.abc import Collection, Sequence

import structlog
import valkey
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from valkey.exceptions import ValkeyError

from ingestion.online.interactions import DOMAINS, LIFETIME_SECONDS, MOST, Interaction, interactions
from ingestion.settings import Settings
from ingestion.topics import ensure_topics

log = structlog.get_logger(__name__)
BATCH = 2_000
POLL_SECONDS = 0.1
RETRY_SECONDS = 1.0
OLDEST_SECONDS = 86_400.0
BACK_SECONDS = 60.0


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
        places = _places(consumer, {settings.topic(domain) for domain in DOMAINS})
        consumer.assign(places)
        log.info("following", partitions=len(places))
        while not stop.is_set():
            _keep_until_kept(client, read(consumer.consume(BATCH, POLL_SECONDS)), stop)
    finally:
        consumer.close()


def _places(consumer: Consumer, topics: Collection[str]) -> list[TopicPartition]:
    """Where each partition was a minute ago. The end is a number too: as a wish it would pass over what comes now."""
    since = int((time.time() - BACK_SECONDS) * 1000)
    places = [
        TopicPartition(topic, partition, since)
        for topic, description in consumer.list_topics(timeout=5).topics.items()
        if topic in topics
        for partition in description.partitions
    ]
    ends = {(place.topic, place.partition): consumer.get_watermark_offsets(place, timeout=5)[1] for place in places}
    return [
        place if place.offset >= 0 else TopicPartition(place.topic, place.partition, ends[place.topic, place.partition])
        for place in consumer.offsets_for_times(places, timeout=5)
    ]


def read(messages: Sequence[Message]) -> list[Interaction]:
    """The interactions of a batch. What cannot be read is the lander's to keep; a broker's error is raised."""
    found: list[Interaction] = []
    oldest = time.time() - OLDEST_SECONDS
    for message in messages:
        if (error := message.error()) is not None:
            raise KafkaException(error)
        try:
            found += (each for each in interactions(message.value() or b"") if each.at >= oldest)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            continue
    return found


def _keep_until_kept(client: valkey.Valkey, found: Sequence[Interaction], stop: threading.Event) -> None:
    is_told = False
    while not stop.is_set():
        try:
            keep(client, found)
            return
        except (ValkeyError, OSError) as error:
            if not is_told:
                log.warning("waiting", error=str(error))
            is_told = True
            stop.wait(RETRY_SECONDS)


def keep(client: valkey.Valkey, found: Sequence[Interaction]) -> None:
    """Put interactions in front of each person's list, in one round trip; one that is there already moves."""
    if not found:
        return
    pipeline = client.pipeline(transaction=False)
    for each in found:
        element = each.encode()
        pipeline.lrem(each.key, 1, element)  # type: ignore[arg-type]
        pipeline.lpush(each.key, element)
    for key in dict.fromkeys(each.key for each in found):
        pipeline.ltrim(key, 0, MOST - 1)
        pipeline.expire(key, LIFETIME_SECONDS)
    pipeline.execute()  # type: ignore[no-untyped-call]
