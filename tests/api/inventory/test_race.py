"""Many buyers at once on real connections: never one unit too many, never a deadlock, never a unit lost."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database
from api.domains.inventory import facade as inventory
from api.domains.inventory.facade import OutOfStock

BUYERS = 200
AT_ONCE = 18  # fewer than the pool holds: a test of Postgres, not of the pool

Read = Callable[[AsyncSession, int], Awaitable[tuple[int, int, int]]]


async def buy(database: Database, gate: asyncio.Semaphore, order_id: UUID, lines: list[tuple[int, int]]) -> bool:
    async with gate:
        try:
            async with database.transaction() as session:
                await inventory.reserve(session, order_id, lines)
        except OutOfStock:
            return False
        async with database.transaction() as session:
            await inventory.allocate(session, order_id)
        return True


async def test_two_hundred_buyers_and_one_unit(committed: Database, stock_of: Read) -> None:
    async with committed.transaction() as session:
        await inventory.receive_many(session, [(1, 1)])
    gate = asyncio.Semaphore(AT_ONCE)
    bought = await asyncio.gather(*(buy(committed, gate, uuid4(), [(1, 1)]) for _ in range(BUYERS)))
    assert sum(bought) == 1
    async with committed.transaction() as session:
        assert await stock_of(session, 1) == (1, 1, 0)
        allocations = await session.execute(text("SELECT count(*) FROM inventory.allocations"))
        assert allocations.scalar_one() == 1


async def test_baskets_in_any_order_neither_deadlock_nor_oversell(committed: Database) -> None:
    """Random baskets over ten products, some given back, while the sweeper runs: the books must agree afterwards."""
    rng = random.Random(7)
    async with committed.transaction() as session:
        await inventory.receive_many(session, [(product, 40) for product in range(1, 11)])
    gate = asyncio.Semaphore(AT_ONCE)

    async def person() -> None:
        order_id = uuid4()
        lines = [(product, rng.randint(1, 3)) for product in rng.sample(range(1, 11), 4)]
        if await buy(committed, gate, order_id, lines) and rng.random() < 0.3:
            async with gate, committed.transaction() as session:
                await inventory.release(session, order_id)

    async def sweeper() -> None:
        for _ in range(20):
            async with gate, committed.transaction() as session:
                await inventory.sweep_expired(session)

    await asyncio.gather(sweeper(), *(person() for _ in range(BUYERS)))
    async with committed.transaction() as session:
        wrong = await session.execute(
            text("""
                SELECT product_id, on_hand, allocated, reserved,
                    (SELECT coalesce(sum(quantity), 0) FROM inventory.allocations a WHERE a.variant_id = s.variant_id),
                    (SELECT sum(on_hand_change) FROM inventory.movements m WHERE m.variant_id = s.variant_id),
                    (SELECT coalesce(sum(CASE movement WHEN 'allocated' THEN quantity WHEN 'released' THEN -quantity
                        ELSE 0 END), 0) FROM inventory.movements m WHERE m.variant_id = s.variant_id)
                FROM inventory.stock s
            """)
        )
        for _, on_hand, allocated, reserved, claimed, ledger, moved in wrong:
            assert (on_hand, reserved) == (40, 0)
            assert ledger == on_hand
            assert allocated == claimed == moved
            assert allocated <= 40


async def test_the_last_units_are_all_sold(committed: Database, stock_of: Read) -> None:
    async with committed.transaction() as session:
        await inventory.receive_many(session, [(1, 60)])
    gate = asyncio.Semaphore(AT_ONCE)
    bought = await asyncio.gather(*(buy(committed, gate, uuid4(), [(1, 1)]) for _ in range(BUYERS)))
    assert sum(bought) == 60
    async with committed.transaction() as session:
        assert await stock_of(session, 1) == (60, 60, 0)


async def test_a_bundle_and_its_component_compete(committed: Database, stock_of: Read) -> None:
    """Half of the buyers want the last unit alone, half want it in a bundle with two of another."""
    async with committed.transaction() as session:
        await inventory.receive_many(session, [(1, 1), (2, 500)])
    gate = asyncio.Semaphore(AT_ONCE)
    baskets = [[(1, 1)], [(1, 1), (2, 2)]]
    bought = await asyncio.gather(*(buy(committed, gate, uuid4(), baskets[n % 2]) for n in range(BUYERS)))
    assert sum(bought) == 1
    async with committed.transaction() as session:
        assert await stock_of(session, 1) == (1, 1, 0)
        assert await stock_of(session, 2) == (500, 2 if bought.index(True) % 2 else 0, 0)
        assert await inventory.stock_differences(session) == []
