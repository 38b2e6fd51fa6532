"""What changes, for pages that are open: one listening connection per process and channel, bounded subscribers."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import psycopg
import structlog

from api.core.db import Reader, reading
from api.core.errors import Unavailable
from api.core.settings import get_settings

log = structlog.get_logger(__name__)

MOST_WATCHERS = 500
HEARTBEAT_SECONDS = 15  # of a stream: with its second silence a proxy takes the other side for gone

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TooManyWatchers(Unavailable):
    """This process already follows changes for as many pages as it can."""

    type = "too-many-watchers"
    title = "Live news are not available at the moment"


class Hub(Generic[K, V]):
    """Who watches what, and what they were told last. It listens only while somebody watches.

    `read` gives the present values of keys, with none for a key that has nothing, which counts as `nothing`. What a
    notification did not tell, a look every `look_seconds` finds.
    """

    def __init__(
        self,
        channel: str,
        key_of: Callable[[str], K],
        read: Callable[[Reader, list[K]], Awaitable[dict[K, V]]],
        nothing: V,
        look_seconds: float,
    ) -> None:
        self.channel, self.most = channel, MOST_WATCHERS
        self._key_of, self._read, self._nothing, self._look_seconds = key_of, read, nothing, look_seconds
        self._watchers: dict[K, set[asyncio.Queue[V | None]]] = {}
        self._told: dict[K, V] = {}
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def watchers(self) -> int:
        """How many pages are open."""
        return sum(map(len, self._watchers.values()))

    def refuse_when_full(self) -> None:
        """Raises TooManyWatchers."""
        if self.watchers >= self.most:
            raise TooManyWatchers

    def join(self, key: K) -> asyncio.Queue[V | None]:
        """Begin to watch; None in the queue is the end."""
        queue: asyncio.Queue[V | None] = asyncio.Queue(maxsize=1)
        self._watchers.setdefault(key, set()).add(queue)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look())]
        return queue

    def leave(self, key: K, queue: asyncio.Queue[V | None]) -> None:
        """End of watching; the last one turns off the light."""
        watching = self._watchers.get(key, set())
        watching.discard(queue)
        if not watching:
            self._watchers.pop(key, None)
            self._told.pop(key, None)
        if not self._watchers:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    async def watch(self, key: K) -> AsyncGenerator[V, None]:
        """The present value: at once, and whenever it changes."""
        queue = self.join(key)
        try:
            async with reading() as reader:
                last = (await self._read(reader, [key])).get(key, self._nothing)
            yield last
            while (news := await queue.get()) is not None:
                if news != last:
                    last = news
                    yield news
        finally:
            self.leave(key, queue)

    async def close(self) -> None:
        """Every stream of this process ends, before its connections close."""
        for queues in self._watchers.values():
            for queue in queues:
                _put(queue, None)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        """A notification only wakes: what there is, is read in `_look`. Without the connection its clock remains."""
        while True:
            try:
                url = get_settings().postgres_url
                async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                    await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(self.channel)))
                    async for notice in connection.notifies():
                        if self._key_of(notice.payload) in self._watchers:
                            self._changed.set()
            except psycopg.Error as error:
                log.warning("channel_not_heard", channel=self.channel, error=type(error).__name__)
                await asyncio.sleep(self._look_seconds)

    async def _look(self) -> None:
        """One statement for all that is watched; those whose value moved are told."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._look_seconds)
            self._changed.clear()
            try:
                await self._tell()
            except Exception as error:
                log.warning("watched_not_read", channel=self.channel, error=type(error).__name__)
            await asyncio.sleep(0.1)  # a burst is one change

    async def _tell(self) -> None:
        async with reading() as reader:
            found = await self._read(reader, list(self._watchers))
        for key, queues in self._watchers.items():
            value = found.get(key, self._nothing)
            if self._told.get(key) != value:
                self._told[key] = value
                for queue in queues:
                    _put(queue, value)


def _put(queue: asyncio.Queue[V | None], value: V | None) -> None:
    """Only the newest is worth telling."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(value)
