"""A checkout paid in every way that the form offers, and one whose money comes later than its answer."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.core.inbox import ReceivedEvent
from api.domains.ordering.handlers import HANDLERS, TASKS
from api.domains.payments import facade as payments
from api.domains.payments.service import intents
from ingestion.contracts.payments import PaymentCaptured
from tests.api.ordering.test_operate_pages import ADDRESS, fields
from tests.api.payments.conftest import gift_card
from tests.gateway_process import RunningGateway

Shop = dict[str, int]
PAGE = {"Accept": "text/html"}


async def stock(session: AsyncSession, product_id: int) -> tuple[int, int, int]:
    """(on hand, allocated, reserved)."""
    statement = "SELECT on_hand, allocated, reserved FROM inventory.stock WHERE variant_id = :id"
    return tuple((await session.execute(text(statement), {"id": product_id})).one())


async def test_from_the_wallet(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    async with transaction() as own:
        await payments.credit_wallet(own, shopper.customer_id, uuid4(), 1000, "USD")
    await shopper.add(shop["milk"], 2)
    order = (await shopper.check_out("", payment_method="wallet")).json()
    assert (order["status"], order["payment"]["method"]) == ("placed", "wallet")
    assert await payments.wallet(shopper.customer_id) == {"USD": 422}
    await shopper.add(shop["olives"])
    refused = await shopper.check_out("", payment_method="wallet")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (402, "payment-declined")
    assert await stock(session, shop["olives"]) == (10, 0, 0)
    assert len((await shopper.cart())["lines"]) == 1


async def test_with_a_gift_card(shopper: Any, shop: Shop) -> None:
    async with transaction() as own:
        code = await gift_card(own, 1000)
    await shopper.add(shop["milk"])
    unknown = await shopper.check_out("AAAA-BBBB-CCCC", payment_method="gift_card")
    assert unknown.status_code == 402
    order = (await shopper.check_out(code, payment_method="gift_card")).json()
    assert (order["status"], order["payment"]["status"]) == ("placed", "succeeded")


async def test_cash_on_delivery_places_the_order_and_is_taken_later(shopper: Any, shop: Shop) -> None:
    await shopper.add(shop["milk"])
    order = (await shopper.check_out("", payment_method="cash_on_delivery")).json()
    assert (order["status"], order["payment"]["status"]) == ("placed", "requires_capture")
    paid = await payments.capture(UUID(order["payment"]["payment_id"]))
    assert (paid.captured_minor, str(paid.status)) == (289, "succeeded")


async def test_a_method_needs_what_it_is_paid_with(shopper: Any, shop: Shop) -> None:
    await shopper.add(shop["milk"])
    for method in ("card", "gift_card"):
        assert (await shopper.check_out("", payment_method=method)).status_code == 422
    assert (await shopper.check_out("x", payment_method="cheque")).status_code == 422


async def wait_at_the_bank(shopper: Any, shop: Shop) -> dict[str, Any]:
    await shopper.add(shop["milk"])
    answer = await shopper.check_out("tok_action")
    assert answer.status_code == 202
    order: dict[str, Any] = answer.json()
    assert (order["status"], order["payment"]["status"]) == ("draft", "requires_action")
    return order


def captured(order: dict[str, Any]) -> list[ReceivedEvent]:
    """What the worker hears of the payment."""
    payment_id, order_id = UUID(order["payment"]["payment_id"]), UUID(order["order_id"])
    data = PaymentCaptured(
        payment_id=payment_id, order_id=order_id, amount_minor=289, currency="USD", gateway="sandbox"
    )
    return [ReceivedEvent(uuid4(), datetime.now(UTC), data)]


async def queued(session: AsyncSession) -> list[dict[str, str]]:
    statement = "SELECT args->'args' FROM procrastinate_jobs WHERE task_name = 'ordering.settle_checkout'"
    return [row[0] for row in await session.execute(text(statement))]


async def test_the_second_step_at_the_bank_makes_the_order_as_soon_as_it_is_heard_of(
    shopper: Any, shop: Shop, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    order = await wait_at_the_bank(shopper, shop)
    page = await shopper.client.get(f"/orders/{order['order_id']}", headers=PAGE)
    assert f"/payments/{order['payment']['payment_id']}" in page.text
    paying_gateway.decide(order["payment"]["next_action_url"], "confirm")
    await intents.refresh(UUID(order["payment"]["payment_id"]))
    async with transaction() as own:
        await HANDLERS["payments.payment_captured"](own, captured(order))
    [job] = await queued(session)
    for _ in range(2):  # a task may run twice
        await TASKS["ordering.settle_checkout"](**job)
    now = (await shopper.client.get(f"/v1/orders/{order['order_id']}")).json()
    assert (now["status"], now["payment"]["status"]) == ("placed", "succeeded")
    assert await stock(session, shop["milk"]) == (10, 1, 0)
    async with transaction() as own:  # heard of again: there is nothing left to do
        await HANDLERS["payments.payment_captured"](own, captured(order))
    assert len(await queued(session)) == 1


async def test_money_that_comes_after_the_goods_went_is_given_back(
    shopper: Any, shop: Shop, session: AsyncSession, paying_gateway: RunningGateway
) -> None:
    order = await wait_at_the_bank(shopper, shop)
    await session.execute(text("UPDATE inventory.reservations SET expires_at = now() - interval '1 minute'"))
    await session.execute(text("DELETE FROM inventory.reservations"))
    await session.execute(text("UPDATE inventory.stock SET reserved = 0"))
    paying_gateway.decide(order["payment"]["next_action_url"], "confirm")
    await TASKS["ordering.settle_checkout"](order_id=order["order_id"])
    now = (await shopper.client.get(f"/v1/orders/{order['order_id']}")).json()
    assert now["status"] == "expired"
    assert now["payment"]["status"] in ("refunding", "refunded")


async def test_a_message_that_is_heard_of_before_the_answer_changes_nothing(
    shopper: Any, shop: Shop, session: AsyncSession
) -> None:
    order = await wait_at_the_bank(shopper, shop)
    async with transaction() as own:
        await HANDLERS["payments.payment_captured"](own, captured(order))
    [job] = await queued(session)
    await TASKS["ordering.settle_checkout"](**job)  # the bank itself says that it still waits
    assert (await shopper.client.get(f"/v1/orders/{order['order_id']}")).json()["status"] == "draft"


async def test_heard_of_many_times_at_once_an_order_is_placed_once(
    shoppers: Any, real_shop: Shop, paying_gateway: RunningGateway, count: Any
) -> None:
    shopper = shoppers()
    order = await wait_at_the_bank(shopper, real_shop)
    paying_gateway.decide(order["payment"]["next_action_url"], "confirm")
    await asyncio.gather(*(TASKS["ordering.settle_checkout"](order_id=order["order_id"]) for _ in range(8)))
    assert await count("core.outbox WHERE type = 'ordering.order_placed'") == 1
    assert await count("ordering.orders WHERE status = 'placed'") == 1


async def send(shopper: Any, **data: str) -> Any:
    page = (await shopper.client.get("/checkout", headers=PAGE)).text
    hidden = fields(page, "csrf_token", "idempotency_key", "expected_total_minor")
    return await shopper.client.post("/checkout", data=hidden | data, headers=PAGE)


async def test_the_form_pays_at_the_bank_by_gift_card_or_at_the_door(shopper: Any, shoppers: Any, shop: Shop) -> None:
    other = shoppers()
    await other.add(shop["milk"])
    to_the_bank = await send(other, payment_token="tok_action")
    assert to_the_bank.headers["location"].startswith("/payments/")
    await shopper.add(shop["bread"])
    without_code = await send(shopper, payment_token="gift_card")
    assert (without_code.status_code, "Enter the code of the gift card." in without_code.text) == (422, True)
    at_the_door = await send(shopper, payment_token="cash_on_delivery")
    assert at_the_door.headers["location"].startswith("/orders/")


async def test_a_kept_address_is_used_and_a_written_one_is_kept(
    client: Any, shop: Shop, sign_up: Any, paying_gateway: RunningGateway
) -> None:
    anne = await sign_up()
    headers = anne.headers | PAGE | {"X-Agora-Anonymous-Id": str(uuid4())}

    async def order_with(**data: str) -> Any:
        await client.post("/v1/cart/items", json={"product_id": shop["milk"]}, headers=headers)
        page = (await client.get("/checkout", headers=headers)).text
        hidden = fields(page, "csrf_token", "idempotency_key", "expected_total_minor")
        data = {"delivery_method": "standard", "payment_token": "tok_ok"} | data
        total = await client.post("/checkout/total", data=hidden | data, headers=headers)
        hidden |= fields(total.text, "expected_total_minor")
        done = await client.post("/checkout", data=hidden | data, headers=headers)
        assert done.status_code == 303, done.text
        order_id = done.headers["location"].partition("?")[0].rpartition("/")[2]
        return (await client.get(f"/v1/orders/{order_id}", headers=headers)).json()

    first = await order_with(**ADDRESS, keep_address="true")
    [kept] = (await client.get("/v1/me/addresses", headers=headers)).json()
    assert (kept["line1"], kept["is_default"]) == ("Road 1", True)
    second = await order_with(address_id=kept["address_id"])
    assert second["address"] == first["address"]
    stranger = await sign_up()
    theirs = (await client.get("/v1/me/addresses", headers=stranger.headers)).json()
    assert theirs == []
