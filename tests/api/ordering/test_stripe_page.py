"""A shop on Stripe: its checkout leads to Stripe's own page, and what was paid there makes the order."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.domains.ordering.service import sweep
from api.domains.payments.contracts import HOSTED
from tests.api.ordering.test_operate_pages import fields
from tests.api.payments.stripe_server import StripeServer, stripe_in_use
from tests.postbox import open_postbox

PAGE = {"Accept": "text/html"}
# The library hands its form to httpx in a way that httpx has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def stripe(migrated_env: dict[str, str], paying_gateway: Any) -> Iterator[StripeServer]:
    """Stripe in the place of the sandbox."""
    with open_postbox() as listener, stripe_in_use(listener) as server:
        yield server


async def test_the_checkout_leads_to_stripes_page(stripe: StripeServer, shopper: Any, shop: dict[str, int]) -> None:
    await shopper.add(shop["milk"])
    page = (await shopper.client.get("/checkout", headers=PAGE)).text
    assert 'value="hosted"' in page
    assert "tok_ok" not in page
    hidden = fields(page, "csrf_token", "idempotency_key", "expected_total_minor")
    done = await shopper.client.post("/checkout", data=hidden | {"payment_token": HOSTED}, headers=PAGE)
    payment = (await shopper.client.get(done.headers["location"], headers=PAGE)).text
    assert "https://checkout.stripe.com/c/pay/cs_test_a1" in payment
    stripe.pay_on_the_page()
    back = await shopper.client.get(done.headers["location"] + "/return", headers=PAGE)
    assert back.status_code == 303
    [order] = (await shopper.client.get("/v1/orders")).json()["items"]
    await sweep.settle_checkout(order["order_id"])
    assert (await shopper.client.get(f"/v1/orders/{order['order_id']}")).json()["status"] == "placed"
