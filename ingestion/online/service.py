"""The process: reads what comes in now, keeps the newest interactions of each person, and counts the last half hour.

Signing in joins the browser's list to the customer's; what a person takes out of their taste goes from the lists too.

No positions are kept: a start goes back to a minute before what was read last, at most half an hour. An interaction
that is read again takes its old place, and an event that is read again counts once. What was missed of a person's
interactions ages out, and the lake has it all. Imported orders are left out: they are nobody's last minute.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import orjson
import structlog
import valkey
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from valkey.exceptions import ValkeyError

from ingestion.online import progress
from ingestion.online.counters import Counted, count, counted, prefix
from ingestion.online.interactions import DOMAINS, LIFETIME_SECONDS, MOST, Interaction, interactions
from ingestion.online.words import Word, hear, words
from ingestion.settings import Settings
from ingestion.topics import admin_client, ensure_topics

log = structlog.get_logger(__name__)
BATCH = 2_000
POLL_SECONDS = 0.1
RETRY_SECONDS = 1.0
OLDEST_SECONDS = 86_400.0


class Found(NamedTuple):
    """What a batch of records holds."""

    interactions: list[Interaction]
    counted: list[Counted]
    said: list[Word]


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
    keys = prefix(settings.kafka_topic_prefix)
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
        topics = {settings.topic(domain) for domain in DOMAINS}
        places = _places(consumer, topics, progress.begin_at(client, keys))
        consumer.assign(places)
        read_so_far = progress.Progress(admin_client(settings), places)
        log.info("following", partitions=len(places))
        while not stop.is_set():
            messages = consumer.consume(BATCH, POLL_SECONDS)
            found = read(messages)
            _until_kept(lambda: keep(client, found.interactions), stop)  # noqa: B023 -- called before the next turn
            _until_kept(lambda: hear(client, found.said), stop)  # noqa: B023
            _until_kept(lambda: count(client, keys, found.counted), stop)  # noqa: B023
            read_so_far.passed(messages)
            if not stop.is_set() and (read_to := read_so_far.read_to()) is not None:
                progress.note(client, keys, read_to)
    finally:
        consumer.close()


def _places(consumer: Consumer, topics: Collection[str], begin: float) -> list[TopicPartition]:
    """Where each partition was at a time. The end is a number too: as a wish it would pass over what comes now."""
    since = int(begin * 1000)
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


def read(messages: Sequence[Message]) -> Found:
    """What a batch holds. What cannot be read is the lander's to keep; a broker's error is raised."""
    found = Found([], [], [])
    oldest = time.time() - OLDEST_SECONDS
    for message in messages:
        if (error := message.error()) is not None:
            raise KafkaException(error)
        try:
            envelope: dict[str, Any] = orjson.loads(message.value() or b"")
            touched, counts, said = list(interactions(envelope)), list(counted(envelope)), list(words(envelope))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            continue
        found.interactions.extend(each for each in touched if each.at >= oldest)
        found.said.extend(said)
        found.counted.extend(each for each in counts if each.at >= time.time() - progress.LONGEST_SECONDS)
    return found


def _until_kept(write: Callable[[], None], stop: threading.Event) -> None:
    is_told = False
    while not stop.is_set():
        try:
            write()
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
