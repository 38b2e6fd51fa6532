"""The checkout page when the bank is away: the choice is kept, and trying again works."""

import re
from typing import Any

from tests.gateway_process import RunningGateway


async def pay(shopper: Any, card: str = "tok_ok") -> Any:
    page = (await shopper.client.get("/checkout")).text
    fields = {
        name: found[1]
        for name in ("csrf_token", "idempotency_key", "expected_total_minor")
        if (found := re.search(rf'name="{name}"\s+value="([^"]*)"', page))
    }
    return await shopper.client.post("/checkout", data=fields | {"payment_token": card})


async def test_a_bank_that_is_away_is_told_on_the_form(
    shopper: Any, shop: dict[str, int], paying_gateway: RunningGateway
) -> None:
    await shopper.add(shop["milk"])
    paying_gateway.stop()
    try:
        refused = await pay(shopper)
    finally:
        paying_gateway.start()
    assert refused.status_code == 422
    assert "The bank does not answer at the moment" in refused.text
    paid = await pay(shopper)
    assert paid.status_code == 303
    assert paid.headers["location"].startswith("/orders/")


async def test_a_cart_that_is_being_paid_leads_to_where_one_goes_on(shopper: Any, shop: dict[str, int]) -> None:
    await shopper.add(shop["milk"])
    asked = await pay(shopper, "tok_action")
    refused = await pay(shopper)
    assert (refused.status_code, "A payment for this cart is still running" in refused.text) == (422, True)
    found = re.search(r'<a href="(/orders/[^"]+)">Look at that order', refused.text)
    assert found
    order = await shopper.client.get(found[1])
    assert f'<a href="{asked.headers["location"]}">Go on with the payment</a>' in order.text


async def test_the_manual_shows_carts_and_orders(shopper: Any) -> None:
    manual = (await shopper.client.get("/openapi.json")).json()
    shown = manual["paths"]["/v1/orders"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert shown["$ref"].rpartition("/")[2] in manual["components"]["schemas"]
    assert "next_states" in manual["components"]["schemas"]["OrderView"]["properties"]
