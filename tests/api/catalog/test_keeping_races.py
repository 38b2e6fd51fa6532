"""Operators who act at the same moment: one edit wins, one archive is told, and the counts stay right."""

import asyncio

from httpx import AsyncClient
from sqlalchemy import text

from api.core.db import Database, transaction
from api.domains.catalog import facade as catalog
from api.domains.catalog.service import keeping
from tests.api.catalog.conftest import MakeProduct
from tests.api.catalog.test_keeping import counted_anew, create, edit, events, seen
from tests.api.conftest import SignUp


async def test_one_of_everything_wins(
    committed: Database, committed_client: AsyncClient, sign_up: SignUp, make_product: MakeProduct
) -> None:
    client = committed_client
    client.headers.update((await sign_up("operator")).headers)
    async with transaction() as session:
        ids = await catalog.import_products(session, [make_product(sku, sku) for sku in ("gum", "tea", "milk")])
    was = await seen(client, ids["gum"])
    answers = await asyncio.gather(*(edit(client, was, title=f"Gum {number}") for number in range(5)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409, 409]

    changes = [(product_id, price) for product_id in ids.values() for price in (150, 600, 3000)]
    answers = await asyncio.gather(
        *(client.put(f"/v1/operate/variants/{each}/price", json={"price_minor": price}) for each, price in changes),
        *(client.post(f"/v1/operate/products/{ids['tea']}/archive") for _ in range(4)),
    )
    assert {each.status_code for each in answers} == {200}
    made = await asyncio.gather(*(create(client, available_from="2999-01-01T00:00:00Z") for _ in range(3)))
    assert sorted(each.status_code for each in made) == [201, 409, 409]
    async with transaction() as session:
        await session.execute(text("UPDATE catalog.products SET available_from = now() WHERE is_scheduled"))
    assert sum(await asyncio.gather(*(keeping.publish_due() for _ in range(4)))) == 1
    async with transaction() as session:
        kept, fresh = await counted_anew(session)
        assert kept == fresh
        assert (await events(session, ids["tea"])).count("catalog.product_archived") == 1
