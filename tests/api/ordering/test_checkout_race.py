"""Many at once, on real connections and the real gateway: one order, one charge, never a unit too many."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.core.auth import Visitor
from api.domains.inventory import facade as inventory
from api.domains.ordering.repository import carts
from api.domains.ordering.service import cart, checkout
from api.domains.payments import facade as payments
from tests.gateway_process import RunningGateway

Shop = dict[str, int]
Count = Callable[[str], Awaitable[int]]
BUYERS = 200


pytestmark = pytest.mark.usefixtures("patience")


def kinds(answers: list[Any]) -> Counter[str]:
    return Counter(
        str(answer.status_code) if answer.status_code < 400 else answer.json()["type"].rpartition(":")[2]
        for answer in answers
    )


async def test_fifty_completions_with_one_key(
    real_shop: Shop, shoppers: Any, paying_gateway: RunningGateway, count: Count
) -> None:
    shopper = shoppers()
    await shopper.add(real_shop["milk"], 2)
    before = paying_gateway.balance().get("captured", (0, 0))
    key = str(uuid4())
    answers = await asyncio.gather(*(shopper.check_out(key=key) for _ in range(50)))
    assert set(kinds(answers)) <= {"201", "idempotency-key-in-flight"}
    done = [answer for answer in answers if answer.status_code == 201]
    assert done
    assert len({answer.content for answer in done}) == 1
    assert (await shopper.check_out(key=key)).content == done[0].content
    assert await count("ordering.orders") == await count("core.outbox WHERE type = 'ordering.order_placed'") == 1
    assert paying_gateway.balance()["captured"] == (before[0] + 1, before[1] + 578)


async def test_fifty_keys_on_one_cart(
    real_shop: Shop, shoppers: Any, paying_gateway: RunningGateway, count: Count
) -> None:
    shopper = shoppers()
    await shopper.add(real_shop["milk"], 2)
    before = paying_gateway.balance().get("captured", (0, 0))
    answers = await asyncio.gather(*(shopper.check_out() for _ in range(50)))
    found = kinds(answers)
    assert found["201"] == 1
    assert set(found) <= {"201", "checkout-in-progress", "cart-empty"}
    assert await count("ordering.orders") == await count("payments.payments") == 1
    assert paying_gateway.balance()["captured"] == (before[0] + 1, before[1] + 578)


async def test_an_order_placed_while_another_checkout_reads(
    real_shop: Shop, shoppers: Any, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen once in fifty keys: a checkout that read the items, then found no draft, sold the same cart again."""
    shopper = shoppers()
    await shopper.add(real_shop["milk"], 2)
    really_read, orders_made = carts.read, []

    async def read_and_order(*arguments: Any) -> Any:
        found = await really_read(*arguments)
        if not orders_made:
            orders_made.append(uuid4())
            await checkout.check_out(shopper.visitor, shopper.customer_id, orders_made[0], "tok_ok")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(carts, "read", read_and_order)
        assert kinds([await shopper.check_out()]) == {"cart-empty": 1}
    assert await count("ordering.orders") == await count("ordering.orders WHERE status = 'placed'") == 1


async def test_what_another_tab_puts_in_meanwhile_is_paid_or_stays(
    real_shop: Shop, shoppers: Any, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cart changes after it was read: the checkout reads it again."""
    shopper = shoppers()
    await shopper.add(real_shop["milk"])
    really_read, added = carts.read, []

    async def read_and_add(*arguments: Any) -> Any:
        found = await really_read(*arguments)
        if not added:
            added.append(await shopper.add(real_shop["bread"]))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(carts, "read", read_and_add)
        order = (await shopper.check_out()).json()
    assert [line["title"] for line in order["lines"]] == ["Milk", "Bread"]
    assert (await shopper.cart())["lines"] == []
    assert await count("ordering.orders") == await count("payments.payments") == 1


async def test_a_cart_that_is_merged_while_another_tab_orders(
    real_shop: Shop, shoppers: Any, count: Count, pool: Any
) -> None:
    """Every unit that was put in is either ordered once or still in the cart."""
    for _ in range(10):
        shopper, guest = shoppers(), uuid4()
        await shopper.add(real_shop["milk"])
        await cart.add_item(Visitor(guest), real_shop["bread"])

        async def sign_in(guest: UUID = guest, customer_id: UUID = shopper.customer_id) -> None:
            async with pool.transaction() as session:
                await cart.merge_cart(session, guest, customer_id)

        answer, _ = await asyncio.gather(shopper.check_out(), sign_in())
        assert answer.status_code == 201
        bought = {line["title"]: line["quantity"] for line in answer.json()["lines"]}
        left = {line["title"]: line["quantity"] for line in (await shopper.cart())["lines"]}
        assert Counter(bought) + Counter(left) == {"Milk": 1, "Bread": 1}
        await shopper.client.post(f"/v1/orders/{answer.json()['order_id']}/cancel")
    assert await count("ordering.carts WHERE anonymous_id IS NOT NULL") == 0


async def test_two_hundred_buyers_and_one_unit(
    real_shop: Shop, shoppers: Any, paying_gateway: RunningGateway, count: Count, pool: Any
) -> None:
    product_id = real_shop["olives"]
    people = [shoppers() for _ in range(BUYERS)]
    at_once = asyncio.Semaphore(20)
    async with pool.transaction() as session:
        await inventory.reserve(session, uuid4(), [(product_id, 9)])

    async def buy(person: Any) -> str:
        async with at_once:
            await cart.add_item(person.visitor, product_id)
            try:
                order = await checkout.check_out(person.visitor, person.customer_id, uuid4(), "tok_ok")
            except inventory.OutOfStock as refusal:
                return f"{refusal.type} {refusal.lines}"
            return str(order.status)

    before = paying_gateway.balance().get("captured", (0, 0))[0]
    told = Counter(await asyncio.gather(*map(buy, people)))
    assert told == {"placed": 1, f"out-of-stock {((product_id, 0),)}": BUYERS - 1}
    assert await count("ordering.orders") == await count("payments.payments") == 1
    assert paying_gateway.balance()["captured"][0] == before + 1


async def test_a_checkout_and_a_cancellation_storm_leave_the_books_at_zero(
    real_shop: Shop, shoppers: Any, count: Count, pool: Any
) -> None:
    """Everybody orders, and cancels five times at once: each order is refunded once and all stock is free."""
    people = [shoppers() for _ in range(8)]

    async def regret(person: Any) -> Counter[str]:
        await person.add(real_shop["bread"])
        order_id = (await person.check_out()).json()["order_id"]
        url = f"/v1/orders/{order_id}/cancel"
        return kinds(await asyncio.gather(*(person.client.post(url) for _ in range(5))))

    for found in await asyncio.gather(*map(regret, people)):
        assert found == {"200": 1, "illegal-order-move": 4}
    assert await count("payments.payments WHERE status = 'refunded'") == 8
    assert await count("inventory.stock WHERE allocated <> 0 OR reserved <> 0") == 0
    async with pool.transaction() as session:
        assert await payments.balance(session) == {"gateway": 0, "sales": 0}
