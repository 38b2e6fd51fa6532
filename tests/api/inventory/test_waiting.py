"""The state that a waiting statement saw first is past when its turn comes."""

import asyncio
from uuid import uuid4

from sqlalchemy import text

from api.core.db import Database
from api.domains.inventory import facade as inventory

WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def test_units_released_while_a_buyer_waits_are_sold_to_that_buyer(committed: Database) -> None:
    """The buyer's statement begins when all is sold. A constraint must not be held against that old state."""
    sold = uuid4()
    async with committed.transaction() as session:
        await inventory.receive_many(session, [(1, 3)])
        await inventory.reserve(session, sold, [(1, 3)])
        await inventory.allocate(session, sold)

    async def buyer() -> None:
        async with committed.transaction() as session:
            await inventory.reserve(session, uuid4(), [(1, 2)])

    async with committed.transaction() as session:
        await inventory.release(session, sold)
        waiting = asyncio.create_task(buyer())
        async with asyncio.timeout(10), committed.reading() as watch:
            while not (await watch.execute(WAITS)).scalar_one():  # noqa: ASYNC110 - Postgres tells nobody
                await asyncio.sleep(0.01)
    await waiting
    async with committed.transaction() as session:
        assert await inventory.available(session, [1]) == {1: 1}
        assert await inventory.stock_differences(session) == []
