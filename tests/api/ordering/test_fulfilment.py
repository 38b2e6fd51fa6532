"""From the shelf to the customer and back: parcels, deliveries, returns, refunds, each with its refusals."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.settings import get_settings
from api.domains.payments import facade as payments
from api.domains.payments.handlers import TASKS

Shop = dict[str, int]
Events = Callable[[AsyncSession, str], Awaitable[list[dict[str, Any]]]]


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:agora:problem:")


class Desk:
    """An operator at work."""

    def __init__(self, client: AsyncClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers

    async def post(self, order: dict[str, Any], path: str, **body: Any) -> Any:
        """One act on an order."""
        return await self._client.post(
            f"/v1/operate/orders/{order['order_id']}/{path}",
            json=body,
            headers=self._headers | {"Idempotency-Key": str(uuid4())},
        )

    async def get(self, path: str) -> Any:
        """A read."""
        return await self._client.get(f"/v1/operate/orders{path}", headers=self._headers)

    async def ship(self, order: dict[str, Any], *lines: tuple[int, int]) -> Any:
        """A parcel with (line number, quantity), or all that is left."""
        more = {"lines": [{"line_number": number, "quantity": quantity} for number, quantity in lines]} if lines else {}
        return await self.post(order, "shipments", carrier="Post", tracking_number="T-1", **more)

    async def deliver(self, order: dict[str, Any]) -> Any:
        """Everything has left and has arrived; the order afterwards."""
        shown = (await self.ship(order)).json()
        for shipment in shown["shipments"]:
            shown = (await self.post(order, f"shipments/{shipment['shipment_id']}/deliver")).json()
        return shown


@pytest.fixture
async def desk(client: AsyncClient, sign_up: Any) -> Desk:
    return Desk(client, (await sign_up("operator")).headers)


async def ordered(shopper: Any, shop: Shop) -> dict[str, Any]:
    await shopper.add(shop["milk"], 3)
    await shopper.add(shop["olives"], 1)
    order: dict[str, Any] = (await shopper.check_out()).json()
    return order


async def stock(session: AsyncSession, variant_id: int) -> tuple[int, int]:
    found = await session.execute(
        text(
            "SELECT sum(on_hand - allocated - reserved), sum(on_hand) FROM inventory.stock s"
            " WHERE to_jsonb(s) ->> 'variant_id' = :id OR to_jsonb(s) ->> 'product_id' = :id"
        ),
        {"id": str(variant_id)},
    )
    free, on_hand = found.one()
    return int(free), int(on_hand)


async def give_back(shopper: Any, order: dict[str, Any], *lines: tuple[int, int]) -> Any:
    return await shopper.client.post(
        f"/v1/orders/{order['order_id']}/returns",
        json={"lines": [{"line_number": n, "quantity": q} for n, q in lines], "reason": "damaged"},
        headers={"Idempotency-Key": str(uuid4())},
    )


async def test_an_order_leaves_in_parcels(
    shopper: Any, shop: Shop, desk: Desk, session: AsyncSession, events_of: Events
) -> None:
    order = await ordered(shopper, shop)
    first = (await desk.ship(order, (1, 2))).json()
    assert (first["status"], first["next_states"]) == ("partially_fulfilled", ["fulfilled"])
    assert [line["shipped"] for line in first["lines"]] == [2, 0]
    assert await stock(session, shop["milk"]) == (7, 8)
    assert problem(await desk.ship(order, (1, 2))) == (409, "nothing-left-to-ship")
    assert problem(await shopper.client.post(f"/v1/orders/{order['order_id']}/cancel")) == (409, "illegal-order-move")
    second = (await desk.ship(order)).json()
    assert (second["status"], len(second["shipments"])) == ("fulfilled", 2)
    ids = [shipment["shipment_id"] for shipment in second["shipments"]]
    assert (await desk.post(order, f"shipments/{ids[1]}/deliver")).json()["status"] == "fulfilled"
    assert await events_of(session, "ordering.order_delivered") == []
    done = (await desk.post(order, f"shipments/{ids[0]}/deliver")).json()
    assert (done["status"], done["next_states"]) == ("delivered", ["partially_returned", "returned"])
    assert problem(await desk.post(order, f"shipments/{ids[0]}/deliver")) == (409, "illegal-order-move")
    assert problem(await desk.post(order, f"shipments/{uuid4()}/deliver")) == (404, "shipment-not-found")
    assert [entry["kind"] for entry in done["timeline"]] == [
        "begun",
        "placed",
        "shipped",
        "shipped",
        "delivered",
        "delivered",
    ]
    assert [event["is_complete"] for event in await events_of(session, "ordering.order_shipped")] == [False, True]
    (delivered,) = await events_of(session, "ordering.order_delivered")
    assert [line["quantity"] for line in delivered["lines"]] == [3, 1]
    acts = await session.execute(text("SELECT action FROM core.audit_log ORDER BY entry_id"))
    assert list(acts.scalars()) == ["orders.ship", "orders.ship", "orders.deliver", "orders.deliver"]


async def test_only_operators_may(shopper: Any, shop: Shop, desk: Desk, sign_up: Any, client: AsyncClient) -> None:
    order = await ordered(shopper, shop)
    body = {"carrier": "Post", "tracking_number": "1"}
    url = f"/v1/operate/orders/{order['order_id']}/shipments"
    stranger = (await sign_up("executive")).headers
    assert (await client.post(url, json=body, headers=stranger | {"Idempotency-Key": "k"})).status_code == 403
    assert (await client.get("/v1/operate/orders", headers=stranger)).status_code == 403
    number = order["order_id"].replace("-", "")[-8:].upper()
    assert [each["order_id"] for each in (await desk.get(f"?query={number}")).json()["items"]] == [order["order_id"]]
    assert (await desk.get("?query=nothing")).json()["items"] == []
    assert len((await desk.get("?status=placed")).json()["items"]) == 1
    assert problem(await desk.get(f"/{uuid4()}")) == (404, "order-not-found")


async def test_goods_come_back_in_parts(
    shopper: Any, shop: Shop, desk: Desk, session: AsyncSession, events_of: Events
) -> None:
    order = await ordered(shopper, shop)
    assert problem(await give_back(shopper, order, (1, 1))) == (409, "illegal-order-move")
    await desk.deliver(order)
    assert problem(await give_back(shopper, order, (1, 4))) == (409, "nothing-left-to-return")
    asked = (await give_back(shopper, order, (1, 2))).json()
    (wanted,) = asked["returns"]
    assert (wanted["status"], wanted["refund_minor"], wanted["next_states"]) == (
        "requested",
        578,
        ["accepted", "refused"],
    )
    assert problem(await give_back(shopper, order, (1, 2))) == (409, "nothing-left-to-return")
    path = f"returns/{wanted['return_id']}"
    assert problem(await desk.post(order, f"{path}/receive", restock=True)) == (409, "illegal-return-move")
    assert (await desk.post(order, f"{path}/accept")).json()["returns"][0]["status"] == "accepted"
    back = (await desk.post(order, f"{path}/receive", restock=True)).json()
    assert (back["status"], back["refunded_minor"]) == ("partially_returned", 578)
    assert await stock(session, shop["milk"]) == (9, 9)
    assert problem(await desk.post(order, f"{path}/receive", restock=True)) == (409, "illegal-return-move")
    rest = (await give_back(shopper, order, (1, 1), (2, 1))).json()["returns"][1]
    assert rest["refund_minor"] == 289 + 1250
    await desk.post(order, f"returns/{rest['return_id']}/accept")
    done = (await desk.post(order, f"returns/{rest['return_id']}/receive", restock=False)).json()
    assert (done["status"], done["refunded_minor"], done["next_states"]) == ("returned", order["total_minor"], [])
    assert await stock(session, shop["olives"]) == (9, 9)
    assert [event["is_complete"] for event in await events_of(session, "ordering.order_returned")] == [False, True]


async def test_a_refused_return_can_be_asked_for_again(shopper: Any, shop: Shop, desk: Desk) -> None:
    order = await ordered(shopper, shop)
    await desk.deliver(order)
    (wanted,) = (await give_back(shopper, order, (2, 1))).json()["returns"]
    refused = await desk.post(order, f"returns/{wanted['return_id']}/refuse", reason="It was opened.")
    assert refused.json()["returns"][0]["status"] == "refused"
    assert (await give_back(shopper, order, (2, 1))).status_code == 201
    assert problem(await desk.post(order, f"returns/{uuid4()}/accept")) == (404, "return-not-found")


async def test_after_thirty_days_it_is_too_late(shopper: Any, shop: Shop, desk: Desk, session: AsyncSession) -> None:
    order = await ordered(shopper, shop)
    await desk.deliver(order)
    await session.execute(text("UPDATE ordering.orders SET delivered_at = now() - interval '31 days'"))
    await session.commit()
    assert problem(await give_back(shopper, order, (1, 1))) == (409, "return-too-late")


async def test_somebody_elses_order_is_not_there(shopper: Any, shoppers: Any, shop: Shop, desk: Desk) -> None:
    order = await ordered(shopper, shop)
    await desk.deliver(order)
    assert problem(await give_back(shoppers(), order, (1, 1))) == (404, "order-not-found")


async def test_refunds_never_exceed_what_was_paid(shopper: Any, shop: Shop, desk: Desk, session: AsyncSession) -> None:
    order = await ordered(shopper, shop)
    total = order["total_minor"]
    first = await desk.post(order, "refunds", amount_minor=500, reason="A dent.")
    assert (first.status_code, first.json()["refunded_minor"], first.json()["status"]) == (201, 500, "placed")
    assert problem(await desk.post(order, "refunds", amount_minor=total - 499, reason="More.")) == (
        409,
        "refund-too-large",
    )
    for task, arguments in await queued(session):
        await TASKS[task](**arguments)
    assert (await payments.balance(session))["gateway"] == total - 500
    cancelled = (await desk.post(order, "cancel", reason="Sold out.")).json()
    assert (cancelled["status"], cancelled["refunded_minor"]) == ("cancelled", total)
    for task, arguments in await queued(session):
        await TASKS[task](**arguments)
    assert (await payments.balance(session))["gateway"] == 0


async def queued(session: AsyncSession) -> list[tuple[str, dict[str, Any]]]:
    found = await session.execute(
        text("DELETE FROM procrastinate_jobs WHERE task_name LIKE 'payments.%' RETURNING task_name, args")
    )
    rows = [(row.task_name, row.args["args"]) for row in found]
    await session.commit()
    return rows


async def test_a_note_stays_in_the_timeline(shopper: Any, shop: Shop, desk: Desk) -> None:
    order = await ordered(shopper, shop)
    noted = (await desk.post(order, "notes", reason="Called the customer.")).json()
    assert (noted["timeline"][-1]["kind"], noted["timeline"][-1]["reason"]) == ("noted", "Called the customer.")


async def test_two_parcels_at_once_never_send_a_unit_twice(
    real_shop: Shop, shoppers: Any, committed_client: AsyncClient, sign_up: Any
) -> None:
    assert get_settings().gateway_url
    shopper = shoppers()
    order = await ordered(shopper, real_shop)
    desk = Desk(committed_client, (await sign_up("operator")).headers)
    answers = await asyncio.gather(*(desk.ship(order, (1, 2)) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
