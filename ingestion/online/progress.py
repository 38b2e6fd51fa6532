"""How far the stream was read: the one honest as-of time of what is counted from it."""

import time
from collections.abc import Sequence

import valkey
from confluent_kafka import Message, TopicPartition
from confluent_kafka.admin import AdminClient

from ingestion.topics import ends

LOOK_SECONDS = 1.0
LONGEST_SECONDS = 30 * 60.0
LEAST_SECONDS = 60.0

Place = tuple[str, int]


class Progress:
    """Looks every second where the partitions end, and knows when everything before that moment has been kept.

    A Kafka that is away does not answer, so the time stands still then: a quiet stream and a dead one differ.
    """

    def __init__(self, admin: AdminClient, places: Sequence[TopicPartition]) -> None:
        self._admin = admin
        self._next = {(place.topic, place.partition): place.offset for place in places}
        self._ends: dict[Place, int] | None = None
        self._looked_at = 0.0

    def passed(self, messages: Sequence[Message]) -> None:
        """These have been kept."""
        for message in messages:
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            if topic is not None and partition is not None and offset is not None:
                self._next[topic, partition] = offset + 1

    def read_to(self) -> float | None:
        """A time before which nothing is left unread, each once. Raises KafkaException while the broker is away."""
        now = time.time()
        if self._ends is None:
            if now - self._looked_at < LOOK_SECONDS:
                return None
            self._looked_at, self._ends = now, ends(self._admin, list(self._next))
        if any(self._next[place] < end for place, end in self._ends.items()):
            return None
        self._ends = None
        return self._looked_at


def note(client: valkey.Valkey, keys: str, read_to: float) -> None:
    """Keep the time for readers, and for the next start."""
    client.set(f"{keys}read_to", f"{read_to:.3f}", ex=int(LONGEST_SECONDS))


def begin_at(client: valkey.Valkey, keys: str) -> float:
    """Where a start begins: a minute before what was read last, the whole window where nobody knows."""
    now = time.time()
    known = client.get(f"{keys}read_to")
    last = float(known) if isinstance(known, bytes) else 0.0
    return min(max(last - LEAST_SECONDS, now - LONGEST_SECONDS), now - LEAST_SECONDS)
