"""Values of other domains that a process keeps for a moment, read again in the background while they are asked for.

Whoever is asked a few hundred times a second for some dozen of ten thousand things reads each of them over and over.
Read together, and as seldom as its age allows, each costs a twentieth.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from itertools import islice
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.core.db import Reader, reading

log = structlog.get_logger(__name__)
V = TypeVar("V")
CHUNK = 1000  # read at once: the requests of that moment wait for no more than that
SHARE = 0.4  # of the age that a value may have, when it is read again
FACTOR = 4  # so many times as many ids as were asked for meanwhile are read again at most


class Kept(Generic[V]):
    """The values of the ids that were asked for last, none of them ever older than `seconds`.

    `read` gives those of some ids; an id without a value is remembered as such. How many are kept follows from how many
    are asked for, so that reading again never costs more than was saved; while nobody asks nothing is read.
    """

    def __init__(self, read: Callable[[Reader, Sequence[int]], Awaitable[dict[int, V]]], seconds: float) -> None:
        self._read, self._seconds = read, seconds
        self._values: dict[int, tuple[float, V | None]] = {}  # in the order in which they were asked for last
        self._asked = 0
        self._task: asyncio.Task[None] | None = None

    async def of(self, reader: Reader, ids: Collection[int]) -> dict[int, V]:
        """Those of `ids` that there are; what is missing or too old is read with the caller's own connection."""
        oldest, found, missing = time.monotonic() - self._seconds, dict[int, V](), list[int]()
        values = self._values
        for each in ids:
            kept = values.pop(each, None)
            if kept is None or kept[0] < oldest:
                missing.append(each)
                continue
            values[each] = kept
            if kept[1] is not None:
                found[each] = kept[1]
        self._asked += len(ids)
        if missing:
            found |= await self._read_again(reader, missing)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on())
        return found

    async def _read_again(self, reader: Reader, ids: Sequence[int]) -> dict[int, V]:
        began = time.monotonic()
        found = await self._read(reader, ids)
        for each in ids:
            self._values[each] = (began, found.get(each))
        return found

    async def _go_on(self) -> None:
        """As long as anybody asks."""
        while self._asked:
            self._asked = 0
            await asyncio.sleep(self._seconds * SHARE)
            for gone in list(islice(self._values, max(0, len(self._values) - FACTOR * self._asked))):
                del self._values[gone]
            due = time.monotonic() - self._seconds * SHARE / 2
            old = [each for each, (read_at, _) in self._values.items() if read_at < due]
            try:
                for at in range(0, len(old), CHUNK):
                    async with reading() as reader:
                        await self._read_again(reader, old[at : at + CHUNK])
            except (SQLAlchemyError, OSError) as error:  # then whoever asks reads, and hears of it
                log.warning("not_read_again", error=type(error).__name__)
        self._values.clear()

    async def close(self) -> None:
        """Forget everything."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._values = {}
