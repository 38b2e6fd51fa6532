"""Events that nobody was promised: what was shown and looked at is sent a moment after the answer, many in one batch.

An answer does not wait for them; what is queued when the process ends in order is still sent. A batch that neither
Kafka nor Postgres takes is kept for the next try, up to a bound.
"""

import asyncio
import contextlib
from collections import deque
from datetime import UTC, datetime
from uuid import UUID

import structlog

from api.core.capture import capture
from api.core.trace import current_trace_id
from ingestion.contracts import Event, new_event_id

log = structlog.get_logger(__name__)
BATCH = 100  # encoding more at once would hold up the answers of that moment
WAIT_SECONDS = 0.2  # a look at a product has to change lists within a second, the way over Kafka included
RETRY_SECONDS = 2.0
MOST_QUEUED = 10_000


class CaptureBuffer:
    """The queue of one process and the task that empties it."""

    def __init__(self) -> None:
        self._queue: deque[tuple[Event, UUID, datetime, str | None]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._lost = 0

    def add(self, event: Event, at: datetime | None = None) -> None:
        """Record an event of now, or of `at`, soon."""
        if len(self._queue) < MOST_QUEUED:
            self._queue.append((event, new_event_id(), at or datetime.now(UTC), current_trace_id()))
        else:
            self._lost += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._empty())

    async def _empty(self) -> None:
        while self._queue:
            await asyncio.sleep(WAIT_SECONDS)
            try:
                await self.flush()
            except Exception as error:  # the answer was given; its record is tried again
                queued = len(self._queue)
                log.error("events_waiting", queued=queued, lost=self._lost, error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def flush(self) -> None:
        """Send what is queued now. Raises what capture raises, and keeps the batch then."""
        while batch := [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]:
            try:
                await capture([each[:3] for each in batch], [trace_id for *_, trace_id in batch])
            except BaseException:
                self._queue.extendleft(reversed(batch))
                raise

    async def close(self) -> None:
        """Send the rest."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        try:
            await self.flush()
        except Exception as error:  # the rest of the process still has to end in order
            log.error("events_lost", lost=self._lost + len(self._queue), error=type(error).__name__)


class _Current:
    buffer: CaptureBuffer | None = None


def get_buffer() -> CaptureBuffer:
    """The queue of this process."""
    if _Current.buffer is None:
        _Current.buffer = CaptureBuffer()
    return _Current.buffer


async def close_buffer() -> None:
    """Send what this process still holds, if it holds any."""
    buffer, _Current.buffer = _Current.buffer, None
    if buffer is not None:
        await buffer.close()
