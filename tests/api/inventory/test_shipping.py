"""Ship, take back, adjust, prolong: the good path and each refusal; afterwards the books agree."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.errors import Invalid
from api.domains.inventory import facade as inventory
from api.domains.inventory.contracts import Location
from api.domains.inventory.errors import BelowClaims, NoSuchLocation, NotAllocated, NothingReserved, NotShipped

Read = Callable[[AsyncSession, int], Awaitable[tuple[int, int, int]]]


@pytest.fixture
async def books_agree(session: AsyncSession) -> AsyncIterator[None]:
    yield
    assert await inventory.stock_differences(session) == []


@pytest.fixture
async def order(session: AsyncSession, books_agree: None) -> UUID:
    """Five of the first and two of the second are the order's own."""
    await inventory.receive_many(session, [(1, 10), (2, 3)])
    order_id = uuid4()
    await inventory.reserve(session, order_id, [(1, 5), (2, 2)])
    await inventory.allocate(session, order_id)
    return order_id


async def test_parts_leave_the_house(session: AsyncSession, order: UUID, stock_of: Read) -> None:
    await inventory.ship(session, order, [(1, 2)])
    assert await stock_of(session, 1) == (8, 3, 0)
    await inventory.ship(session, order, [(1, 3), (2, 2)])
    assert await stock_of(session, 1) == (5, 0, 0)
    assert await stock_of(session, 2) == (1, 0, 0)


async def test_no_more_than_allocated_and_all_lines_or_none(session: AsyncSession, order: UUID, stock_of: Read) -> None:
    for lines in ([(1, 1), (2, 3)], [(1, 1), (77, 1)]):
        with pytest.raises(NotAllocated):
            await inventory.ship(session, order, lines)
        with pytest.raises(NotAllocated):
            await inventory.release(session, order, lines)
    with pytest.raises(NotAllocated):
        await inventory.ship(session, uuid4(), [(1, 1)])
    assert await stock_of(session, 1) == (10, 5, 0)


async def test_some_lines_are_released(session: AsyncSession, order: UUID, stock_of: Read) -> None:
    await inventory.release(session, order, [(1, 4)])
    assert await stock_of(session, 1) == (10, 1, 0)
    await inventory.release(session, order)
    assert await stock_of(session, 1) == (10, 0, 0)
    assert await stock_of(session, 2) == (3, 0, 0)


@pytest.mark.parametrize(("restock", "on_hand"), [(True, 8), (False, 5)])
async def test_what_comes_back_is_sold_again_or_not(
    session: AsyncSession, order: UUID, stock_of: Read, restock: bool, on_hand: int
) -> None:
    await inventory.ship(session, order, [(1, 5)])
    await inventory.take_back(session, order, [(1, 3)], restock)
    assert await stock_of(session, 1) == (on_hand, 0, 0)
    with pytest.raises(NotShipped):
        await inventory.take_back(session, order, [(1, 3)], restock)
    await inventory.take_back(session, order, [(1, 2)], restock)
    with pytest.raises(NotShipped):
        await inventory.take_back(session, order, [(2, 1)], restock)


async def test_an_adjustment_never_touches_what_is_claimed(session: AsyncSession, order: UUID, stock_of: Read) -> None:
    buyer = uuid4()
    await inventory.reserve(session, buyer, [(1, 2)])
    with pytest.raises(BelowClaims) as refused:
        await inventory.adjust(session, 1, "main", -4, "broken", None)
    assert refused.value.problem()["claims"] == [
        {"kind": "allocated", "order_id": str(order), "quantity": 5},
        {"kind": "reserved", "order_id": str(buyer), "quantity": 2},
    ]
    await inventory.adjust(session, 1, "main", -3, "broken", None)
    assert await stock_of(session, 1) == (7, 5, 2)
    await inventory.adjust(session, 1, "main", 1, "found again", None)
    await inventory.adjust(session, 9, "main", 4, "found", None)
    assert await inventory.available(session, [1, 9]) == {1: 1, 9: 4}


async def test_an_adjustment_needs_a_place_and_a_reason(session: AsyncSession, order: UUID) -> None:
    with pytest.raises(NoSuchLocation):
        await inventory.adjust(session, 1, "nowhere", 1, "found", None)
    with pytest.raises(Invalid):
        await inventory.adjust(session, 1, "main", 0, "found", None)
    with pytest.raises(Invalid):
        await inventory.adjust(session, 1, "main", 1, " ", None)


async def test_activity_prolongs_a_reservation_up_to_an_hour(session: AsyncSession, order: UUID) -> None:
    buyer = uuid4()
    await inventory.reserve(session, buyer, [(1, 1)])

    async def left(made_minutes_ago: int) -> int:
        values = {"id": buyer, "ago": made_minutes_ago}
        await session.execute(
            text(
                "UPDATE inventory.reservations SET expires_at = now() + interval '2 min',"
                " reserved_at = now() - :ago * interval '1 min' WHERE order_id = :id"
            ),
            values,
        )
        await inventory.prolong(session, buyer)
        found = await session.execute(
            text("SELECT extract(epoch FROM expires_at - now())::int FROM inventory.reservations")
        )
        return int(found.scalar_one())

    assert await left(8) == 600
    assert await left(55) == 300
    assert await left(59) == 120
    with pytest.raises(NothingReserved):
        await inventory.prolong(session, order)


@pytest.fixture
async def places(session: AsyncSession, books_agree: None) -> None:
    """The shop beside the warehouse; the warehouse sells first."""
    await inventory.put_location(session, Location("shop", "Shop", 20, True), None)
    await inventory.receive(session, [(1, 5), (2, 1)])
    await inventory.receive(session, [(1, 4), (2, 4)], location="shop")


async def where(session: AsyncSession, order_id: UUID) -> dict[tuple[int, str], int]:
    rows = await session.execute(
        text("SELECT variant_id, location, quantity FROM inventory.reservations WHERE order_id = :id"),
        {"id": order_id},
    )
    return {(row.variant_id, row.location): row.quantity for row in rows}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(1, 5), (2, 1)], {(1, "main"): 5, (2, "main"): 1}),
        ([(1, 1), (2, 2)], {(1, "shop"): 1, (2, "shop"): 2}),
        ([(1, 7), (2, 4)], {(1, "main"): 5, (1, "shop"): 2, (2, "main"): 1, (2, "shop"): 3}),
    ],
)
async def test_one_place_that_has_all_else_by_priority(
    session: AsyncSession, places: None, lines: list[tuple[int, int]], expected: dict[tuple[int, str], int]
) -> None:
    order_id = uuid4()
    await inventory.reserve(session, order_id, lines)
    assert await where(session, order_id) == expected
    await inventory.allocate(session, order_id)
    await inventory.ship(session, order_id, lines)
    await inventory.take_back(session, order_id, lines, restock=True)
    assert await inventory.available(session, [1, 2]) == {1: 9, 2: 5}


async def test_a_closed_place_sells_nothing(session: AsyncSession, places: None) -> None:
    await inventory.put_location(session, Location("main", "Main warehouse", 10, False), None)
    assert await inventory.available(session, [1, 2]) == {1: 4, 2: 4}
    with pytest.raises(inventory.OutOfStock) as refused:
        await inventory.reserve(session, uuid4(), [(1, 5)])
    assert refused.value.lines == ((1, 4),)
    with pytest.raises(NoSuchLocation):
        await inventory.receive(session, [(1, 1)], location="nowhere")


async def test_the_proof_finds_what_does_not_agree(session: AsyncSession) -> None:
    await inventory.receive_many(session, [(1, 10)])
    await session.execute(text("UPDATE inventory.stock SET on_hand = 9, reserved = 1"))
    found = await inventory.stock_differences(session)
    assert [(each.kind, each.in_stock, each.in_books) for each in found] == [
        ("on hand, by movements", 9, 10),
        ("reserved, by checkouts", 1, 0),
    ]
