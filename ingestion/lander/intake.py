"""What was read from one topic and is not committed yet."""

import time
from collections.abc import Iterable, Sequence

import pyarrow as pa
from confluent_kafka import Message

from ingestion.lander.commit import Pending
from ingestion.lander.positions import Mismatch, Positions
from ingestion.lander.records import parse


class Intake:
    """Rows of one topic between the cursor and what was read last."""

    def __init__(self, domain: str, topic: str, start: Positions, reading: dict[int, int]) -> None:
        self.domain = domain
        self.topic = topic
        self.committed = start
        self.is_committing = False
        self._reading = reading
        self._rows: list[pa.Table] = []
        self._failed: list[pa.Table] = []
        self.count = 0
        self._since = 0.0

    @property
    def age(self) -> float:
        """Seconds for which the oldest record waits; 0 when there is none."""
        return time.monotonic() - self._since if self.count else 0.0

    def take(self, messages: Sequence[Message]) -> None:
        """Parse and keep records of this topic. Raises Mismatch for records out of their order."""
        self._advance(messages)
        parsed = parse(self.domain, messages)
        if not self.count:
            self._since = time.monotonic()
        self._rows.append(parsed.rows)
        if parsed.failed.num_rows:
            self._failed.append(parsed.failed)
        self.count += len(messages)

    def _advance(self, messages: Sequence[Message]) -> None:
        reading = self._reading
        for message in messages:
            partition, offset = message.partition(), message.offset()
            if partition is None or offset is None or offset < reading[partition]:
                raise Mismatch(f"partition {partition}: offset {offset} came twice")
            reading[partition] = offset + 1

    def widen(self, partitions: Iterable[int]) -> None:
        """Expect new partitions, from their first record on."""
        self._reading |= dict.fromkeys(partitions, 0)

    def hand_over(self) -> Pending:
        """Everything read so far, to be committed; new records gather anew behind it."""
        end = Positions(self.committed.cluster_id, self.committed.topic_id, dict(self._reading))
        pending = Pending(self.domain, self.committed, end, self._rows, self._failed)
        self._rows, self._failed, self.count = [], [], 0
        self.is_committing = True
        return pending

    def confirm(self, pending: Pending) -> None:
        """`pending` is committed: the next hand-over goes on from there."""
        self.committed = pending.end
        self.is_committing = False
