"""The forms of checkout, returns and the operator's desk, as a browser without scripts would send them."""

import re
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

Shop = dict[str, int]
ADDRESS = {"name": "Ada", "line1": "Road 1", "postal_code": "12201", "city": "Albany", "region": "ny", "country": "US"}


def fields(page: str, *names: str) -> dict[str, str]:
    found = {name: re.search(rf'name="{name}"\s+value="([^"]*)"', page) for name in names}
    return {name: match[1] for name, match in found.items() if match}


class Operator:
    """A signed-in operator who fills in forms."""

    def __init__(self, client: AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers | {"X-Agora-Anonymous-Id": str(UUID(int=7)), "Accept": "text/html"}

    async def get(self, path: str) -> Any:
        return await self._client.get(path, headers=self._headers)

    async def send(self, page: str, path: str, **data: Any) -> Any:
        token = fields((await self.get(page)).text, "csrf_token")
        return await self._client.post(path, data=token | data, headers=self._headers)


@pytest.fixture
async def operator(client: AsyncClient, sign_up: Any) -> Operator:
    return Operator(client, (await sign_up("operator")).headers)


async def test_the_checkout_form_prices_what_was_chosen(shopper: Any, shop: Shop) -> None:
    await shopper.add(shop["olives"])
    page = (await shopper.client.get("/checkout")).text
    hidden = fields(page, "csrf_token", "idempotency_key", "expected_total_minor")
    chosen = ADDRESS | {"delivery_method": "express", "promotion_code": "NOPE", "payment_token": "tok_ok"}
    updated = await shopper.client.post("/checkout/total", data=hidden | chosen)
    assert (updated.status_code, "There is no such code" in updated.text) == (422, True)
    assert 'value="Albany"' in updated.text
    assert "$9.90" in updated.text
    without = await shopper.client.post("/checkout", data=hidden | {"delivery_method": "express"})
    assert without.status_code == 422
    assert "Write the town." in without.text
    stale = await shopper.client.post("/checkout", data=hidden | chosen | {"promotion_code": ""})
    assert "The total is another one than you saw" in stale.text
    hidden = fields(stale.text, "csrf_token", "idempotency_key", "expected_total_minor")
    assert hidden["expected_total_minor"] == str(1250 + 990 + 90)
    paid = await shopper.client.post("/checkout", data=hidden | chosen | {"promotion_code": ""})
    assert paid.status_code == 303
    order = (await shopper.client.get(paid.headers["location"])).text
    assert "Sales tax 4 %" in order
    assert "Albany" in order


async def test_an_order_goes_out_and_comes_back_by_forms(
    shopper: Any, shop: Shop, operator: Operator, session: AsyncSession
) -> None:
    await shopper.add(shop["milk"], 2)
    order_id = (await shopper.check_out()).json()["order_id"]
    here = f"/operate/orders/{order_id}"
    assert order_id in (await operator.get("/operate/orders")).text
    parcel = {"carrier": "Post", "tracking_number": "T-9"}
    sent = await operator.send(here, f"{here}/ship", **parcel, **{"units-1": "2"})
    assert sent.status_code == 303
    again = await operator.send(here, f"{here}/ship", **parcel, **{"units-1": "1"})
    assert again.status_code == 409
    (shipment_id,) = (await session.execute(text("SELECT shipment_id FROM ordering.shipments"))).scalars()
    await operator.send(here, f"{here}/shipments/{shipment_id}/deliver")
    page = (await shopper.client.get(f"/orders/{order_id}")).text
    assert "Post T-9" in page
    token = fields(page, "csrf_token")
    nothing = await shopper.client.post(f"/orders/{order_id}/returns", data=token | {"reason": "damaged"})
    assert "Choose how many" in nothing.text
    wanted = token | {"units-1": "1", "reason": "damaged", "comment": "The lid is loose."}
    assert (await shopper.client.post(f"/orders/{order_id}/returns", data=wanted)).status_code == 303
    assert "Returns to decide on" in (await operator.get("/operate/orders")).text
    (return_id,) = (await session.execute(text("SELECT return_id FROM ordering.returns"))).scalars()
    for act in ("accept", "restock"):
        assert (await operator.send(here, f"{here}/returns/{return_id}", act=act)).status_code == 303
    page = (await shopper.client.get(f"/orders/{order_id}")).text
    assert "Partly returned" in page
    assert "Money refunded" in page
    refund = {"amount": "1.5", "reason": "Sorry", "refunded_minor": "289"}
    assert (await operator.send(here, f"{here}/refund", **refund)).status_code == 303
    assert (await operator.send(here, f"{here}/refund", **refund)).status_code == 409
    assert (await operator.send(here, f"{here}/note", reason="Done.")).status_code == 303
    refunded = await session.execute(text("SELECT refunded_minor FROM ordering.orders"))
    assert refunded.scalar_one() == 289 + 150


async def test_promotions_are_made_by_a_form(operator: Operator, client: AsyncClient, sign_up: Any) -> None:
    page = "/operate/promotions"
    wrong = await operator.send(page, page, code="X", title="Sale", kind="percentage", percent="200")
    assert wrong.status_code == 422
    assert 'value="Sale"' in wrong.text
    values = {"code": "spring", "title": "Spring", "kind": "percentage", "percent": "20", "departments": "Grocery"}
    assert (await operator.send(page, page, **values)).status_code == 303
    assert (await operator.send(page, page, **values)).status_code == 422
    shown = (await operator.get(page)).text
    assert "SPRING" in shown
    found = re.search(r"/operate/promotions/([0-9a-f-]{36})", shown)
    assert found
    assert (await operator.send(page, f"{page}/{found[1]}", act="end")).status_code == 303
    assert "Ended" in (await operator.get(page)).text
    stranger = (await sign_up("analyst")).headers
    assert (await client.get(page, headers=stranger)).status_code == 403
