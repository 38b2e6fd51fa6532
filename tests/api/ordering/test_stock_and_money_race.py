"""Stock and money pulled from several sides at once, on real connections; afterwards `real_shop` checks everything."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from api.core.db import reading, transaction
from api.core.errors import AppError
from api.domains.catalog import facade as catalog
from api.domains.inventory import facade as inventory
from api.domains.ordering.service import cart, checkout, orders, refunds, sweep
from api.domains.payments import facade as payments
from api.domains.payments.service import desk
from tests.api.payments.conftest import books

Shop = dict[str, int]
Count = Callable[[str], Awaitable[int]]
AT_ONCE = 18  # fewer than the pool holds
DESK = uuid4()
pytestmark = pytest.mark.usefixtures("patience")


async def together(*works: Awaitable[Any]) -> Counter[str]:
    """What came of each: its value, or the kind of its refusal."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(work: Awaitable[Any]) -> str:
        async with gate:
            try:
                return str(await work)
            except AppError as refusal:
                return refusal.type

    return Counter(await asyncio.gather(*map(one, works)))


async def test_two_hundred_buyers_of_one_unit_alone_or_in_a_bundle(
    real_shop: Shop, shoppers: Any, count: Count
) -> None:
    olives, bundle, milk = real_shop["olives"], real_shop["bread"], real_shop["milk"]
    async with transaction() as session:
        await inventory.receive(session, [(milk, 500)])
        await catalog.make_bundle(session, bundle, {olives: 1, milk: 2})
        await inventory.reserve(session, uuid4(), [(olives, 9)])
    wanted = [olives, bundle] * 100

    async def buy(product_id: int) -> str:
        person = shoppers()
        await cart.add_item(person.visitor, product_id)
        order = await checkout.check_out(person.visitor, person.customer_id, uuid4(), "tok_ok")
        return str(order.status)

    assert await together(*map(buy, wanted)) == {"placed": 1, "out-of-stock": 199}
    assert await count("ordering.orders") == await count("payments.payments") == 1


async def test_a_bundle_holds_its_parts(real_shop: Shop, shoppers: Any, count: Count) -> None:
    olives, bundle, milk = real_shop["olives"], real_shop["bread"], real_shop["milk"]
    async with transaction() as session:
        await catalog.make_bundle(session, bundle, {olives: 1, milk: 2})
    person = shoppers()
    await cart.add_item(person.visitor, bundle, 2)
    order = await checkout.check_out(person.visitor, person.customer_id, uuid4(), "tok_ok")
    assert str(order.status) == "placed"
    async with reading() as connection:
        held = await connection.execute(
            text("SELECT variant_id, quantity FROM inventory.allocations ORDER BY quantity")
        )
        assert held.all() == [(olives, 2), (milk, 4)]


async def test_stock_is_adjusted_while_it_is_reserved(real_shop: Shop, shoppers: Any, count: Count) -> None:
    """Ten units, wanted by thirty buyers and by twenty corrections of the count: each goes one way, once."""
    milk = real_shop["milk"]

    async def buy() -> str:
        person = shoppers()
        await cart.add_item(person.visitor, milk)
        return str((await checkout.check_out(person.visitor, person.customer_id, uuid4(), "tok_ok")).status)

    async def lose() -> str:
        async with transaction() as session:
            await inventory.adjust(session, milk, "main", -1, "lost", DESK)
        return "lost"

    works = [work for n in range(30) for work in ([buy(), lose()] if n < 20 else [buy()])]
    found = await together(*works)
    assert found["placed"] + found["lost"] == 10
    assert (found["out-of-stock"], found["stock-below-claims"]) == (30 - found["placed"], 20 - found["lost"])
    async with reading() as connection:
        assert await inventory.available(connection, [milk]) == {milk: 0}


async def test_parts_of_an_order_are_refunded_at_once(real_shop: Shop, shoppers: Any) -> None:
    shopper = shoppers()
    await shopper.add(real_shop["olives"])
    order_id = UUID((await shopper.check_out()).json()["order_id"])

    async def give_back() -> str:
        await refunds.refund_order(DESK, order_id, 200, "a dent")
        return "given"

    assert await together(*(give_back() for _ in range(12))) == {"given": 6, "refund-too-large": 6}
    await payments.sweep_refunds()
    assert await books() == {"gateway": 50, "sales": -1250, "refunds": 1200}


async def test_a_transfer_comes_while_its_order_is_given_up(real_shop: Shop, shoppers: Any, count: Count) -> None:
    people = [shoppers() for _ in range(8)]
    made = []
    for person in people:
        await person.add(real_shop["milk"])
        made.append((await person.check_out("", payment_method="bank_transfer")).json())
    async with transaction() as session:
        await session.execute(text("UPDATE payments.payments SET created_at = now() - interval '8 days'"))

    async def take(order: Any) -> str:
        await desk.take(DESK, UUID(order["payment"]["payment_id"]), None)
        return "taken"

    async def regret(order: Any) -> str:
        return str((await orders.cancel_order(None, UUID(order["order_id"]), "regret", DESK)).status)

    sides = [work for order in made for work in (take(order), regret(order), sweep.sweep_unpaid())]
    found = await together(*sides)
    assert found["taken"] == 8  # also after the end: the money is booked, and goes back
    for order in made:
        payment_id = UUID(order["payment"]["payment_id"])
        for refund in (await desk.open_file(payment_id)).refunds:
            if refund.status == "pending":
                await desk.mark_paid_out(DESK, payment_id, refund.refund_id)
    kept = await count("ordering.orders WHERE status = 'placed'")
    assert sum((await books()).values()) == 0
    assert (await books()).get("bank", 0) == 289 * kept
    assert await count("ordering.orders WHERE status = 'cancelled'") == 8 - kept
