"""An open page learns of a change within two seconds."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from api.core.db import Database, transaction
from api.core.live import TooManyWatchers
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.inventory import facade as inventory
from api.domains.inventory.repository import shelves
from api.domains.inventory.service import live
from tests.api.conftest import SignUp

TEA = ProductImport("tea", "Tea", "Grocery", "Tea", "Black tea", "Private", None, 299)


async def stocked(units: int) -> int:
    async with transaction() as session:
        await catalog.import_products(session, [TEA])
        found = await session.execute(text("SELECT product_id FROM catalog.products WHERE sku = 'tea'"))
        product_id = int(found.scalar_one())
        await inventory.receive_many(session, [(product_id, units)])
    return product_id


@pytest.fixture
async def tea(committed: Database) -> AsyncIterator[int]:
    async with committed.transaction() as session:
        await inventory.receive_many(session, [(7, 3)])
    yield 7
    await inventory.close()


async def next_of(stream: AsyncIterator[live.Levels]) -> live.Levels:
    async with asyncio.timeout(2):
        return await anext(stream)


async def test_a_change_is_told_within_two_seconds(committed: Database, tea: int) -> None:
    stream = live.HUB.watch(tea)
    assert await next_of(stream) == {tea: 3}
    for left in (2, 1):
        async with committed.transaction() as session:
            await inventory.reserve(session, uuid4(), [(tea, 1)])
        assert await next_of(stream) == {tea: left}
    await stream.aclose()
    assert live.HUB.watchers == 0


async def test_a_spread_unit_is_told_too(committed: Database, tea: int) -> None:
    async with committed.transaction() as session:
        await inventory.receive(session, [(tea, 61)])
        await shelves.spread(session, tea)
    stream = live.HUB.watch(tea)
    assert await next_of(stream) == {tea: 64}
    async with committed.transaction() as session:
        await inventory.reserve(session, uuid4(), [(tea, 1)])
    assert await next_of(stream) == {tea: 63}
    await stream.aclose()


async def test_streams_end_when_the_process_does(tea: int) -> None:
    stream = live.HUB.watch(tea)
    await next_of(stream)
    await inventory.close()
    began = monotonic()
    assert [levels async for levels in stream] == []
    assert monotonic() - began < 1
    assert live.HUB.watchers == 0


async def test_there_is_a_limit(tea: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.HUB, "most", 1)
    queue = live.HUB.join(tea)
    with pytest.raises(TooManyWatchers):
        live.HUB.refuse_when_full()
    live.HUB.leave(tea, queue)
    live.HUB.refuse_when_full()


async def test_stock_over_http(client: AsyncClient, sign_up: SignUp) -> None:
    product_id = await stocked(4)
    answer = await client.get(f"/v1/products/{product_id}/stock")
    assert answer.json() == {
        "product_id": product_id,
        "available": 4,
        "variants": [{"variant_id": product_id, "available": 4}],
    }
    assert (await client.get("/v1/products/999999/stock")).status_code == 404
    assert (await client.get("/v1/products/999999/stock/stream")).status_code == 404
    operator, other = await sign_up("operator"), await sign_up()
    assert (await client.get("/v1/operate/stock/differences", headers=operator.headers)).json() == []
    assert (await client.get("/v1/operate/stock/differences", headers=other.headers)).status_code == 403


async def test_an_operator_receives_and_adjusts(client: AsyncClient, sign_up: SignUp) -> None:
    product_id = await stocked(4)
    operator, other = await sign_up("operator"), await sign_up()
    path = f"/v1/operate/stock/{product_id}"
    received = await client.post(f"{path}/receive", json={"quantity": 6, "cause": "note 7"}, headers=operator.headers)
    assert received.json() == {"variant_id": product_id, "available": 10}
    async with transaction() as session:
        await inventory.reserve(session, uuid4(), [(product_id, 8)])
    refused = await client.post(
        f"{path}/adjust", json={"quantity_change": -3, "reason": "broken"}, headers=operator.headers
    )
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "stock-below-claims")
    assert [each["quantity"] for each in refused.json()["claims"]] == [8]
    adjusted = await client.post(
        f"{path}/adjust", json={"quantity_change": -2, "reason": "broken"}, headers=operator.headers
    )
    assert adjusted.json()["available"] == 0
    ledger = (await client.get(f"{path}/movements", headers=operator.headers)).json()
    assert [(each["movement"], each["quantity"], each["cause"]) for each in ledger] == [
        ("adjusted", -2, "broken"),
        ("received", 6, "note 7"),
        ("received", 4, None),
    ]
    assert {each["actor_id"] for each in ledger[:2]} == {str(operator.customer_id)}
    async with transaction() as session:
        told = text("SELECT action FROM core.audit_log WHERE actor_id = :id ORDER BY 1")
        acts = await session.execute(told, {"id": operator.customer_id})
        assert list(acts.scalars()) == ["stock.adjust", "stock.receive"]
    for what, body in (("receive", {"quantity": 1}), ("adjust", {"quantity_change": 1, "reason": "found"})):
        assert (await client.post(f"{path}/{what}", json=body, headers=other.headers)).status_code == 403
        unknown = await client.post(f"/v1/operate/stock/999999/{what}", json=body, headers=operator.headers)
        assert unknown.status_code == 404
    nowhere = {"quantity": 1, "location": "nowhere"}
    assert (await client.post(f"{path}/receive", json=nowhere, headers=operator.headers)).status_code == 404
    nothing = {"quantity_change": 0, "reason": "found"}
    assert (await client.post(f"{path}/adjust", json=nothing, headers=operator.headers)).status_code == 422
