"""What belongs to somebody else is not there, over every address of the manual that names an order or a payment."""

import re
from typing import Any
from uuid import uuid4

from fastapi import FastAPI

from tests.gateway_process import RunningGateway

Shop = dict[str, int]
BODIES: dict[str, Any] = {
    "post /v1/orders/{order_id}/returns": {"lines": [{"line_number": 1, "quantity": 1}], "reason": "damaged"},
    "post /v1/payments/{payment_id}/confirm": {"token": "tok_ok"},
}
PAGES = ("/orders/{order_id}", "/payments/{payment_id}", "/payments/{payment_id}/return")


def named(app: FastAPI, names: set[str]) -> list[str]:
    """Operations for customers that name one of these."""
    return [
        f"{method} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method in operations
        if names & set(re.findall(r"{(\w+)}", path)) and "/operate/" not in path
    ]


async def test_orders_and_payments_of_others_are_not_there(
    app: FastAPI, shopper: Any, shoppers: Any, shop: Shop, paying_gateway: RunningGateway
) -> None:
    await shopper.add(shop["milk"])
    order = (await shopper.check_out("tok_action")).json()
    ids = {"order_id": order["order_id"], "payment_id": order["payment"]["payment_id"]}
    operations = named(app, set(ids))
    assert len(operations) >= 5
    stranger = shoppers()
    for operation in operations:
        method, path = operation.split(" ")
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await stranger.client.request(
            method.upper(), path.format(**ids), json=BODIES.get(operation), headers=headers
        )
        assert (answer.status_code, answer.json()["type"].endswith("not-found")) == (404, True), operation
    for page in PAGES:
        answer = await stranger.client.get(page.format(**ids), headers={"Accept": "text/html"})
        assert answer.status_code == 404, page
    assert (await stranger.client.get("/v1/payments", params={"order_id": ids["order_id"]})).json() == []
    assert (await stranger.client.get("/v1/orders")).json()["items"] == []
    assert (await stranger.cart())["lines"] == []
    mine = (await shopper.client.get(f"/v1/orders/{ids['order_id']}")).json()
    assert (mine["status"], mine["timeline"][-1]["kind"]) == ("draft", "begun")
