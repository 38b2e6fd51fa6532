"""Codes, delivery and tax at the checkout: what they change, what is refused, and limits that hold."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.inventory import facade as inventory
from api.domains.ordering import facade as ordering
from api.domains.ordering.service import promotions
from tests.gateway_process import RunningGateway

Shop = dict[str, int]
Count = Callable[[str], Awaitable[int]]
OPERATOR = uuid4()
BERLIN = {"name": "A", "line1": "Street 1", "postal_code": "10115", "city": "Berlin", "country": "de"}
ALBANY = {"name": "A", "line1": "Road 1", "postal_code": "12201", "city": "Albany", "country": "US", "region": "NY"}


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:agora:problem:")


async def code(kind: str, code: str = "SAVE", **values: Any) -> None:
    empty = {
        "percent": None,
        "amount_minor": None,
        "buy_quantity": None,
        "get_quantity": None,
        "minimum_minor": 0,
        "starts_at": None,
        "ends_at": None,
        "most_uses": None,
        "most_per_customer": None,
        "product_ids": [],
        "departments": [],
    }
    await promotions.create_promotion(OPERATOR, empty | {"code": code, "title": "Sale", "kind": kind} | values)


async def quote(shopper: Any, **body: Any) -> Any:
    return await shopper.client.post("/v1/checkout/quote", json=body)


@pytest.mark.parametrize(
    ("kind", "values", "discount"),
    [
        ("percentage", {"percent": 10}, 183),
        ("amount", {"amount_minor": 500}, 500),
        ("amount", {"amount_minor": 999_999}, 1828),
        ("buy_x_get_y", {"buy_quantity": 2, "get_quantity": 1}, 289),
        ("free_delivery", {}, 0),
    ],
)
async def test_each_kind_takes_off_what_it_says(
    shopper: Any, shop: Shop, kind: str, values: dict[str, int], discount: int
) -> None:
    await shopper.add(shop["milk"], 2)
    await shopper.add(shop["olives"])
    await code(kind, **values)
    told = (await quote(shopper, promotion_code="save", delivery_method="express")).json()
    assert (told["discount_minor"], told["goods_minor"]) == (discount, 1828)
    assert told["delivery_minor"] == (0 if kind == "free_delivery" else 990)
    body = {"promotion_code": "save", "delivery_method": "express", "address": ALBANY | {"region": "OR"}}
    order = (await shopper.check_out(expected_total_minor=told["total_minor"], **body)).json()
    assert (order["status"], order["total_minor"]) == ("placed", told["total_minor"])
    assert sum(line["discount_minor"] for line in order["lines"]) == discount
    assert sum(line["total_minor"] for line in order["lines"]) + order["delivery_minor"] == order["total_minor"]


async def test_a_code_that_does_not_apply_is_refused(shopper: Any, shop: Shop) -> None:
    await shopper.add(shop["milk"])
    await code("percentage", "BIG", percent=10, minimum_minor=10_000)
    await code("percentage", "OVER", percent=10, ends_at=datetime.now(UTC) - timedelta(seconds=1))
    await code("percentage", "SOON", percent=10, starts_at=datetime.now(UTC) + timedelta(days=1))
    await code("percentage", "OTHER", percent=10, product_ids=[shop["olives"]])
    await code("percentage", "TOYS", percent=10, departments=["Toys"])
    for name in ("BIG", "OVER", "SOON", "OTHER", "TOYS", "NONE"):
        assert problem(await quote(shopper, promotion_code=name)) == (409, "promotion-refused")
        assert problem(await shopper.check_out(promotion_code=name)) == (409, "promotion-refused")
    await code("percentage", "FOOD", percent=10, departments=["Grocery"])
    assert (await quote(shopper, promotion_code="FOOD")).json()["discount_minor"] == 29


async def test_an_order_for_nothing_is_not_charged(
    shopper: Any, shop: Shop, count: Count, paying_gateway: RunningGateway
) -> None:
    await shopper.add(shop["milk"])
    await code("percentage", percent=100)
    order = (await shopper.check_out(promotion_code="SAVE")).json()
    assert (order["status"], order["total_minor"], order["payment"]) == ("placed", 0, None)
    assert await count("payments.payments") == 0
    cancelled = await shopper.client.post(f"/v1/orders/{order['order_id']}/cancel")
    assert cancelled.json()["status"] == "cancelled"


async def test_a_failed_checkout_gives_its_use_back(shopper: Any, shop: Shop, count: Count) -> None:
    await shopper.add(shop["milk"])
    await code("percentage", percent=10, most_uses=1, most_per_customer=1)
    assert (await shopper.check_out("tok_declined", promotion_code="SAVE")).status_code == 402
    assert await count("ordering.promotions WHERE uses = 0") == 1
    order = (await shopper.check_out(promotion_code="SAVE")).json()
    assert order["status"] == "placed"
    await shopper.add(shop["milk"])
    assert problem(await shopper.check_out(promotion_code="SAVE")) == (409, "promotion-refused")
    await shopper.client.post(f"/v1/orders/{order['order_id']}/cancel")
    assert await count("ordering.promotions WHERE uses = 0") == 1


async def test_an_abandoned_checkout_gives_its_use_back(shopper: Any, shop: Shop, count: Count) -> None:
    await shopper.add(shop["milk"])
    await code("percentage", percent=10, most_uses=1)
    assert (await shopper.check_out("tok_slow", promotion_code="SAVE")).status_code == 202
    await ordering.sweep_unfinished(grace=timedelta(0), patience=timedelta(0))
    assert await count("ordering.promotions WHERE uses = 0") == 1
    assert await count("ordering.promotion_uses") == 0


async def test_the_price_is_told_without_a_code_that_was_used_up(shopper: Any, shop: Shop) -> None:
    await code("percentage", percent=10, most_per_customer=1)
    await shopper.add(shop["milk"])
    assert (await quote(shopper, promotion_code="SAVE")).json()["discount_minor"] == 29
    await shopper.check_out(promotion_code="SAVE")
    await shopper.add(shop["milk"])
    assert problem(await quote(shopper, promotion_code="SAVE")) == (409, "promotion-refused")


async def test_one_customer_has_one_use(shopper: Any, shoppers: Any, shop: Shop) -> None:
    await code("percentage", percent=10, most_per_customer=1)
    for person, answer in ((shopper, 201), (shopper, 409), (shoppers(), 201)):
        await person.add(shop["milk"])
        assert (await person.check_out(promotion_code="SAVE")).status_code == answer


async def test_tax_is_inside_the_price_or_on_top(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    await shopper.add(shop["milk"], 2)
    await shopper.add(shop["olives"])
    german = (await quote(shopper, address=BERLIN, delivery_method="express")).json()
    assert (german["total_minor"], german["is_tax_included"]) == (1828 + 990, True)
    assert german["tax_minor"] == round((1828 + 990) * 19 / 119)
    american = (await quote(shopper, address=ALBANY)).json()
    assert (american["tax_minor"], american["total_minor"]) == (73, 1828 + 73)
    order = (await shopper.check_out(address=ALBANY, expected_total_minor=1901)).json()
    assert (order["tax_minor"], sum(line["tax_minor"] for line in order["lines"])) == (73, 73)
    assert order["tax_lines"] == [{"title": "Sales tax 4 %", "rate_ppm": 40000, "base_minor": 1828, "tax_minor": 73}]
    assert order["address"]["city"] == "Albany"


async def test_delivery_needs_an_address_and_is_one_of_ours(shopper: Any, shop: Shop) -> None:
    await shopper.add(shop["milk"])
    assert problem(await shopper.check_out(delivery_method="express")) == (422, "invalid-request")
    assert problem(await shopper.check_out(delivery_method="balloon", address=BERLIN)) == (422, "invalid-request")
    assert (await shopper.check_out(delivery_method="pickup")).json()["delivery_minor"] == 0


async def test_an_empty_cart_has_no_price(shopper: Any) -> None:
    assert problem(await quote(shopper)) == (409, "cart-empty")


@pytest.mark.usefixtures("patience")
async def test_ten_uses_and_a_hundred_takers(real_shop: Shop, shoppers: Any, count: Count, pool: Any) -> None:
    async with pool.transaction() as session:
        await inventory.receive(session, [(real_shop["bread"], 200)])
    await code("percentage", percent=50, most_uses=10)
    people = [shoppers() for _ in range(100)]
    at_once = asyncio.Semaphore(20)

    async def take(person: Any) -> int:
        async with at_once:
            await person.add(real_shop["bread"])
            return int((await person.check_out(promotion_code="SAVE")).status_code)

    assert Counter(await asyncio.gather(*map(take, people))) == {201: 10, 409: 90}
    assert await count("ordering.promotion_uses") == await count("ordering.orders") == 10
    assert await count("ordering.promotions WHERE uses = 10") == 1
