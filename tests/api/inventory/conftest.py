"""Products with stock, as rows: inventory knows products only by number."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

Read = Callable[[AsyncSession, int], Awaitable["Stock"]]


class Stock(NamedTuple):
    """One row of stock."""

    on_hand: int
    allocated: int
    reserved: int


@pytest.fixture
def stock_of() -> Read:
    """Reads the row of one product."""

    async def read(session: AsyncSession, product_id: int) -> Stock:
        found = await session.execute(
            text("SELECT on_hand, allocated, reserved FROM inventory.stock WHERE product_id = :id"), {"id": product_id}
        )
        return Stock(*found.one())

    return read
