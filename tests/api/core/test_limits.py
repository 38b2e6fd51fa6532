"""How often one may ask: per person, per address and per account, over all processes, with Valkey and without."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient
from limits import parse
from pydantic import SecretStr

from api.app import create_app
from api.core import limits
from api.core.access import routes_of
from api.core.settings import Settings, get_settings
from tests.api.conftest import OneConnection, SignUp

PASS = secrets.token_hex(8)
At = Callable[..., AsyncClient]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, migrated_env: dict[str, str]) -> Iterator[Settings]:
    """Limits that are on, and small; counters that no other test has touched."""
    settings = get_settings().model_copy(
        update={"api_limits": True, "api_limits_pass": SecretStr(PASS), "api_proxies": ("10.0.0.0/8",)}
    )
    monkeypatch.setattr(limits, "get_settings", lambda: settings)
    limits._proxies.cache_clear()
    # The namespace is part of every key.
    space = secrets.token_hex(4)
    small = limits.Limit(parse("3/minute"), parse("6/minute"))
    for bound in (small.person, small.address):
        bound.namespace = space
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(limits.LIMITS, small))
    limits.set_counters(None)
    yield settings
    limits.set_counters(None)
    limits._proxies.cache_clear()


@pytest.fixture
async def from_address(app: FastAPI, rolled_back: OneConnection, few: Settings) -> AsyncIterator[At]:
    """`from_address("192.0.2.1")` is a client there."""
    clients: list[AsyncClient] = []

    def at(address: str, **headers: str) -> AsyncClient:
        transport = ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
        clients.append(AsyncClient(transport=transport, base_url="http://test", headers=headers))
        return clients[-1]

    yield at
    for client in clients:
        await client.aclose()


async def codes(client: AsyncClient, path: str, count: int, **options: object) -> list[int]:
    return [(await client.get(path, **options)).status_code for _ in range(count)]  # type: ignore[arg-type]


async def test_an_address_is_told_when_to_come_back(from_address: At) -> None:
    client = from_address("192.0.2.1")
    assert await codes(client, "/v1/categories", 6) == [200] * 6
    answer = await client.get("/v1/categories")
    assert answer.status_code == 429
    assert answer.json()["type"] == "urn:agora:problem:too-many-requests"
    assert 0 < int(answer.headers["retry-after"]) <= 120
    assert answer.json()["retry_after"] == int(answer.headers["retry-after"])
    assert (await from_address("192.0.2.2").get("/v1/categories")).status_code == 200


async def test_classes_are_counted_apart(from_address: At) -> None:
    client = from_address("192.0.2.3")
    assert (await codes(client, "/v1/categories", 7))[-1] == 429
    assert (await client.get("/v1/suggestions?query=te")).status_code == 200


async def test_a_person_is_counted_at_whatever_address(from_address: At, sign_up: SignUp) -> None:
    person, other = await sign_up(), await sign_up()
    for index in range(3):
        client = from_address(f"192.0.2.{10 + index}")
        assert (await client.get("/v1/me", headers=person.headers)).status_code == 200
    assert (await from_address("192.0.2.20").get("/v1/me", headers=person.headers)).status_code == 429
    assert (await from_address("192.0.2.20").get("/v1/me", headers=other.headers)).status_code == 200


async def test_an_account_is_not_tried_from_many_addresses(from_address: At) -> None:
    for index in range(4):
        body = {"email": "victim@example.org", "password": "wrong password"}
        answer = await from_address(f"198.51.100.{index}").post("/v1/tokens", json=body)
        assert answer.status_code == (401 if index < 3 else 429)


async def test_a_browser_gets_a_page_that_says_how_long(from_address: At) -> None:
    client = from_address("192.0.2.30", accept="text/html")
    assert (await codes(client, "/cart", 7))[-1] == 429
    page = await client.get("/cart")
    assert "try again" in page.text
    assert page.headers["content-type"].startswith("text/html")


async def test_the_house_s_own_replays_pass_and_a_wrong_pass_does_not(from_address: At) -> None:
    house = from_address("192.0.2.40", **{"x-limits-pass": PASS})
    assert await codes(house, "/v1/categories", 12) == [200] * 12
    guess = from_address("192.0.2.41", **{"x-limits-pass": PASS[:-1] + "!"})
    assert (await codes(guess, "/v1/categories", 7))[-1] == 429


async def test_two_processes_share_their_counters(few: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAIT", 30.0)  # a busy Valkey is not one that is away
    one, two = limits.Counters(few.valkey_url), limits.Counters(few.valkey_url)
    bound = limits.LIMITS["post"].person
    key = secrets.token_hex(4)
    hits = await asyncio.gather(*((one if index % 2 else two).hit(bound, "post", key) for index in range(20)))
    assert sum(hit is None for hit in hits) == 3


async def test_without_valkey_a_process_counts_for_itself(few: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = limits.Counters("redis://127.0.0.1:1/0")
    bound = limits.LIMITS["post"].person
    hits = [await alone.hit(bound, "post", "somebody") for _ in range(5)]
    assert [hit is None for hit in hits] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("connection", "said", "counted"),
    [
        ("203.0.113.9", "192.0.2.1", "203.0.113.9"),  # a stranger's word is nothing
        ("10.1.2.3", "192.0.2.1", "192.0.2.1"),
        ("10.1.2.3", "6.6.6.6, 192.0.2.1, 10.9.9.9", "192.0.2.1"),  # only our own proxies' additions count
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "nonsense", "nonsense"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
    ],
    ids=["stranger", "proxy", "chain", "silent", "nonsense", "ipv6"],
)
async def test_an_address_cannot_be_made_up(few: Settings, connection: str, said: str, counted: str) -> None:
    headers = [(b"x-forwarded-for", said.encode())] if said else []
    request = Request({"type": "http", "client": (connection, 1), "headers": headers})
    assert limits.address_of(request) == counted


def test_signing_in_registering_and_posting_have_limits_of_their_own(migrated_env: dict[str, str]) -> None:
    found = {
        (method, route.path): limits.class_of(route.endpoint, method)
        for route in routes_of(create_app())
        for method in route.methods or ()
    }
    assert found["POST", "/v1/tokens"] == found["POST", "/sign-in"] == "sign-in"
    assert found["POST", "/v1/customers"] == found["POST", "/register"] == "register"
    assert found["GET", "/search"] == found["GET", "/v1/products"] == "search"
    assert found["PUT", "/v1/products/{product_id}/review"] == "post"
    assert found["POST", "/v1/checkout"] == "write"
    assert found["GET", "/v1/products/{product_id}"] == "read"
    assert found["POST", "/v1/webhooks/{gateway}"] is None
