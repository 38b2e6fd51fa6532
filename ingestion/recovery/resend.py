"""Events that were accepted and are neither in Kafka nor in the lake: sent again from the outbox, or named as lost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

import polars as pl
import psycopg
from confluent_kafka import KafkaError, KafkaException, Producer
from pyiceberg.catalog import Catalog

from ingestion.proof.accepted import accepted, gone
from ingestion.proof.landed import Lake, failed, former_topics
from ingestion.proof.stream import Stream
from ingestion.settings import Settings

_KEY = ["topic", "type", "high", "low"]
_CHUNK = 10_000
_SECONDS = 60.0
# What lies behind the relay's cursor has been in Kafka; what lies before it is on its way by itself.
_SENT = """
select distinct on (event_id) event_id, key, envelope from core.outbox join core.relay_cursor using (shard)
where event_id = any(%s) and (outbox.txid, outbox.id) <= (relay_cursor.txid, relay_cursor.last_id)
"""
_ON_ITS_WAY = "select event_id from core.outbox where event_id = any(%s)"
_NOTE = """
insert into core.gone_events (event_id, topic, type, why, note) values (%s, %s, %s, 'lost', %s) on conflict do nothing
"""


@dataclass(frozen=True)
class Sent:
    """Events that went to Kafka once more."""

    events: int = 0


@dataclass(frozen=True)
class Lost:
    """An event that was accepted, went to Kafka alone, and is nowhere any more."""

    event_id: UUID
    topic: str
    type: str


def send_again(settings: Settings, catalog: Catalog, domain: str, *, dry_run: bool = False) -> tuple[Sent, list[Lost]]:
    """Send what is missing of a domain's events. An event that arrived in between is dropped by its id further on."""
    missing = _missing(settings, catalog, domain)
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap, "enable.idempotence": True, "acks": "all"})
    sent, lost = 0, []
    with psycopg.connect(settings.postgres_ingestion_url, autocommit=True) as connection:
        for start in range(0, len(missing), _CHUNK):
            some = missing[start : start + _CHUNK]
            wanted = [each.event_id for each in some]
            rows = connection.execute(_SENT, (wanted,)).fetchall()
            kept = {event_id for (event_id,) in connection.execute(_ON_ITS_WAY, (wanted,))}
            lost += [each for each in some if each.event_id not in kept]
            sent += len(rows)
            if not dry_run:
                _send(producer, settings.topic(domain), rows)
    return Sent(sent), lost


def write_off(settings: Settings, lost: Iterable[Lost], note: str) -> None:
    """Note that these are gone, and why: the proof expects nothing of them from now on."""
    with psycopg.connect(settings.postgres_ingestion_url) as connection:
        rows = [(each.event_id, each.topic, each.type, note) for each in lost]
        connection.cursor().executemany(_NOTE, rows)


def _missing(settings: Settings, catalog: Catalog, domain: str) -> list[Lost]:
    # Kafka is read last: what is sent meanwhile is found there.
    wanted = accepted(settings).filter(pl.col("topic") == domain)
    lake = Lake(settings)
    lake.read_on(catalog)
    former = former_topics(settings)
    stream = Stream(settings)
    stream.read_on(set())
    there = [lake.events(former)[0], failed(settings, catalog, former)[0], gone(settings), stream.events()]
    return list(_named(wanted.join(pl.concat(there), on=_KEY, how="anti")))


def _named(rows: pl.DataFrame) -> Iterator[Lost]:
    for topic, event_type, high, low in rows.select(_KEY).iter_rows():
        yield Lost(UUID(int=(high << 64) | low), topic, event_type)


def _send(producer: Producer, topic: str, rows: list[tuple[UUID, str, bytes]]) -> None:
    for _, key, envelope in rows:
        producer.produce(topic, envelope, key)
    if left := producer.flush(_SECONDS):
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"{left} events were not taken: run it again"))
