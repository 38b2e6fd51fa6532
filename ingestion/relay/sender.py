"""The relay's idempotent producer: a batch counts when every record of it is acknowledged."""

from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ingestion.relay.outbox import Row
from ingestion.settings import Settings

_DELIVERY_MS = 300_000


class Sender:
    """Sends rows in order. After any failure it is of no use any more: close it and make a new one."""

    def __init__(self, settings: Settings, on_trouble: Callable[[KafkaError], None]) -> None:
        self._prefix = settings.kafka_topic_prefix
        self._failed: list[KafkaError] = []
        self._producer = Producer(
            {
                "bootstrap.servers": settings.kafka_bootstrap,
                "client.id": f"agora-relay-{settings.relay_shard}",
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 5,
                "batch.size": 1_000_000,
                "compression.type": "lz4",
                "queue.buffering.max.messages": 1_000_000,
                "message.timeout.ms": _DELIVERY_MS,
                "delivery.report.only.error": True,
                "error_cb": on_trouble,
                "on_delivery": self._on_failure,
            }
        )

    def _on_failure(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failed.append(error)

    def send(self, rows: Sequence[Row]) -> None:
        """Hand rows over; they are on their way when this returns."""
        produce, prefix = self._producer.produce, self._prefix
        for _, _, domain, key, envelope in rows:
            produce(prefix + domain, envelope, key)

    def wait(self, seconds: float) -> bool:
        """Whether everything sent is acknowledged within `seconds`. Raises KafkaException when a record was refused."""
        remaining = self._producer.flush(seconds)
        if self._failed:
            raise KafkaException(self._failed[0])
        return remaining == 0

    def close(self) -> None:
        """Drop what is not sent: the next sender begins again at the cursor."""
        self._producer.purge()
        self._producer.flush(0)
