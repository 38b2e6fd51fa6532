"""Values that are kept for a moment: none older than it may be, read together, and nothing behind anybody's back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from unittest.mock import sentinel

import pytest
from sqlalchemy.exc import OperationalError

from api.core import kept
from api.core.db import Reader, set_database
from api.core.kept import Kept
from tests.api.conftest import OneConnection

READER: Reader = sentinel.reader


class Stock:
    """What is to be kept, and how often it was read."""

    def __init__(self) -> None:
        self.there = {1: "bread", 2: "milk"}
        self.asked: list[list[int]] = []
        self.is_broken = False

    async def read(self, _: Reader, ids: Sequence[int]) -> dict[int, str]:
        self.asked.append(sorted(ids))
        if self.is_broken:
            raise OperationalError("read", {}, Exception("away"))
        return {each: self.there[each] for each in ids if each in self.there}


@pytest.fixture
async def stock() -> AsyncIterator[Stock]:
    set_database(OneConnection(sentinel.connection))
    yield Stock()
    set_database(None)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition, not for a time."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- what happens behind tells nobody
            await asyncio.sleep(0.005)


async def test_what_is_known_is_not_read_again_and_what_is_not_there_neither(stock: Stock) -> None:
    subject = Kept(stock.read, 60)
    assert await subject.of(READER, [1, 2, 3]) == {1: "bread", 2: "milk"}
    assert await subject.of(READER, {1, 3}) == {1: "bread"}
    assert stock.asked == [[1, 2, 3]]
    await subject.close()


async def test_nothing_is_older_than_it_may_be(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SHARE", 1000.0)  # nothing is read behind
    subject = Kept(stock.read, 0.05)
    await subject.of(READER, [1])
    stock.there = {}
    async with asyncio.timeout(5):
        while await subject.of(READER, [1]):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert len(stock.asked) == 2
    await subject.close()


async def test_what_is_asked_for_is_read_again_in_one_go(stock: Stock) -> None:
    subject = Kept(stock.read, 0.5)
    async with asyncio.timeout(10):
        while [1, 2] not in stock.asked:
            await subject.of(READER, [1])
            await subject.of(READER, [2])
            await asyncio.sleep(0.005)
    await until(lambda: subject._task is None or subject._task.done())  # nobody asks: nothing is read
    assert not subject._values
    await subject.close()


async def test_no_more_is_kept_than_is_asked_for(stock: Stock) -> None:
    stock.there = {each: str(each) for each in range(1000)}
    subject = Kept(stock.read, 0.2)
    await subject.of(READER, range(1000))
    async with asyncio.timeout(10):
        while len(subject._values) > 100:
            await subject.of(READER, [5])
            await asyncio.sleep(0.01)
    assert 5 in subject._values
    await subject.close()


async def test_a_reading_that_fails_is_told_to_whoever_asks(stock: Stock) -> None:
    subject = Kept(stock.read, 0.1)
    await subject.of(READER, [1])
    stock.is_broken = True
    with pytest.raises(OperationalError):
        await _ask_on(subject)
    stock.is_broken = False
    assert await subject.of(READER, [1]) == {1: "bread"}
    await subject.close()


async def _ask_on(subject: Kept[str]) -> None:
    async with asyncio.timeout(10):
        while True:
            await subject.of(READER, [1])
            await asyncio.sleep(0.005)
