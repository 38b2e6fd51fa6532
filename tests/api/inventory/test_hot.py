"""A unit that many want at once lies in several rows: nothing is oversold, and the last unit is still sold."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database
from api.domains.inventory import facade as inventory
from api.domains.inventory.repository import shelves
from api.domains.inventory.service import claims

HOT = 1


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "HEAT", claims.Heat())


async def rows(session: AsyncSession) -> list[int]:
    found = await session.execute(text("SELECT on_hand FROM inventory.stock WHERE variant_id = 1 ORDER BY shard"))
    return list(found.scalars())


async def test_units_are_dealt_out_and_gathered(session: AsyncSession) -> None:
    await inventory.receive_many(session, [(HOT, 70)])
    await inventory.reserve(session, uuid4(), [(HOT, 5)])
    await shelves.spread(session, HOT)
    assert sorted(await rows(session)) == [2] * 31 + [8]
    order = uuid4()
    await inventory.reserve(session, order, [(HOT, 60)])
    await inventory.reserve(session, uuid4(), [(HOT, 5)])
    with pytest.raises(inventory.OutOfStock) as refused:
        await inventory.reserve(session, uuid4(), [(HOT, 1)])
    assert refused.value.lines == ((HOT, 0),)
    await inventory.allocate(session, order)
    await inventory.ship(session, order, [(HOT, 60)])
    await inventory.adjust(session, HOT, "main", 12, "found", None)
    assert await inventory.available(session, [HOT]) == {HOT: 12}
    await shelves.spread(session, HOT)
    await inventory.adjust(session, HOT, "main", -12, "lost", None)
    await shelves.gather(session, HOT)
    assert await inventory.available(session, [HOT]) == {HOT: 0}
    assert await inventory.stock_differences(session) == []


async def test_a_unit_without_claims_is_one_row_again(session: AsyncSession) -> None:
    await inventory.receive_many(session, [(HOT, 70)])
    await shelves.spread(session, HOT)
    await shelves.gather(session, HOT)
    assert await rows(session) == [70]


async def test_a_hundred_in_a_second_make_it_hot(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "HOT_A_SECOND", 3)
    monkeypatch.setattr(claims.time, "monotonic", lambda: 1000.0)
    await inventory.receive_many(session, [(HOT, 70)])
    for _ in range(5):
        await inventory.reserve(session, uuid4(), [(HOT, 1)])
    jobs = await session.execute(
        text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :t"), {"t": claims.SPREAD_STOCK}
    )
    assert jobs.scalar_one() == 1


@pytest.mark.parametrize("units", [1, 40, 150])
async def test_buyers_at_once_while_it_becomes_hot(committed: Database, units: int) -> None:
    """Spread and gathered in the midst of it; two in three want two units, or one of something else too."""
    async with committed.transaction() as session:
        await inventory.receive_many(session, [(HOT, units), (2, 1000)])
    gate = asyncio.Semaphore(18)

    async def buyer(number: int) -> int:
        lines = [[(HOT, 1)], [(HOT, 2)], [(HOT, 1), (2, 1)]][number % 3]
        async with gate:
            try:
                async with committed.transaction() as session:
                    await inventory.reserve(session, uuid4(), lines)
            except inventory.OutOfStock:
                return 0
        return lines[0][1]

    async def warden() -> int:
        for _ in range(4):
            async with gate, committed.transaction() as session:
                await shelves.spread(session, HOT)
            await asyncio.sleep(0)
            async with gate, committed.transaction() as session:
                await shelves.gather(session, HOT)
        return 0

    sold = sum(await asyncio.gather(*(buyer(n) for n in range(100)), warden(), *(buyer(n) for n in range(100))))
    assert sold == units  # single units are wanted to the end, so nothing is left and nothing is sold twice
    async with committed.transaction() as session:
        assert await inventory.available(session, [HOT]) == {HOT: 0}
        assert await inventory.stock_differences(session) == []
