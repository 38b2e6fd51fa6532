"""What was read from one topic and is not committed yet."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
from confluent_kafka import Message

from ingestion.lander.commit import Growing, Pending
from ingestion.lander.positions import Mismatch, Positions
from ingestion.lander.records import parse

# Large enough for readers, small enough that memory is used again instead of growing with the commit.
GROUP_ROWS = 100_000


@dataclass(frozen=True)
class Files:
    """Makes the next data file of the topic's own table, and of the failed events."""

    rows: Callable[[], Growing]
    failed: Callable[[], Growing]


class Intake:
    """Rows of one topic between the cursor and what was read last."""

    def __init__(self, domain: str, start: Positions, reading: dict[int, int], files: Files) -> None:
        self.domain = domain
        self.committed = start
        self.is_committing = False
        self.count = 0
        self._reading = reading
        self._files = files
        self._rows, self._failed = files.rows(), files.failed()
        self._group: list[pa.Table] = []
        self._grouped = 0
        self._since = 0.0

    @property
    def age(self) -> float:
        """Seconds for which the oldest record waits; 0 when there is none."""
        return time.monotonic() - self._since if self.count else 0.0

    @property
    def backlog(self) -> int:
        """Row groups that are parsed and not written."""
        return self._rows.backlog

    def take(self, messages: Sequence[Message]) -> None:
        """Parse and keep records of this topic. Raises Mismatch for records out of their order."""
        self._advance(messages)
        parsed = parse(self.domain, messages, self.committed.topic_id)
        if not self.count:
            self._since = time.monotonic()
        self.count += len(messages)
        if parsed.rows.num_rows:
            self._group.append(parsed.rows)
            self._grouped += parsed.rows.num_rows
        if parsed.failed.num_rows:
            self._failed.add([parsed.failed])
        if self._grouped >= GROUP_ROWS:
            self._close_group()

    def _advance(self, messages: Sequence[Message]) -> None:
        reading = self._reading
        for message in messages:
            partition, offset = message.partition(), message.offset()
            if partition is None or offset is None or offset < reading[partition]:
                raise Mismatch(f"partition {partition}: offset {offset} came twice")
            reading[partition] = offset + 1

    def _close_group(self) -> None:
        if self._group:
            self._rows.add(self._group)
            self._group, self._grouped = [], 0

    def widen(self, partitions: Iterable[int]) -> None:
        """Expect new partitions, from their first record on."""
        self._reading |= dict.fromkeys(partitions, 0)

    def hand_over(self) -> Pending:
        """Everything read so far, to be committed; new records gather anew behind it."""
        self._close_group()
        end = Positions(self.committed.cluster_id, self.committed.topic_id, dict(self._reading))
        pending = Pending(self.domain, self.committed, end, self._rows, self._failed)
        self._rows, self._failed, self.count = self._files.rows(), self._files.failed(), 0
        self.is_committing = True
        return pending

    def confirm(self, pending: Pending) -> None:
        """`pending` is committed: the next hand-over goes on from there."""
        self.committed = pending.end
        self.is_committing = False
