"""How much of Postgres one checkout needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

MOST = 12


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that reach the driver within the block, whichever way they took."""
    statements: list[str] = []
    really_execute = psycopg.AsyncCursor.execute

    async def note(cursor: Any, statement: Any, *arguments: Any, **options: Any) -> Any:
        statements.append(str(statement))
        return await really_execute(cursor, statement, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", note)
        yield statements


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
