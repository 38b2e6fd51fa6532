"""Recommendations over HTTP: whom they know, what they never show, what they do without."""

import re
import time
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import valkey
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.buffered import get_buffer
from api.core.settings import get_settings
from api.domains.inventory import facade as inventory
from ingestion.contracts.recommendations import RecommendationServed
from tests.api.conftest import SignUp
from tests.api.recommendations.conftest import KINDS, Did, Shop, answer_with, model


async def ask(client: AsyncClient, surface: str = "home", headers: Any = None, **more: Any) -> dict[str, Any]:
    answer = await client.get("/v1/recommendations", params={"surface": surface} | more, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shown(answer: dict[str, Any]) -> list[int]:
    return [item["product_id"] for item in answer["items"]]


def reasons(answer: dict[str, Any]) -> dict[int, str]:
    return {item["product_id"]: item["reason"] for item in answer["items"]}


def a_model(shop: Shop) -> Any:
    """Bread goes with cheese, milk with tea; wine is what most people buy."""
    kinds = ("wine", "soap", "tea", "cheese", "milk", "bread")
    popular = [shop[f"{kind}-{n}"] for n in range(4) for kind in kinds]
    together = {shop["bread-0"]: [shop["cheese-0"], shop["cheese-1"]], shop["milk-0"]: [shop["tea-0"], shop["tea-1"]]}
    similar = {shop["bread-0"]: [shop["bread-1"], shop["bread-2"]], shop["milk-0"]: [shop["milk-1"]]}
    return model(popular, together, similar)


async def test_without_a_model_the_best_sellers_fill_the_place(
    client: AsyncClient, shop: Shop, session: AsyncSession
) -> None:
    await session.execute(
        text("UPDATE catalog.product_sales SET units_sold = 9 WHERE product_id = ANY(:ids)"),
        {"ids": [shop["tea-2"], shop["soap-3"]]},
    )
    await session.commit()
    answer = await ask(client)
    assert (answer["model"], answer["version"]) == ("best_sellers", 0)
    assert set(reasons(answer).items()) == {(shop["tea-2"], "Best sellers"), (shop["soap-3"], "Best sellers")}


async def test_without_a_model_a_product_has_those_beside_it_on_the_shelf(client: AsyncClient, shop: Shop) -> None:
    answer = await ask(client, "product", product_id=shop["tea-1"])
    assert set(shown(answer)) == {shop["tea-0"], shop["tea-2"], shop["tea-3"]}
    assert set(reasons(answer).values()) == {"Similar to Tea 1"}


async def test_a_product_that_the_model_does_not_know_has_them_too(client: AsyncClient, shop: Shop) -> None:
    answer_with(a_model(shop))
    assert set(shown(await ask(client, "product", product_id=shop["tea-1"]))) == {
        shop["tea-0"],
        shop["tea-2"],
        shop["tea-3"],
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"surface": "cellar"}, "surface"),
        ({}, "surface"),
        ({"surface": "product"}, "product_id"),
        ({"surface": "product", "product_id": "bread"}, "product_id"),
        ({"surface": "product", "product_id": 2**63}, "product_id"),
        ({"surface": "home", "limit": 0}, "limit"),
        ({"surface": "home", "limit": 51}, "limit"),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_name(client: AsyncClient, query: Any, field: str) -> None:
    answer = await client.get("/v1/recommendations", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"].rpartition(".")[2] for error in answer.json()["errors"]] == [field]


async def test_a_stranger_sees_what_is_popular_with_few_of_a_kind(client: AsyncClient, shop: Shop) -> None:
    answer_with(a_model(shop))
    answer = await ask(client, limit=12)
    assert (answer["model"], answer["version"], answer["surface"]) == ("item_knn", 7, "home")
    assert set(reasons(answer).values()) == {"Popular this month"}
    assert [item["position"] for item in answer["items"]] == list(range(1, 13))
    kinds = {product_id: sku.partition("-")[0] for sku, product_id in shop.items()}
    decided = [kinds[item["product_id"]] for item in answer["items"] if item["propensity"] == 1]
    assert len(decided) == 10
    assert max(decided.count(kind) for kind in KINDS) == 2


async def test_what_cannot_be_bought_is_never_shown(client: AsyncClient, shop: Shop, session: AsyncSession) -> None:
    answer_with(a_model(shop))
    gone, sold_out, never_there = shop["wine-0"], shop["cheese-0"], shop["wine-3"]
    await session.execute(text("UPDATE catalog.products SET is_active = false WHERE product_id = :id"), {"id": gone})
    await inventory.reserve(session, uuid4(), [(sold_out, 5)])
    await session.commit()
    for surface, more in (("home", {}), ("product", {"product_id": shop["bread-0"]}), ("cart", {})):
        found = shown(await ask(client, surface, limit=24, **more))
        assert found
        assert not {gone, sold_out, never_there} & set(found)


async def test_a_click_changes_the_list_and_says_why(
    client: AsyncClient, shop: Shop, did: Did, visitor_headers: dict[str, str]
) -> None:
    answer_with(a_model(shop))
    before = await ask(client, headers=visitor_headers, limit=6)
    did(UUID(visitor_headers["X-Agora-Anonymous-Id"]), shop["bread-0"])
    began = time.monotonic()
    after = await ask(client, headers=visitor_headers, limit=6)
    assert time.monotonic() - began < 1
    assert shown(after) != shown(before)
    assert reasons(after)[shop["cheese-0"]] == "Because you looked at Bread 0"
    assert shop["bread-0"] not in shown(after)


async def test_one_persons_clicks_are_nobody_elses(client: AsyncClient, shop: Shop, did: Did) -> None:
    answer_with(a_model(shop))
    did(uuid4(), shop["bread-0"])
    answer = await ask(client, headers={"X-Agora-Anonymous-Id": str(uuid4())})
    assert set(reasons(answer).values()) == {"Popular this month"}


async def test_signing_in_joins_what_was_looked_at_before(
    client: AsyncClient, shop: Shop, did: Did, visitor_headers: dict[str, str], sign_up: SignUp
) -> None:
    answer_with(a_model(shop))
    customer = await sign_up()
    did(UUID(visitor_headers["X-Agora-Anonymous-Id"]), shop["bread-0"])
    did(customer.customer_id, shop["milk-0"])
    found = set(reasons(await ask(client, headers=customer.headers | visitor_headers)).values())
    assert {"Because you looked at Bread 0", "Because you looked at Milk 0"} <= found


async def test_who_declined_sees_what_everybody_sees(
    client: AsyncClient, shop: Shop, did: Did, visitor_headers: dict[str, str], sign_up: SignUp
) -> None:
    answer_with(a_model(shop))
    customer = await sign_up()
    headers = customer.headers | visitor_headers
    did(UUID(visitor_headers["X-Agora-Anonymous-Id"]), shop["bread-0"])
    did(customer.customer_id, shop["milk-0"])
    assert set(reasons(await ask(client, headers=headers)).values()) != {"Popular this month"}
    for is_personalised in (False, True):
        choice = {"is_personalised": is_personalised}
        assert (await client.put("/v1/me/preferences", headers=customer.headers, json=choice)).is_success
        found = set(reasons(await ask(client, headers=headers)).values())
        assert (found == {"Popular this month"}) is not is_personalised


async def test_what_another_version_left_in_the_list_is_passed_over(
    client: AsyncClient, shop: Shop, did: Did, visitor_headers: dict[str, str]
) -> None:
    answer_with(a_model(shop))
    person = UUID(visitor_headers["X-Agora-Anonymous-Id"])
    did(person, shop["bread-0"])
    with valkey.Valkey.from_url(get_settings().valkey_url) as raw:
        for garbage in (b"{", b"7", b'{"product_id": "x"}', b'{"product_id": 1, "kind": "viewed", "at": null}'):
            raw.lpush(f"agora:recent:{person}", garbage)
    assert "Because you looked at Bread 0" in reasons(await ask(client, headers=visitor_headers)).values()


async def test_a_cart_is_completed_and_not_repeated(
    client: AsyncClient, shop: Shop, visitor_headers: dict[str, str]
) -> None:
    answer_with(a_model(shop))
    line = {"product_id": shop["bread-0"], "quantity": 1}
    assert (await client.post("/v1/cart/items", json=line, headers=visitor_headers)).is_success
    answer = await ask(client, "cart", headers=visitor_headers)
    assert shown(answer)[:2] == [shop["cheese-0"], shop["cheese-1"]]
    assert reasons(answer)[shop["cheese-0"]] == "Often bought with Bread 0"
    assert shop["bread-0"] not in shown(answer)


async def test_a_product_has_what_goes_with_it_and_what_is_like_it(client: AsyncClient, shop: Shop) -> None:
    answer_with(a_model(shop))
    found = reasons(await ask(client, "product", product_id=shop["bread-0"], limit=4))
    assert found[shop["cheese-0"]] == "Often bought with Bread 0"
    assert found[shop["bread-1"]] == "Similar to Bread 0"
    assert shop["bread-0"] not in found


@pytest.mark.usefixtures("kafka_away")
async def test_what_was_shown_is_recorded_under_the_answers_id(
    client: AsyncClient, shop: Shop, session: AsyncSession, visitor_headers: dict[str, str]
) -> None:
    answer_with(a_model(shop))
    answer = await ask(client, headers=visitor_headers, limit=5)
    await get_buffer().flush()
    query = text("SELECT envelope FROM core.outbox WHERE type = 'recommendations.recommendation_served'")
    (data,) = [orjson.loads(row.envelope)["data"] for row in await session.execute(query)]
    assert data["recommendation_id"] == answer["recommendation_id"]
    assert data["anonymous_id"] == visitor_headers["X-Agora-Anonymous-Id"]
    assert (data["surface"], data["model"], data["model_version"]) == ("home", "item_knn", 7)
    assert [(each["product_id"], each["position"], each["reason"], each["propensity"]) for each in data["items"]] == [
        (item["product_id"], item["position"], item["reason"], 1.0) for item in answer["items"]
    ]


async def test_what_was_shown_goes_to_kafka_with_a_receipt(
    client: AsyncClient, shop: Shop, session: AsyncSession
) -> None:
    for _ in range(3):
        await ask(client, "product", product_id=shop["tea-0"])
    await get_buffer().flush()
    query = text("SELECT sum(cardinality(event_ids)) FROM core.capture_receipts WHERE topic = 'recommendations'")
    assert (await session.execute(query)).scalar() == 3


async def test_an_answer_without_products_is_no_impression(client: AsyncClient, shop: Shop) -> None:
    assert shown(await ask(client)) == []
    assert not get_buffer()._queue


async def test_shelves_of_the_pages_carry_the_answers_id(
    client: AsyncClient, shop: Shop, did: Did, visitor_headers: dict[str, str]
) -> None:
    answer_with(a_model(shop))
    for product_id in (shop["bread-0"], shop["milk-0"]):
        did(UUID(visitor_headers["X-Agora-Anonymous-Id"]), product_id)
    home = (await client.get("/", headers=visitor_headers | {"Accept": "text/html"})).text
    page = (await client.get(f"/p/{shop['bread-0']}", headers=visitor_headers, follow_redirects=True)).text
    served = [event for event, *_ in get_buffer()._queue if isinstance(event, RecommendationServed)]
    answers = [str(event.recommendation_id) for event in served]
    assert len(answers) == 2
    assert f"?rec={answers[0]}" in home
    told = {item.product_id for item in served[0].items}
    assert told == {int(found) for found in re.findall(rf'href="/p/(\d+)-[^"]*\?rec={answers[0]}"', home)}
    assert f"?rec={answers[1]}" in page
    assert f'name="recommendation_id" value="{answers[1]}"' in page
