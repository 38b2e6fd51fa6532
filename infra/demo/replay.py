"""Later baskets of real households as sessions over the public HTTP API: sign in, look around, search, buy."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import httpx
import psycopg

from infra.load.complete_journey import Basket
from infra.load.journey import NAMESPACE

SESSIONS_AT_ONCE = 6
MOST_LINES = 8
LOOKED_AT = 4
_WORD = re.compile(r"[A-Za-z]{4,}")


class ServerFailed(RuntimeError):
    """The API answered with an error of its own."""


@dataclass
class Replayed:
    """What came of the sessions. `refused` counts the answers that a shop gives on an ordinary day, by type."""

    sessions: int = 0
    orders: int = 0
    lines: int = 0
    requests: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Position:
    """How many of the later baskets were replayed, kept beside the stack's data: they go together."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int:
        """Baskets done."""
        return int(self._path.read_text()) if self._path.exists() else 0

    def write(self, done: int) -> None:
        """Note them."""
        draft = self._path.with_suffix(".new")
        draft.write_text(str(done))
        draft.replace(self._path)


def products_by_sku(environment: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """SKU → (product id, title) of what can be bought."""
    query = "select sku, product_id, title from catalog.products where is_active"
    with psycopg.connect(environment["AGORA_POSTGRES_URL"]) as connection:
        return {sku: (product_id, title) for sku, product_id, title in connection.execute(query)}


class Shop:
    """One person's way through the shop."""

    def __init__(self, client: httpx.AsyncClient, tally: Replayed) -> None:
        self._client = client
        self._tally = tally
        self._headers = {"X-Agora-Anonymous-Id": str(uuid4())}

    async def sign_in(self, email: str, password: str) -> bool:
        """Whether the credentials were taken."""
        answer = await self._call("POST", "/v1/tokens", json={"email": email, "password": password})
        if answer.status_code == HTTPStatus.CREATED:
            self._headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer.status_code == HTTPStatus.CREATED

    async def look_around(self, lines: Sequence[tuple[int, str, int]]) -> None:
        """The first page, a search for something of the list, and some products of it."""
        await self._call("GET", "/")
        if words := _WORD.findall(lines[0][1]):
            await self._call("GET", "/search", params={"query": " ".join(words[:2])})
        for product_id, _, _ in lines[:LOOKED_AT]:
            await self._call("GET", f"/p/{product_id}", follow_redirects=True)

    async def fill(self, lines: Sequence[tuple[int, str, int]]) -> int:
        """Put the lines into the cart; returns how many were taken."""
        taken = 0
        for product_id, _, quantity in lines:
            body = {"product_id": product_id, "quantity": quantity}
            taken += (await self._call("POST", "/v1/cart/items", json=body)).status_code == HTTPStatus.CREATED
        return taken

    async def buy(self, key: UUID) -> bool:
        """Check out. Lines that are sold out are taken out of the cart and it is tried once more."""
        for attempt in range(2):
            headers = {"Idempotency-Key": str(uuid5(key, str(attempt)))}
            answer = await self._call("POST", "/v1/checkout", json={"payment_token": "tok_ok"}, headers=headers)
            if answer.is_success:
                return True
            if not answer.json().get("type", "").endswith("out-of-stock"):
                return False
            for line in answer.json().get("lines", []):
                await self._call("DELETE", f"/v1/cart/items/{line['product_id']}")
        return False

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: object
    ) -> httpx.Response:
        merged = {**self._headers, **(headers or {})}
        answer = await self._client.request(method, path, headers=merged, **options)  # type: ignore[arg-type]
        self._tally.requests += 1
        if answer.is_server_error:
            raise ServerFailed(f"{method} {path} was answered with {answer.status_code}: {answer.text[:200]}")
        if answer.is_client_error:
            self._tally.refused[_kind(answer)] += 1
        return answer


def _kind(answer: httpx.Response) -> str:
    if "json" not in answer.headers.get("content-type", ""):
        return str(answer.status_code)
    return str(answer.json().get("type", answer.status_code)).rpartition(":")[2]


async def replay(
    url: str,
    baskets: Sequence[Basket],
    products: Mapping[str, tuple[int, str]],
    password: str,
    done: "asyncio.Queue[None]",
    headers: Mapping[str, str],
) -> Replayed:
    """Play the baskets, a few at a time. Raises ServerFailed, or httpx's error when the API is away."""
    tally, gate = Replayed(), asyncio.Semaphore(SESSIONS_AT_ONCE)
    async with (
        httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, headers=headers) as client,
        asyncio.TaskGroup() as group,
    ):

        async def play(basket: Basket) -> None:
            async with gate:
                await _session(Shop(client, tally), basket, products, password, tally)
                done.put_nowait(None)

        for basket in baskets:
            group.create_task(play(basket))
    return tally


async def _session(
    shop: Shop, basket: Basket, products: Mapping[str, tuple[int, str]], password: str, tally: Replayed
) -> None:
    known = [(*products[sku], quantity) for sku, quantity in basket.lines if sku in products][:MOST_LINES]
    if not known or not await shop.sign_in(basket.email, password):
        return
    tally.sessions += 1
    await shop.look_around(known)
    lines = await shop.fill(known)
    if lines and await shop.buy(uuid5(NAMESPACE, f"{basket.email} {basket.taken_at.isoformat()}")):
        tally.orders += 1
        tally.lines += lines
