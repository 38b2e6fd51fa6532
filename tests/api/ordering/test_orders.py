"""Orders over HTTP: own ones only, newest first, and back while they are not shipped."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.ordering import facade as ordering
from api.domains.payments import facade as payments
from tests.gateway_process import RunningGateway

Shop = dict[str, int]
Events = Callable[[AsyncSession, str], Awaitable[list[dict[str, Any]]]]


async def order_of(shopper: Any, product_id: int) -> Any:
    await shopper.add(product_id)
    answer = await shopper.check_out()
    assert answer.status_code == 201
    return answer.json()


async def test_orders_are_paged_newest_first(shopper: Any, shop: Shop) -> None:
    made = [(await order_of(shopper, shop["milk"]))["order_id"] for _ in range(3)]
    seen, cursor = [], None
    while True:
        page = (
            await shopper.client.get("/v1/orders", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [order["order_id"] for order in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    for bad in ("x", "WyIyMDI2IiwgMV0", "WyJhIiwiYiJd"):
        assert (await shopper.client.get("/v1/orders", params={"cursor": bad})).status_code == 422


async def test_a_foreign_order_is_not_there(shopper: Any, shoppers: Any, shop: Shop) -> None:
    order_id = (await order_of(shopper, shop["milk"]))["order_id"]
    stranger = shoppers()
    for answer in (
        await stranger.client.get(f"/v1/orders/{order_id}"),
        await stranger.client.post(f"/v1/orders/{order_id}/cancel"),
        await stranger.client.get(f"/v1/orders/{uuid4()}"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:agora:problem:order-not-found")
    assert (await stranger.client.get("/v1/orders")).json() == {"items": [], "next_cursor": None}
    assert (await shopper.client.get(f"/v1/orders/{order_id}")).json()["status"] == "placed"


async def test_cancelling_gives_goods_and_money_back_once(
    shopper: Any, shop: Shop, session: AsyncSession, events_of: Events, paying_gateway: RunningGateway
) -> None:
    order_id = (await order_of(shopper, shop["olives"]))["order_id"]
    before = paying_gateway.balance().get("refunded", (0, 0))
    cancelled = (await shopper.client.post(f"/v1/orders/{order_id}/cancel")).json()
    assert (cancelled["status"], cancelled["next_states"]) == ("cancelled", [])
    assert cancelled["payment"]["status"] == "refunded"
    assert paying_gateway.balance()["refunded"] == (before[0] + 1, before[1] + 1250)
    again = await shopper.client.post(f"/v1/orders/{order_id}/cancel")
    assert (again.status_code, again.json()["type"]) == (409, "urn:agora:problem:illegal-order-move")
    assert (again.json()["order_status"], again.json()["next_states"]) == ("cancelled", [])
    assert await payments.balance(session) == {"gateway": 0, "sales": 0}
    free = await session.execute(
        text("SELECT on_hand - allocated - reserved FROM inventory.stock WHERE product_id = :id"),
        {"id": shop["olives"]},
    )
    assert free.scalar_one() == 10
    assert [event["order_id"] for event in await events_of(session, "ordering.order_cancelled")] == [order_id]


async def test_a_refund_that_the_gateway_misses_is_kept_by_the_sweeper(
    shopper: Any, shop: Shop, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    order_id = (await order_of(shopper, shop["milk"]))["order_id"]
    paying_gateway.stop()
    try:
        cancelled = (await shopper.client.post(f"/v1/orders/{order_id}/cancel")).json()
    finally:
        paying_gateway.start()
    assert (cancelled["status"], cancelled["payment"]["status"]) == ("cancelled", "refunding")
    assert await ordering.sweep_unfinished() == 1
    assert await payments.balance(session) == {"gateway": 0, "sales": 0}
    assert await ordering.sweep_unfinished() == 0


async def test_shipped_orders_stay(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    order_id = (await order_of(shopper, shop["milk"]))["order_id"]
    await session.execute(
        text("UPDATE ordering.orders SET status = 'fulfilled' WHERE order_id = :order_id"), {"order_id": order_id}
    )
    await session.commit()
    refused = await shopper.client.post(f"/v1/orders/{order_id}/cancel")
    assert refused.status_code == 409
    assert refused.json()["next_states"] == ["delivered"]


async def test_history_can_only_grow(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    order_id = (await order_of(shopper, shop["milk"]))["order_id"]
    told = await session.execute(
        text("SELECT to_status FROM ordering.order_history WHERE order_id = :id ORDER BY position"), {"id": order_id}
    )
    assert list(told.scalars()) == ["draft", "placed"]
    with pytest.raises(DBAPIError):
        await session.execute(text("UPDATE ordering.order_history SET to_status = 'x'"))
