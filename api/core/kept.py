"""Values of other domains that a process keeps for a moment, read again in the background while they are asked for.

Whoever is asked a few hundred times a second for some dozen of ten thousand things reads each of them over and over.
Read together, and as seldom as its age allows, each costs a twentieth.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.core.db import Reader, reading

log = structlog.get_logger(__name__)
V = TypeVar("V")
CHUNK = 1000  # read at once: the requests of that moment wait for no more than that
SHARE = 0.4  # of the age that a value may have, when it is read again


class Kept(Generic[V]):
    """The values of ids that were asked for lately, none of them ever older than `seconds`.

    `read` gives those of some ids; an id without a value is remembered as such. While nobody asks nothing is read.
    """

    def __init__(self, read: Callable[[Reader, Sequence[int]], Awaitable[dict[int, V]]], seconds: float) -> None:
        self._read, self._seconds = read, seconds
        self._values: dict[int, V | None] = {}
        self._read_at: dict[int, float] = {}
        self._asked: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    async def of(self, reader: Reader, ids: Collection[int]) -> dict[int, V]:
        """Those of `ids` that there are; what is missing or too old is read with the caller's own connection."""
        self._asked.update(ids)
        read_at, oldest = self._read_at, time.monotonic() - self._seconds
        if missing := [each for each in ids if read_at.get(each, 0.0) < oldest]:
            await self._read_again(reader, missing)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on())
        values = self._values
        return {each: value for each in ids if (value := values.get(each)) is not None}

    async def _read_again(self, reader: Reader, ids: Sequence[int]) -> None:
        began = time.monotonic()
        found = await self._read(reader, ids)
        for each in ids:
            self._values[each] = found.get(each)
            self._read_at[each] = began

    async def _go_on(self) -> None:
        """Until nobody asked for as long as a value may be kept."""
        before: set[int] = set()
        while self._asked or before:
            asked, self._asked = self._asked, set()
            await asyncio.sleep(self._seconds * SHARE)
            wanted = before | asked
            self._forget(wanted | self._asked)
            begun = time.monotonic()
            due = sorted(each for each in wanted if begun - self._read_at.get(each, begun) >= self._seconds * SHARE / 2)
            try:
                for at in range(0, len(due), CHUNK):
                    async with reading() as reader:
                        await self._read_again(reader, due[at : at + CHUNK])
            except (SQLAlchemyError, OSError) as error:  # then whoever asks reads, and hears of it
                log.warning("not_read_again", error=type(error).__name__)
            before = asked
        self._values.clear()
        self._read_at.clear()

    def _forget(self, wanted: Collection[int]) -> None:
        for gone in self._values.keys() - wanted:
            del self._values[gone], self._read_at[gone]

    async def close(self) -> None:
        """Forget everything."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._values, self._read_at, self._asked = {}, {}, set()
