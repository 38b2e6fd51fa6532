"""Orders whose money comes after them: bank transfer and cash at the door; cancelled, returned, refunded, forgotten."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.core.inbox import ReceivedEvent
from api.domains.ordering.handlers import HANDLERS
from api.domains.ordering.service import fulfilment, returns, sweep
from api.domains.ordering.service.mails import NOT_PAID
from api.domains.payments import facade as payments
from api.domains.payments.service import desk
from ingestion.contracts.payments import PaymentCaptured
from tests.api.ordering.invariants import breaches
from tests.api.ordering.test_operate_pages import Operator, fields
from tests.api.payments.conftest import books

Shop = dict[str, int]
PAGE = {"Accept": "text/html"}
DESK = uuid4()
BY = pytest.mark.parametrize("method", ["bank_transfer", "cash_on_delivery"])


async def order_by(shopper: Any, shop: Shop, method: str, *products: str) -> Any:
    for product in products or ("milk",):
        await shopper.add(shop[product])
    answer = await shopper.check_out("", payment_method=method)
    assert (answer.status_code, answer.json()["status"]) == (201, "placed"), answer.text
    return answer.json()


async def now(shopper: Any, order: Any) -> Any:
    return (await shopper.client.get(f"/v1/orders/{order['order_id']}")).json()


async def payment_of(shopper: Any, order: Any) -> Any:
    return (await shopper.client.get(f"/v1/payments/{order['payment']['payment_id']}")).json()


async def free(session: AsyncSession) -> bool:
    """Nothing is kept for anybody."""
    held = await session.execute(text("SELECT sum(allocated) + sum(reserved) FROM inventory.stock"))
    return held.scalar_one() == 0


async def test_a_transfer_keeps_the_goods_until_it_comes(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    order = await order_by(shopper, shop, "bank_transfer")
    assert (order["payment"]["status"], order["payment"]["method"]) == ("processing", "bank_transfer")
    assert (await now(shopper, order)) == order
    told = (await payment_of(shopper, order))["transfer"]
    assert (told["amount_minor"], told["reference"]) == (289, order["order_id"].replace("-", "")[-8:].upper())
    page = (await shopper.client.get(f"/orders/{order['order_id']}", headers=PAGE)).text
    assert told["account"] in page
    assert told["reference"] in page
    order_id, payment_id = UUID(order["order_id"]), UUID(order["payment"]["payment_id"])
    assert await sweep.sweep_unfinished() == 0
    with pytest.raises(fulfilment.PaymentOutstanding):
        await fulfilment.ship_order(DESK, order_id, "Post", "T1")
    await desk.take(DESK, payment_id, None)
    paid = PaymentCaptured(
        payment_id=payment_id,
        order_id=order_id,
        amount_minor=289,
        currency="USD",
        gateway="house",
        method="bank_transfer",
    )
    async with transaction() as own:
        await HANDLERS[PaymentCaptured.type](own, [ReceivedEvent(uuid4(), datetime.now(UTC), paid)])
    assert (await now(shopper, order))["timeline"][-1]["kind"] == "paid"
    assert (await fulfilment.ship_order(DESK, order_id, "Post", "T1")).status == "fulfilled"
    assert (await payment_of(shopper, order))["transfer"] is None
    assert await books() == {"bank": 289, "sales": -289}
    assert await breaches() == []


@BY
async def test_an_order_that_is_not_paid_yet_can_be_cancelled(
    shopper: Any, shop: Shop, session: AsyncSession, method: str
) -> None:
    order = await order_by(shopper, shop, method)
    done = await shopper.client.post(f"/v1/orders/{order['order_id']}/cancel")
    assert (done.status_code, done.json()["status"], done.json()["refunded_minor"]) == (200, "cancelled", 0)
    assert done.json()["payment"]["status"] == "cancelled"
    assert await free(session)
    assert await books() == {}
    assert (await shopper.client.post(f"/v1/orders/{order['order_id']}/cancel")).status_code == 409


@BY
async def test_of_two_sellers_one_order_is_cancelled_and_less_is_due(
    shopper: Any, shop: Shop, session: AsyncSession, method: str
) -> None:
    await session.execute(
        text("UPDATE catalog.products SET seller_id = :seller WHERE product_id = :id"),
        {"seller": uuid4(), "id": shop["bread"]},
    )
    await session.commit()
    order = await order_by(shopper, shop, method, "milk", "bread")
    both = (await shopper.client.get("/v1/orders")).json()["items"]
    other = next(each for each in both if each["order_id"] != order["order_id"])
    await shopper.client.post(f"/v1/orders/{other['order_id']}/cancel")
    payment_id = UUID(order["payment"]["payment_id"])
    assert (await desk.open_file(payment_id)).payment.due_minor == order["total_minor"] == 289
    came = await desk.take(DESK, payment_id, 488 if method == "bank_transfer" else None)
    if method == "bank_transfer":  # it was on its way when the order was cancelled
        assert (came.captured_minor, came.refundable_minor) == (488, 289)
        [back] = (await desk.open_file(payment_id)).refunds
        await desk.mark_paid_out(DESK, payment_id, back.refund_id)
    assert sum((await books()).values()) == 0
    assert (await books())["bank" if method == "bank_transfer" else "cash"] == 289


async def test_a_transfer_that_comes_for_a_cancelled_order_goes_back(shopper: Any, shop: Shop) -> None:
    order = await order_by(shopper, shop, "bank_transfer")
    await shopper.client.post(f"/v1/orders/{order['order_id']}/cancel")
    payment_id = UUID(order["payment"]["payment_id"])
    await desk.take(DESK, payment_id, None)
    [back] = (await desk.open_file(payment_id)).refunds
    assert (back.amount_minor, str(back.status)) == (289, "pending")
    await desk.mark_paid_out(DESK, payment_id, back.refund_id)
    assert await books() == {}


async def test_what_is_not_paid_in_time_is_given_up(shopper: Any, shop: Shop, session: AsyncSession) -> None:
    late = await order_by(shopper, shop, "bank_transfer")
    await session.execute(text("UPDATE payments.payments SET created_at = now() - interval '8 days'"))
    await session.commit()
    in_time = await order_by(shopper, shop, "bank_transfer", "bread")
    at_the_door = await order_by(shopper, shop, "cash_on_delivery", "olives")
    assert (await sweep.sweep_unpaid(), await sweep.sweep_unpaid()) == (1, 0)
    gone = await now(shopper, late)
    assert (gone["status"], gone["timeline"][-1]["reason"]) == ("cancelled", NOT_PAID)
    for order in (in_time, at_the_door):
        assert (await now(shopper, order))["status"] == "placed"


async def test_goods_come_back_before_the_cash_was_noted(shopper: Any, shop: Shop) -> None:
    order = await order_by(shopper, shop, "cash_on_delivery", "milk", "bread")
    order_id = UUID(order["order_id"])
    sent = await fulfilment.ship_order(DESK, order_id, "Post", "T1")
    await fulfilment.deliver_shipment(DESK, order_id, sent.shipments[0].shipment_id)
    asked = await returns.request_return(shopper.customer_id, order_id, {2: 1}, "damaged")
    [back] = asked.returns
    await returns.decide_return(DESK, order_id, back.return_id, back.next_states[0])
    done = await returns.receive_return(DESK, order_id, back.return_id, is_restocked=False)
    assert (done.status, done.refunded_minor) == ("partially_returned", 199)
    page = (await shopper.client.get(f"/orders/{order_id}", headers=PAGE)).text
    assert "Taken off what is to be paid" in page
    taken = await desk.take(DESK, UUID(order["payment"]["payment_id"]), None)
    assert taken.captured_minor == 289
    assert await books() == {"cash": 289, "sales": -289}


async def test_the_forms_of_a_transfer(
    client: Any, sign_up: Any, shoppers: Any, shop: Shop, paying_gateway: Any
) -> None:
    buyer = shoppers()
    await buyer.add(shop["milk"])
    page = (await buyer.client.get("/checkout", headers=PAGE)).text
    hidden = fields(page, "csrf_token", "idempotency_key", "expected_total_minor")
    done = await buyer.client.post("/checkout", data=hidden | {"payment_token": "bank_transfer"}, headers=PAGE)
    path = done.headers["location"].partition("?")[0]
    [order] = (await buyer.client.get("/v1/orders")).json()["items"]
    operator = Operator(client, (await sign_up("operator")).headers)
    here = f"/operate{path}"
    assert "has not come yet" in (await operator.get(here)).text
    refused = await operator.send(here, f"{here}/ship", carrier="Post", tracking_number="1", **{"units-1": "1"})
    assert (refused.status_code, "goods are kept until the transfer" in refused.text) == (409, True)
    payment = f"/operate/payments/{order['payment']['payment_id']}"
    for wrong in ("a lot", "0.01", "9.99"):
        answer = await operator.send(payment, f"{payment}/capture", amount=wrong)
        assert answer.status_code == 422
    assert (await operator.send(payment, f"{payment}/capture", amount="2.89")).status_code == 303
    assert "has not come yet" not in (await operator.get(here)).text


async def test_a_card_is_entered_on_the_gateways_own_page(shopper: Any, shop: Shop, paying_gateway: Any) -> None:
    await shopper.add(shop["milk"])
    answer = await shopper.check_out("hosted")
    assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "requires_action")
    assert paying_gateway.decide(answer.json()["payment"]["next_action_url"], "confirm").status_code == 303
    await sweep.settle_checkout(answer.json()["order_id"])
    assert (await now(shopper, answer.json()))["status"] == "placed"


async def test_tax_stands_in_the_books(shopper: Any, shop: Shop) -> None:
    await shopper.add(shop["olives"])
    address = {"name": "A", "line1": "Street 1", "postal_code": "1", "city": "Berlin", "country": "DE"}
    order = (await shopper.check_out(address=address, delivery_method="standard")).json()
    assert order["tax_minor"] > 0
    assert (await books())["tax"] == -order["tax_minor"]
    assert await payments.wallet(shopper.customer_id) == {}
