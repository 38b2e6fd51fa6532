"""The cart over HTTP: anonymous, signed in, merged, and honest about what changed."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog import facade as catalog
from api.domains.ordering.domain import MOST_LINES

Shop = dict[str, int]
Events = Callable[[AsyncSession, str], Awaitable[list[dict[str, Any]]]]


async def test_an_anonymous_cart_follows_the_cookie(client: AsyncClient, shop: Shop) -> None:
    added = await client.post("/v1/cart/items", json={"product_id": shop["milk"], "quantity": 2})
    assert added.status_code == 201
    cart = (await client.get("/v1/cart")).json()
    assert cart == added.json()
    assert (cart["units"], cart["total_minor"], cart["can_check_out"]) == (2, 578, True)
    client.cookies.clear()
    assert (await client.get("/v1/cart")).json()["lines"] == []


async def test_quantities_add_up_change_and_go(client: AsyncClient, shop: Shop) -> None:
    for _ in range(2):
        await client.post("/v1/cart/items", json={"product_id": shop["milk"], "quantity": 3})
    await client.post("/v1/cart/items", json={"product_id": shop["bread"]})
    cart = (await client.put(f"/v1/cart/items/{shop['milk']}", json={"quantity": 4})).json()
    assert [(line["product_id"], line["quantity"]) for line in cart["lines"]] == [(shop["milk"], 4), (shop["bread"], 1)]
    cart = (await client.delete(f"/v1/cart/items/{shop['milk']}")).json()
    assert [line["title"] for line in cart["lines"]] == ["Bread"]
    gone = await client.delete(f"/v1/cart/items/{shop['milk']}")
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:agora:problem:not-in-cart")
    cart = (await client.put(f"/v1/cart/items/{shop['bread']}", json={"quantity": 0})).json()
    assert (cart["lines"], cart["can_check_out"]) == ([], False)


async def test_bad_lines_are_refused_by_field(client: AsyncClient, shop: Shop) -> None:
    for body, field in (
        ({"product_id": shop["milk"], "quantity": 0}, "quantity"),
        ({"product_id": shop["milk"], "quantity": 1001}, "quantity"),
        ({"product_id": 2**63}, "product_id"),
        ({"product_id": shop["milk"], "recommendation_id": "x"}, "recommendation_id"),
        ({"product_id": shop["milk"], "colour": "red"}, "colour"),
    ):
        refused = await client.post("/v1/cart/items", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    unknown = await client.post("/v1/cart/items", json={"product_id": 987654321})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:agora:problem:product-not-for-sale")


async def test_a_cart_has_an_end(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    await shopper.add(shop["milk"])
    fill = text("""
        INSERT INTO ordering.cart_items (cart_id, variant_id, product_id, quantity, seen_price_minor, added_at)
        SELECT cart_id, 1000000 + n, 1000000 + n, 1, 1, now() - interval '1 hour'
        FROM ordering.carts, generate_series(2, :most) n
    """)
    await session.execute(fill, {"most": MOST_LINES})
    await session.commit()
    refused = await shopper.add(shop["bread"])
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:agora:problem:cart-full")
    held = await session.execute(text("SELECT count(*) FROM ordering.cart_items"))
    assert held.scalar_one() == MOST_LINES
    await session.execute(text("DELETE FROM ordering.cart_items WHERE variant_id > 1000000"))
    await session.commit()
    assert (await shopper.add(shop["bread"])).status_code == 201


@pytest.mark.usefixtures("kafka_away")
async def test_adding_is_told_with_the_recommendation_that_led_there(
    shopper: Any, shop: Shop, session: AsyncSession, events_of: Events
) -> None:
    recommendation_id = str(uuid4())
    await shopper.add(shop["milk"], 2, recommendation_id=recommendation_id)
    assert await events_of(session, "analytics.cart_item_added") == [
        {
            "anonymous_id": str(shopper.visitor.anonymous_id),
            "customer_id": str(shopper.customer_id),
            "product_id": shop["milk"],
            "quantity": 2,
            "recommendation_id": recommendation_id,
        }
    ]


async def test_what_was_collected_before_sign_in_is_merged_once(shopper: Any, shop: Shop, client: AsyncClient) -> None:
    anonymous = {"X-Agora-Anonymous-Id": str(shopper.visitor.anonymous_id)}
    await shopper.add(shop["bread"], 1)
    for name, quantity in (("milk", 2), ("bread", 4)):
        body = {"product_id": shop[name], "quantity": quantity}
        assert (await client.post("/v1/cart/items", json=body, headers=anonymous)).status_code == 201
    for _ in range(2):
        cart = await shopper.cart()
        assert {line["title"]: line["quantity"] for line in cart["lines"]} == {"Bread": 5, "Milk": 2}
    assert (await client.get("/v1/cart", headers=anonymous)).json()["lines"] == []


async def test_prices_and_stock_are_those_of_this_moment(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    await shopper.add(shop["milk"], 3)
    await shopper.add(shop["bread"], 1)
    await catalog.change_price(session, shop["milk"], 350)
    await session.execute(
        text("UPDATE inventory.stock SET on_hand = 2 WHERE product_id = :milk"), {"milk": shop["milk"]}
    )
    await session.execute(
        text("UPDATE catalog.products SET is_active = false WHERE product_id = :bread"), {"bread": shop["bread"]}
    )
    await session.commit()
    cart = await shopper.cart()
    milk, bread = cart["lines"]
    assert (milk["unit_price_minor"], milk["seen_price_minor"], milk["available"]) == (350, 289, 2)
    assert [notice["kind"] for notice in milk["notices"]] == ["fewer_available", "price_raised"]
    assert milk["notices"][1]["text"] == "The price has risen from $2.89 to $3.50."
    assert [notice["kind"] for notice in bread["notices"]] == ["withdrawn"]
    assert cart["can_check_out"] is False
    milk = (await shopper.client.put(f"/v1/cart/items/{shop['milk']}", json={"quantity": 2})).json()["lines"][0]
    assert milk["notices"] == []
