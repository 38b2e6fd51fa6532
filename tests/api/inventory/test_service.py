"""Reserve, allocate, release, sweep, receive: the good path and each refusal."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.inventory import facade as inventory
from api.domains.inventory.facade import NothingReserved, OutOfStock

Read = Callable[[AsyncSession, int], Awaitable[tuple[int, int, int]]]


@pytest.fixture
async def stocked(session: AsyncSession) -> None:
    await inventory.receive_many(session, [(1, 10), (2, 3)])


async def moved(session: AsyncSession) -> list[tuple[str, int, int]]:
    rows = await session.execute(
        text("SELECT envelope FROM core.outbox WHERE type = 'inventory.stock_moved' ORDER BY id")
    )
    data = [orjson.loads(envelope)["data"] for envelope in rows.scalars()]
    return [(each["movement"], each["product_id"], each["quantity"]) for each in data]


async def ledger(session: AsyncSession) -> dict[int, int]:
    rows = await session.execute(text("SELECT variant_id, sum(on_hand_change) FROM inventory.movements GROUP BY 1"))
    return {product_id: int(units) for product_id, units in rows}


async def test_from_hold_to_allocation_to_release(session: AsyncSession, stocked: None, stock_of: Read) -> None:
    order = uuid4()
    await inventory.reserve(session, order, [(1, 4), (2, 1), (1, 2)])
    assert await stock_of(session, 1) == (10, 0, 6)
    assert await inventory.available(session, [1, 2, 3]) == {1: 4, 2: 2}
    await inventory.allocate(session, order)
    assert await stock_of(session, 1) == (10, 6, 0)
    await inventory.release(session, order)
    assert await stock_of(session, 1) == (10, 0, 0)
    assert await moved(session) == [
        ("received", 1, 10), ("received", 2, 3),
        ("allocated", 1, 6), ("allocated", 2, 1),
        ("released", 1, 6), ("released", 2, 1),
    ]  # fmt: skip
    assert await ledger(session) == {1: 10, 2: 3}


async def test_all_lines_or_none(session: AsyncSession, stocked: None, stock_of: Read) -> None:
    with pytest.raises(OutOfStock) as refused:
        await inventory.reserve(session, uuid4(), [(1, 4), (2, 4), (77, 1)])
    assert refused.value.lines == ((2, 3), (77, 0))
    assert refused.value.problem()["lines"] == [
        {"product_id": 2, "variant_id": 2, "available": 3},
        {"product_id": 77, "variant_id": 77, "available": 0},
    ]
    assert await stock_of(session, 1) == (10, 0, 0)
    count = await session.execute(text("SELECT count(*) FROM inventory.reservations"))
    assert count.scalar_one() == 0


@pytest.mark.parametrize("quantity", [0, -1])
async def test_no_quantity_below_one(session: AsyncSession, stocked: None, quantity: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        await inventory.reserve(session, uuid4(), [(1, quantity)])


async def test_nothing_to_allocate_is_a_refusal(session: AsyncSession, stocked: None) -> None:
    with pytest.raises(NothingReserved):
        await inventory.allocate(session, uuid4())


async def test_releasing_twice_frees_nothing_twice(session: AsyncSession, stocked: None, stock_of: Read) -> None:
    order = uuid4()
    await inventory.reserve(session, order, [(1, 10)])
    for _ in range(2):
        await inventory.release(session, order)
        assert await stock_of(session, 1) == (10, 0, 0)
    assert [movement for movement, *_ in await moved(session)] == ["received", "received"]


async def test_the_sweeper_frees_only_what_ran_out(session: AsyncSession, stocked: None, stock_of: Read) -> None:
    late, fresh = uuid4(), uuid4()
    await inventory.reserve(session, late, [(1, 2), (2, 2)])
    await inventory.reserve(session, fresh, [(1, 3)])
    assert await inventory.sweep_expired(session) == 0
    await session.execute(
        text("UPDATE inventory.reservations SET expires_at = now() - interval '1 s' WHERE order_id = :id"),
        {"id": late},
    )
    assert await inventory.sweep_expired(session) == 2
    assert await stock_of(session, 1) == (10, 0, 3)
    assert await stock_of(session, 2) == (3, 0, 0)
    with pytest.raises(NothingReserved):
        await inventory.allocate(session, late)
    await inventory.allocate(session, fresh)


async def test_a_reservation_lasts_ten_minutes(session: AsyncSession, stocked: None) -> None:
    await inventory.reserve(session, uuid4(), [(1, 1)])
    left = await session.execute(text("SELECT extract(epoch FROM expires_at - now())::int FROM inventory.reservations"))
    assert left.scalar_one() == 600


async def test_an_opening_balance_is_taken_once(session: AsyncSession, stocked: None, stock_of: Read) -> None:
    assert await inventory.receive_many(session, [(1, 99), (3, 7)]) == 1
    assert await stock_of(session, 1) == (10, 0, 0)
    assert await ledger(session) == {1: 10, 2: 3, 3: 7}
    assert await inventory.receive_many(session, []) == 0


async def test_a_delivery_adds(session: AsyncSession, stocked: None, stock_of: Read) -> None:
    await inventory.receive(session, [(1, 5), (4, 2)])
    assert await stock_of(session, 1) == (15, 0, 0)
    assert await ledger(session) == {1: 15, 2: 3, 4: 2}
    assert (await moved(session))[-2:] == [("received", 1, 5), ("received", 4, 2)]


async def test_the_database_itself_refuses_to_go_below_zero(session: AsyncSession, stocked: None) -> None:
    with pytest.raises(IntegrityError, match="ck_stock_available_not_negative"):
        await session.execute(text("UPDATE inventory.stock SET allocated = 8, reserved = 3 WHERE product_id = 1"))


@pytest.mark.parametrize(
    "statement", ["UPDATE inventory.movements SET quantity = 1", "DELETE FROM inventory.movements"]
)
async def test_the_ledger_cannot_be_rewritten(session: AsyncSession, stocked: None, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        await session.execute(text(statement))
