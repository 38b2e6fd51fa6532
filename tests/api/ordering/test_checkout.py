"""Checkout over HTTP against the real gateway: the good path and each refusal."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog import facade as catalog
from api.domains.ordering import facade as ordering
from api.domains.payments import facade as payments
from tests.gateway_process import RunningGateway

Shop = dict[str, int]
Events = Callable[[AsyncSession, str], Awaitable[list[dict[str, Any]]]]
Count = Callable[[str], Awaitable[int]]
AT_ONCE = timedelta(0)


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:agora:problem:")


async def stock(session: AsyncSession, product_id: int) -> tuple[int, ...]:
    found = await session.execute(
        text("SELECT on_hand, allocated, reserved FROM inventory.stock WHERE product_id = :id"), {"id": product_id}
    )
    return tuple(found.one())


@pytest.mark.usefixtures("kafka_away")
async def test_a_cart_becomes_an_order(
    shopper: Any, shop: Shop, session: AsyncSession, events_of: Events, paying_gateway: RunningGateway
) -> None:
    recommendation_id = str(uuid4())
    await shopper.add(shop["milk"], 2)
    await shopper.add(shop["olives"], 1, recommendation_id=recommendation_id)
    before = paying_gateway.balance().get("captured", (0, 0))
    answer = await shopper.check_out(expected_total_minor=1828)
    order = answer.json()
    assert answer.status_code == 201
    assert (order["status"], order["total_minor"], order["currency"]) == ("placed", 1828, "USD")
    assert order["next_states"] == ["partially_fulfilled", "fulfilled", "cancelled"]
    assert [(line["title"], line["quantity"], line["total_minor"]) for line in order["lines"]] == [
        ("Milk", 2, 578),
        ("Olives", 1, 1250),
    ]
    assert (order["payment"]["status"], order["payment"]["method"]) == ("succeeded", "card")
    assert paying_gateway.balance()["captured"] == (before[0] + 1, before[1] + 1828)
    assert (await shopper.cart())["lines"] == []
    assert await stock(session, shop["milk"]) == (10, 2, 0)
    assert await payments.balance(session) == {"gateway": 1828, "sales": -1828}
    (placed,) = await events_of(session, "ordering.order_placed")
    assert (placed["order_id"], placed["recommendation_id"]) == (order["order_id"], recommendation_id)
    assert [line["total_minor"] for line in placed["lines"]] == [578, 1250]
    (captured,) = await events_of(session, "payments.payment_captured")
    assert (captured["amount_minor"], captured["order_id"]) == (1828, order["order_id"])
    (started,) = await events_of(session, "analytics.checkout_started")
    assert started["items"] == 2


@pytest.mark.usefixtures("kafka_away")
async def test_the_same_key_gets_the_same_answer(shopper: Any, shop: Shop, count: Count) -> None:
    await shopper.add(shop["milk"])
    key = str(uuid4())
    first = await shopper.check_out(key=key)
    again = await shopper.check_out(key=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert await count("core.outbox WHERE type = 'analytics.checkout_started'") == 1
    assert problem(await shopper.check_out("tok_declined", key=key)) == (422, "idempotency-key-reused")
    assert await count("payments.payments") == 1


async def test_keys_and_sign_in_are_needed(shopper: Any, client: AsyncClient, shop: Shop) -> None:
    body = {"payment_token": "tok_ok"}
    assert problem(await shopper.client.post("/v1/checkout", json=body)) == (400, "idempotency-key-missing")
    stranger = await client.post("/v1/checkout", json=body, headers={"Idempotency-Key": "k"})
    assert problem(stranger) == (401, "sign-in-needed")
    assert problem(await shopper.check_out()) == (409, "cart-empty")
    assert (await shopper.check_out("")).status_code == 422


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_nobodys", "invalid_token"),
    ],
)
async def test_a_declined_card_leaves_everything_as_it_was(
    shopper: Any, shop: Shop, session: AsyncSession, events_of: Events, token: str, reason: str
) -> None:
    await shopper.add(shop["milk"], 2)
    refused = await shopper.check_out(token)
    assert problem(refused) == (402, "payment-declined")
    assert refused.json()["reason"] == reason
    assert [line["quantity"] for line in (await shopper.cart())["lines"]] == [2]
    assert await stock(session, shop["milk"]) == (10, 0, 0)
    assert await payments.balance(session) == {}
    (declined,) = await events_of(session, "payments.payment_declined")
    assert declined["reason"] == reason
    assert await events_of(session, "ordering.order_placed") == []
    assert (await shopper.client.get("/v1/orders")).json()["items"] == []
    assert (await shopper.check_out()).status_code == 201


async def test_lines_that_cannot_be_had_are_named(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    await shopper.add(shop["milk"], 11)
    await shopper.add(shop["bread"], 1)
    refused = await shopper.check_out()
    assert problem(refused) == (409, "out-of-stock")
    assert refused.json()["lines"] == [{"product_id": shop["milk"], "variant_id": shop["milk"], "available": 10}]
    assert await stock(session, shop["bread"]) == (10, 0, 0)
    await session.execute(
        text("UPDATE catalog.products SET is_active = false WHERE product_id = :bread"), {"bread": shop["bread"]}
    )
    await session.commit()
    refused = await shopper.check_out()
    assert problem(refused) == (409, "lines-withdrawn")
    assert refused.json()["product_ids"] == [shop["bread"]]


async def test_a_price_that_moved_is_not_charged_unseen(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    await shopper.add(shop["milk"])
    await catalog.change_price(session, shop["milk"], 999)
    await session.commit()
    refused = await shopper.check_out(expected_total_minor=289)
    assert problem(refused) == (409, "total-changed")
    assert refused.json()["total_minor"] == 999
    assert (await shopper.check_out(expected_total_minor=999)).json()["total_minor"] == 999


async def test_a_lost_answer_is_asked_for_again(
    shopper: Any, shop: Shop, paying_gateway: RunningGateway, count: Count
) -> None:
    await shopper.add(shop["milk"])
    before = paying_gateway.balance().get("captured", (0, 0))[0]
    answer = await shopper.check_out("tok_lost_answer")
    assert (answer.status_code, answer.json()["status"]) == (201, "placed")
    assert paying_gateway.balance()["captured"][0] == before + 1
    assert await count("payments.payments WHERE status = 'succeeded'") == 1


async def test_a_silent_gateway_is_waited_for_by_the_sweeper(
    shopper: Any, shop: Shop, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    await shopper.add(shop["milk"])
    answer = await shopper.check_out("tok_slow")
    order = answer.json()
    assert (answer.status_code, order["status"], order["payment"]["status"]) == (202, "draft", "processing")
    assert order["next_states"] == ["placed", "expired"]
    assert problem(await shopper.check_out()) == (409, "checkout-in-progress")
    assert await ordering.sweep_unfinished(grace=AT_ONCE) == 0  # still pending, and not overdue
    assert await ordering.sweep_unfinished(grace=AT_ONCE, patience=AT_ONCE) == 1
    shown = (await shopper.client.get(f"/v1/orders/{order['order_id']}")).json()
    assert (shown["status"], shown["payment"]["status"]) == ("expired", "cancelled")
    assert await stock(session, shop["milk"]) == (10, 0, 0)
    assert [line["quantity"] for line in (await shopper.cart())["lines"]] == [1]


async def test_a_gateway_that_is_away_charges_nothing(
    shopper: Any, shop: Shop, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    await shopper.add(shop["milk"])
    key = str(uuid4())
    paying_gateway.stop()
    try:
        assert problem(await shopper.check_out(key=key)) == (503, "gateway-unavailable")
    finally:
        paying_gateway.start()
    assert await stock(session, shop["milk"]) == (10, 0, 0)
    assert problem(await shopper.check_out(key=key)) == (503, "gateway-unavailable")
    assert (await shopper.check_out()).status_code == 201


async def test_one_charge_and_an_order_per_seller(
    shopper: Any, shop: Shop, session: AsyncSession, events_of: Events, paying_gateway: RunningGateway, count: Count
) -> None:
    seller = uuid4()
    await session.execute(
        text("UPDATE catalog.products SET seller_id = :seller WHERE product_id = :id"),
        {"seller": seller, "id": shop["olives"]},
    )
    await session.commit()
    await shopper.add(shop["milk"], 2)
    await shopper.add(shop["olives"])
    before = paying_gateway.balance().get("captured", (0, 0))
    first = (await shopper.check_out(delivery_method="pickup")).json()
    assert paying_gateway.balance()["captured"] == (before[0] + 1, before[1] + 1828)
    second, again = (await shopper.client.get("/v1/orders")).json()["items"]
    if second["order_id"] == first["order_id"]:
        second, again = again, second
    assert (again["total_minor"], again["seller_id"]) == (578, None)
    assert (second["total_minor"], second["seller_id"]) == (1250, str(seller))
    assert second["group_id"] == again["group_id"] == first["order_id"]
    assert second["status"] == again["status"] == "placed"
    assert second["payment"] == again["payment"]
    assert second["payment"]["status"] == "succeeded"
    placed = await events_of(session, "ordering.order_placed")
    assert {(event["total_minor"], event["seller_id"]) for event in placed} == {(578, None), (1250, str(seller))}
    assert await count("payments.payments") == 1
    assert (await shopper.cart())["lines"] == []
    cancelled = await shopper.client.post(f"/v1/orders/{second['order_id']}/cancel")
    assert (cancelled.json()["status"], cancelled.json()["refunded_minor"]) == ("cancelled", 1250)
    assert (await shopper.client.get(f"/v1/orders/{first['order_id']}")).json()["status"] == "placed"
    assert await stock(session, shop["olives"]) == (10, 0, 0)
    assert await stock(session, shop["milk"]) == (10, 2, 0)


async def test_a_declined_group_leaves_nothing(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    await session.execute(
        text("UPDATE catalog.products SET seller_id = gen_random_uuid() WHERE product_id = :id"), {"id": shop["olives"]}
    )
    await session.commit()
    await shopper.add(shop["milk"])
    await shopper.add(shop["olives"])
    assert problem(await shopper.check_out("tok_declined")) == (402, "payment-declined")
    assert await stock(session, shop["olives"]) == await stock(session, shop["milk"]) == (10, 0, 0)
    assert (await shopper.client.get("/v1/orders")).json()["items"] == []
    assert len((await shopper.cart())["lines"]) == 2


async def test_an_abandoned_group_is_settled_by_the_sweep(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    await session.execute(
        text("UPDATE catalog.products SET seller_id = gen_random_uuid() WHERE product_id = :id"), {"id": shop["olives"]}
    )
    await session.commit()
    await shopper.add(shop["milk"])
    await shopper.add(shop["olives"])
    assert (await shopper.check_out("tok_slow")).status_code == 202
    assert await ordering.sweep_unfinished(grace=AT_ONCE, patience=AT_ONCE) == 1
    states = await session.execute(text("SELECT status FROM ordering.orders"))
    assert list(states.scalars()) == ["expired", "expired"]
    assert await stock(session, shop["olives"]) == (10, 0, 0)
