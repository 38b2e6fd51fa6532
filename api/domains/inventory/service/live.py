"""Stock as it changes, for pages that are open: one listening connection per process, bounded subscribers."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import psycopg
import structlog

from api.core.db import reading
from api.core.settings import get_settings
from api.domains.inventory.errors import TooManyWatchers
from api.domains.inventory.repository import shelves

log = structlog.get_logger(__name__)

CHANNEL = "inventory_stock"
MOST_WATCHERS = 500
LOOK_SECONDS = 1.5  # what a notification did not tell, such as a spread unit's or a new row's change, a look finds

Levels = dict[int, int]


class Hub:
    """Who watches which product, and what they were told last. It listens only while somebody watches."""

    def __init__(self) -> None:
        self._watchers: dict[int, set[asyncio.Queue[Levels | None]]] = {}
        self._told: dict[int, Levels] = {}
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def watchers(self) -> int:
        """How many pages are open."""
        return sum(map(len, self._watchers.values()))

    def refuse_when_full(self) -> None:
        """Raises TooManyWatchers."""
        if self.watchers >= MOST_WATCHERS:
            raise TooManyWatchers

    def join(self, product_id: int) -> asyncio.Queue[Levels | None]:
        """Begin to watch; None in the queue is the end."""
        queue: asyncio.Queue[Levels | None] = asyncio.Queue(maxsize=1)
        self._watchers.setdefault(product_id, set()).add(queue)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look())]
        return queue

    def leave(self, product_id: int, queue: asyncio.Queue[Levels | None]) -> None:
        """End of watching; the last one turns off the light."""
        watching = self._watchers.get(product_id, set())
        watching.discard(queue)
        if not watching:
            self._watchers.pop(product_id, None)
            self._told.pop(product_id, None)
        if not self._watchers:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    async def close(self) -> None:
        """Every stream ends."""
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
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for notice in connection.notifies():
                        if int(notice.payload) in self._watchers:
                            self._changed.set()
            except psycopg.Error as error:
                log.warning("stock_not_heard", error=type(error).__name__)
                await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        """One statement for all that is watched; those whose stock moved are told."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), LOOK_SECONDS)
            self._changed.clear()
            try:
                await self._tell()
            except Exception as error:
                log.warning("stock_not_read", error=type(error).__name__)
            await asyncio.sleep(0.1)  # a burst is one change

    async def _tell(self) -> None:
        async with reading() as reader:
            found = await shelves.available_of_products(reader, list(self._watchers))
        for product_id, queues in self._watchers.items():
            levels = found.get(product_id, {})
            if self._told.get(product_id) != levels:
                self._told[product_id] = levels
                for queue in queues:
                    _put(queue, levels)


def _put(queue: asyncio.Queue[Levels | None], levels: Levels | None) -> None:
    """Only the newest is worth telling."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(levels)


HUB = Hub()


async def close() -> None:
    """End every stream of this process, before its connections close."""
    await HUB.close()


async def watch(product_id: int) -> AsyncGenerator[Levels, None]:
    """Available units by variant: at once, and whenever they change."""
    queue = HUB.join(product_id)
    try:
        async with reading() as reader:
            levels = (await shelves.available_of_products(reader, [product_id])).get(product_id, {})
        yield levels
        last: Levels = levels
        while (news := await queue.get()) is not None:
            if news != last:
                last = news
                yield news
    finally:
        HUB.leave(product_id, queue)
