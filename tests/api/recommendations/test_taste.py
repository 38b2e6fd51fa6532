"""One's own taste: seen whole, taken out piece by piece, begun anew, or not used at all."""

from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.domains.recommendations.service import house, taste
from api.domains.recommendations.service import model as holding
from tests.api.conftest import SignUp
from tests.api.recommendations.conftest import Did, Shop, answer_with, stock_shop, write_version
from tests.api.recommendations.test_endpoints import a_model, ask, reasons, shown

Headers = dict[str, str]


async def used(client: AsyncClient, headers: Headers) -> dict[int, list[str]]:
    answer = await client.get("/v1/taste", headers=headers)
    assert answer.status_code == 200, answer.text
    return {each["product_id"]: each["kinds"] for each in answer.json()["used"]}


async def told(session: AsyncSession) -> list[tuple[str, Any]]:
    query = text("SELECT type, envelope FROM core.outbox WHERE type LIKE 'recommendations.taste%' ORDER BY id")
    return [(row.type, orjson.loads(row.envelope)["data"]) for row in await session.execute(query)]


@pytest.fixture
def pipelines(migrated_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The role that writes serving tables; the process looks for new versions at every request."""
    monkeypatch.setattr(holding, "LOOK_SECONDS", 0.0)
    return migrated_env["AGORA_POSTGRES_PIPELINES_URL"]


async def known_as_a_customer(url: str, customer_id: UUID, bought: dict[str, float]) -> Shop:
    """A shop, a version that answers, and what it knows of a customer."""
    async with transaction() as session:
        shop = await stock_shop(session)
    first, second = shop["bread-0"], shop["milk-0"]
    version = write_version(url, {first: [1.0, 0.0], second: [0.0, 1.0], shop["tea-0"]: [1.0, 0.1]}, [*shop.values()])
    ids = [shop[sku] for sku in bought]
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO serving.customer_histories VALUES (%s, %s, %s, %s)",
            [version, str(customer_id), ids, list(bought.values())],
        )
    return shop


async def test_everything_that_is_used_is_seen(
    client: AsyncClient, shop: Shop, did: Did, visitor_headers: Headers
) -> None:
    person = UUID(visitor_headers["X-Agora-Anonymous-Id"])
    did(person, shop["bread-0"], kind="viewed", ago=60)
    did(person, shop["bread-0"], kind="carted", ago=30)
    did(person, shop["tea-1"], kind="viewed", ago=10)
    assert await used(client, visitor_headers) == {shop["tea-1"]: ["viewed"], shop["bread-0"]: ["carted", "viewed"]}
    assert await used(client, {"X-Agora-Anonymous-Id": str(uuid4())}) == {}


async def test_every_reason_has_the_events_behind_it(
    client: AsyncClient, shop: Shop, did: Did, visitor_headers: Headers
) -> None:
    answer_with(a_model(shop))
    did(UUID(visitor_headers["X-Agora-Anonymous-Id"]), shop["bread-0"])
    items = (await ask(client, headers=visitor_headers))["items"]
    for item in items:
        follows = item["reason"] == "Because you looked at Bread 0"
        assert [(each["product_id"], each["kind"]) for each in item["because"]] == (
            [(shop["bread-0"], "viewed")] if follows else []
        )
    assert any(item["because"] for item in items)


async def test_what_is_taken_out_has_no_consequence_any_more_and_can_come_back(
    client: AsyncClient, shop: Shop, did: Did, visitor_headers: Headers, session: AsyncSession
) -> None:
    answer_with(a_model(shop))
    person = UUID(visitor_headers["X-Agora-Anonymous-Id"])
    did(person, shop["bread-0"], shop["milk-0"])
    address = f"/v1/taste/removed/{shop['bread-0']}"
    assert (await client.put(address, headers=visitor_headers)).status_code == 204
    assert (await client.put(address, headers=visitor_headers)).status_code == 204
    answer = await ask(client, headers=visitor_headers, limit=24)
    assert "Because you looked at Bread 0" not in reasons(answer).values()
    assert "Because you looked at Milk 0" in reasons(answer).values()
    assert shop["bread-0"] not in shown(answer)
    assert list(await used(client, visitor_headers)) == [shop["milk-0"]]
    assert (await client.delete(address, headers=visitor_headers)).status_code == 204
    assert set(await used(client, visitor_headers)) == {shop["milk-0"], shop["bread-0"]}
    assert [kind for kind, _ in await told(session)] == [
        *("recommendations.taste_removed", "recommendations.taste_removed", "recommendations.taste_restored")
    ]
    assert (await told(session))[0][1] == {
        "anonymous_id": str(person),
        "customer_id": None,
        "product_id": shop["bread-0"],
    }


@pytest.mark.parametrize("product_id", [0, 2**63, 10**12])
async def test_what_is_no_product_cannot_be_taken_out(
    client: AsyncClient, shop: Shop, visitor_headers: Headers, product_id: int
) -> None:
    answer = await client.put(f"/v1/taste/removed/{product_id}", headers=visitor_headers)
    assert answer.status_code in (404, 422)


async def test_who_takes_out_too_much_is_told_to_start_over(
    client: AsyncClient, shop: Shop, visitor_headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taste, "MOST_REMOVED", 1)
    first, second = (f"/v1/taste/removed/{shop[sku]}" for sku in ("bread-0", "tea-0"))
    assert (await client.put(first, headers=visitor_headers)).status_code == 204
    answer = await client.put(second, headers=visitor_headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:agora:problem:too-many-removals")


async def test_a_purchase_that_is_taken_out_is_gone_from_the_history_too(
    committed_client: AsyncClient, pipelines: str, visitor_headers: Headers, sign_up: SignUp
) -> None:
    customer = await sign_up()
    headers = customer.headers | visitor_headers
    shop = await known_as_a_customer(pipelines, customer.customer_id, {"bread-0": 3.0, "milk-0": 2.0})
    assert await used(committed_client, headers) == {shop["bread-0"]: ["bought"], shop["milk-0"]: ["bought"]}
    found = reasons(await ask(committed_client, headers=headers))
    assert found[shop["bread-0"]] == "You buy these often"
    await committed_client.put(f"/v1/taste/removed/{shop['bread-0']}", headers=headers)
    found = reasons(await ask(committed_client, headers=headers))
    assert shop["bread-0"] not in found
    assert "Because you buy Bread 0" not in found.values()
    assert found[shop["milk-0"]] == "You buy these often"


async def test_who_starts_over_is_a_stranger_until_something_new_happens(
    committed_client: AsyncClient, pipelines: str, did: Did, visitor_headers: Headers, sign_up: SignUp
) -> None:
    client, customer = committed_client, await sign_up()
    headers = customer.headers | visitor_headers
    shop = await known_as_a_customer(pipelines, customer.customer_id, {"bread-0": 3.0})
    did(UUID(visitor_headers["X-Agora-Anonymous-Id"]), shop["tea-0"], ago=5)
    did(customer.customer_id, shop["milk-0"], kind="ordered", ago=5)
    assert len(await used(client, headers)) == 3
    assert (await client.delete("/v1/taste", headers=headers)).status_code == 204
    assert await used(client, headers) == {}
    assert set(reasons(await ask(client, headers=headers)).values()) == {"Popular this month"}
    did(customer.customer_id, shop["milk-0"], ago=-1)
    assert await used(client, headers) == {shop["milk-0"]: ["viewed"]}
    # A training that respects this very reset may be used again.
    async with transaction() as session:
        (_, said) = (await told(session))[-1]
    with psycopg.connect(pipelines) as connection:
        connection.execute(
            "UPDATE serving.customer_histories SET reset_id = %s, product_ids = %s, weights = '{2}'",
            [said["reset_id"], [shop["soap-0"]]],
        )
    assert await used(client, headers) == {shop["milk-0"]: ["viewed"], shop["soap-0"]: ["bought"]}


async def test_a_browser_may_be_like_everybody_without_an_account(
    client: AsyncClient, shop: Shop, did: Did, visitor_headers: Headers
) -> None:
    answer_with(a_model(shop))
    did(UUID(visitor_headers["X-Agora-Anonymous-Id"]), shop["bread-0"])
    for choice in (False, True):
        answer = await client.put("/v1/taste", headers=visitor_headers, json={"is_personalised": choice})
        assert answer.json()["is_personalised"] is choice
        found = set(reasons(await ask(client, headers=visitor_headers)).values())
        assert (found == {"Popular this month"}) is not choice


async def test_a_customer_chooses_for_the_account(
    client: AsyncClient, visitor_headers: Headers, sign_up: SignUp
) -> None:
    customer = await sign_up()
    headers = customer.headers | visitor_headers
    await client.put("/v1/taste", headers=headers, json={"is_personalised": False})
    assert (await client.get("/v1/me/preferences", headers=headers)).json()["is_personalised"] is False
    assert (await client.get("/v1/taste", headers=visitor_headers)).json()["is_personalised"] is True


async def test_a_customers_word_is_nobody_elses_at_the_same_browser(
    client: AsyncClient, shop: Shop, visitor_headers: Headers, sign_up: SignUp
) -> None:
    anne, ben = await sign_up(), await sign_up()
    await client.put(f"/v1/taste/removed/{shop['bread-0']}", headers=anne.headers | visitor_headers)
    await client.put(f"/v1/taste/removed/{shop['tea-0']}", headers=visitor_headers)
    removed = []
    for headers in (anne.headers | visitor_headers, ben.headers | visitor_headers, visitor_headers):
        answer = (await client.get("/v1/taste", headers=headers)).json()
        removed.append({each["product_id"] for each in answer["removed"]})
    assert removed == [{shop["bread-0"], shop["tea-0"]}, {shop["tea-0"]}, {shop["tea-0"]}]
    # What a browser took out before, the account may put back.
    await client.delete(f"/v1/taste/removed/{shop['tea-0']}", headers=ben.headers | visitor_headers)
    assert (await client.get("/v1/taste", headers=visitor_headers)).json()["removed"] == []


async def test_what_the_shop_withholds_is_recommended_nowhere(
    client: AsyncClient, shop: Shop, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "LOOK_SECONDS", 0.0)
    answer_with(a_model(shop))
    operator, customer = await sign_up("operator"), await sign_up()
    address, reason = f"/v1/recommendations/withheld/{shop['wine-0']}", {"reason": "Recalled by its maker."}
    assert (await client.put(address, headers=customer.headers, json=reason)).status_code == 403
    assert (await client.put(address, headers=operator.headers, json=reason)).status_code == 204
    assert shop["wine-0"] not in shown(await ask(client, limit=24))
    assert (await client.delete(address, headers=operator.headers)).status_code == 204
    assert shop["wine-0"] in shown(await ask(client, limit=24))
    nowhere = "/v1/recommendations/withheld/999999999"
    assert (await client.put(nowhere, headers=operator.headers, json=reason)).status_code == 404
