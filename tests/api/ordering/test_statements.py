"""How much of Postgres one checkout needs."""

from typing import Any

from tests.api.statements import counted

MOST = 12


async def test_a_checkout_needs_at_most_twelve_statements(real_shop: dict[str, int], shoppers: Any) -> None:
    shopper = shoppers()
    await shopper.add(real_shop["milk"])
    with counted() as statements:
        answer = await shopper.check_out()
    assert answer.status_code == 201
    assert answer.json()["status"] == "placed"
    assert 8 <= len(statements) <= MOST, "\n---\n".join(statements)


async def test_the_answer_is_what_a_read_says(real_shop: dict[str, int], shoppers: Any) -> None:
    """The answer to a checkout is put together without reading; it must be the same."""
    shopper = shoppers()
    await shopper.add(real_shop["milk"], 2)
    await shopper.add(real_shop["bread"])
    address = {"name": "A", "line1": "Street 1", "postal_code": "1", "city": "Berlin", "country": "DE"}
    made = (await shopper.check_out(address=address, delivery_method="express")).json()
    assert made["tax_minor"] > 0
    assert (await shopper.client.get(f"/v1/orders/{made['order_id']}")).json() == made
