"""A shop with stock, people who are signed in, and a gateway that takes their money."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal, Visitor
from api.core.db import Database, transaction
from api.core.settings import get_settings
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.identity.service.tokens import sign_access_token
from api.domains.inventory import facade as inventory
from tests.api.ordering.invariants import assert_all_is_well
from tests.gateway_process import RunningGateway

PRICES = {"milk": 289, "bread": 199, "olives": 1250}
TOK_OK = "tok_ok"
Shop = dict[str, int]


@dataclass
class Shopper:
    """A signed-in person with an HTTP client and a browser's anonymous id."""

    client: AsyncClient
    customer_id: UUID
    visitor: Visitor

    async def add(self, product_id: int, quantity: int = 1, **more: Any) -> Response:
        """Put something into the cart."""
        return await self.client.post("/v1/cart/items", json={"product_id": product_id, "quantity": quantity} | more)

    async def check_out(self, token: str = TOK_OK, key: str | None = None, **more: Any) -> Response:
        """Pay, with a new Idempotency-Key unless one is given."""
        return await self.client.post(
            "/v1/checkout", json={"payment_token": token} | more, headers={"Idempotency-Key": key or str(uuid4())}
        )

    async def cart(self) -> Any:
        """The cart as JSON."""
        return (await self.client.get("/v1/cart")).json()


MakeShopper = Callable[[], Shopper]


async def stock_shop(units: int) -> Shop:
    """Name → product id of three products, each with `units` in stock."""
    products = [
        ProductImport(name, name.title(), "Grocery", "Food", "Food", "National", None, price)
        for name, price in PRICES.items()
    ]
    async with transaction() as session:
        ids = await catalog.import_products(session, products)
        await inventory.receive_many(session, [(product_id, units) for product_id in ids.values()])
    return ids


@pytest.fixture
async def shop(rolled_back: Database) -> Shop:
    """Three products with ten units each, undone after the test."""
    return await stock_shop(10)


@pytest.fixture
async def real_shop(committed: Database, paying_gateway: RunningGateway) -> AsyncIterator[Shop]:
    """The same with real commits; whatever the test did, time passes, the sweeps run, and everything must agree."""
    yield await stock_shop(10)
    await assert_all_is_well()


@pytest.fixture
async def shoppers(app: FastAPI, producer_closed: None, paying_gateway: RunningGateway) -> AsyncIterator[MakeShopper]:
    """Makes people; nobody registers, a signed token is all that the API asks for."""
    clients: list[AsyncClient] = []

    def make() -> Shopper:
        customer_id, anonymous_id = uuid4(), uuid4()
        token, _ = sign_access_token(Principal(customer_id, frozenset({"customer"}), uuid4()))
        client = AsyncClient(
            transport=ASGITransport(app, raise_app_exceptions=False),
            base_url="http://test",
            headers={"Authorization": f"Bearer {token}", "X-Agora-Anonymous-Id": str(anonymous_id)},
            timeout=60,
        )
        clients.append(client)
        return Shopper(client, customer_id, Visitor(anonymous_id, customer_id))

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def shopper(rolled_back: Database, shoppers: MakeShopper) -> Shopper:
    """One person whose work is undone after the test."""
    return shoppers()


@pytest.fixture
def patience(paying_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A crowd makes this process slow, which is not the gateway's silence."""
    monkeypatch.setenv("AGORA_GATEWAY_TIMEOUT", "20")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


Count = Callable[[str], Awaitable[int]]


@pytest.fixture
def count() -> Count:
    """Counts the rows of `table` or `table WHERE …`."""

    async def rows(of: str) -> int:
        async with transaction() as session:
            found: int = (await session.execute(text(f"SELECT count(*) FROM {of}"))).scalar_one()  # noqa: S608
            return found

    return rows


@pytest.fixture
def events_of() -> Callable[[AsyncSession, str], Awaitable[list[dict[str, Any]]]]:
    """Reads the data of all events of one type in the outbox, oldest first."""

    async def read(session: AsyncSession, event_type: str) -> list[dict[str, Any]]:
        found = await session.execute(
            text(
                "SELECT convert_from(envelope, 'UTF8')::jsonb -> 'data' FROM core.outbox WHERE type = :type ORDER BY id"
            ),
            {"type": event_type},
        )
        return list(found.scalars())

    return read
