"""Rules under any inputs: stock never goes below zero, and the SQL picks what the rule picks."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.inventory import facade as inventory
from api.domains.inventory.contracts import Location
from api.domains.inventory.domain import Stock, StockRuleBroken, pick_locations
from tests.api.conftest import OneConnection

CHANGES = ("receive", "reserve", "free", "allocate", "release", "ship", "adjust")
PLACES = ("main", "north", "south")
units = st.integers(0, 4)


@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(-5, 9)), max_size=40))
def test_no_sequence_of_changes_goes_below_zero(changes: list[tuple[str, int]]) -> None:
    stock, on_hand = Stock(), 0
    for name, quantity in changes:
        try:
            stock = getattr(stock, name)(quantity)
        except StockRuleBroken:
            continue
        on_hand += {"receive": quantity, "adjust": quantity, "ship": -quantity}.get(name, 0)
        assert min(stock.on_hand, stock.allocated, stock.reserved, stock.available) >= 0
        assert stock.on_hand == on_hand


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(PLACES), st.dictionaries(st.sampled_from([1, 2]), units, min_size=1), min_size=1),
    st.dictionaries(st.sampled_from([1, 2]), st.integers(1, 6), min_size=1),
)
async def test_units_come_from_where_the_rule_says(
    rolled_back: OneConnection, there: dict[str, dict[int, int]], wanted: dict[int, int]
) -> None:
    async with rolled_back.session() as session:
        await session.begin_nested()
        for number, place in enumerate(PLACES):
            await inventory.put_location(session, Location(place, place, number, True), None)
        for place, shelf in there.items():
            await inventory.receive(session, [row for row in shelf.items() if row[1]], location=place)
        expected, order_id = pick_locations(there, PLACES, wanted), uuid4()
        if expected is None:
            with pytest.raises(inventory.OutOfStock):
                await inventory.reserve(session, order_id, list(wanted.items()))
        else:
            await inventory.reserve(session, order_id, list(wanted.items()))
        assert await _held(session) == (expected or {})
        assert await inventory.stock_differences(session) == []
        await session.rollback()


async def _held(session: AsyncSession) -> dict[tuple[int, str], int]:
    rows = await session.execute(text("SELECT variant_id, location, quantity FROM inventory.reservations"))
    return {(row.variant_id, row.location): row.quantity for row in rows}
