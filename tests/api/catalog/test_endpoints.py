"""JSON of catalog over HTTP."""

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import VariantNew


async def test_one_product(client: AsyncClient, shop: dict[str, int]) -> None:
    answer = await client.get(f"/v1/products/{shop['milk-1']}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["sku"], body["title"], body["price_minor"], body["currency"]) == (
        "milk-1", "Whole milk · 1 gal", 289, "USD",
    )  # fmt: skip


@pytest.mark.parametrize(("product_id", "status"), [("999999999", 404), ("0", 422), ("x", 422), (str(2**70), 422)])
async def test_no_such_product_is_a_problem(client: AsyncClient, product_id: str, status: int) -> None:
    answer = await client.get(f"/v1/products/{product_id}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_list_and_its_next_page(client: AsyncClient, shop: dict[str, int]) -> None:
    first = (await client.get("/v1/products", params={"query": "choclate", "limit": 1})).json()
    second = (
        await client.get("/v1/products", params={"query": "choclate", "limit": 1, "cursor": first["next_cursor"]})
    ).json()
    assert {item["sku"] for item in first["items"] + second["items"]} == {"choc-1", "choc-2"}
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"sort": "cheap"}, "sort"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"cursor": "!"}, "cursor"),
        ({"query": "x" * 201}, "query"),
    ],
)
async def test_bad_parameters_are_named(client: AsyncClient, params: dict[str, str], field: str) -> None:
    answer = await client.get("/v1/products", params=params)
    assert answer.status_code == 422
    assert field in answer.json()["errors"][0]["field"]


async def test_categories_with_counts(client: AsyncClient, shop: dict[str, int]) -> None:
    departments = (await client.get("/v1/categories")).json()["departments"]
    assert departments[0]["name"] == "Grocery"
    assert departments[0]["products"] == 4
    assert {"name": "Milk", "slug": "milk", "products": 1} in departments[0]["categories"]


async def suggested(client: AsyncClient, query: str) -> list[str]:
    answer = await client.get("/v1/suggestions", params={"query": query})
    assert answer.status_code == 200
    return [each["text"] for each in answer.json()["suggestions"]]


async def test_words_complete_what_is_being_typed(client: AsyncClient, shop: dict[str, int]) -> None:
    assert (await suggested(client, "ch"))[:1] == ["Chewing gum"]
    assert await suggested(client, "dark cho") == ["Dark chocolate"]
    assert "Milk" in await suggested(client, "mil")
    assert "Milk chocolate bar" in await suggested(client, "chocolate b")
    assert "Gasoline" not in await suggested(client, "gaso")  # known from past orders only


async def test_a_typing_error_is_forgiven_and_nothing_is_made_of_one_letter(
    client: AsyncClient, shop: dict[str, int]
) -> None:
    assert "Dark chocolate" in await suggested(client, "choclate")
    for nothing in ("", "c", "%", "'", "zzzzzz", "' | 'x"):
        assert await suggested(client, nothing) == []


async def test_variants_are_listed_with_their_prices(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int]
) -> None:
    await catalog.add_variant(session, shop["gum-1"], VariantNew("gum-1-xl", {"Size": "XL"}, 199))
    await session.commit()
    answer = await client.get(f"/v1/products/{shop['gum-1']}/variants")
    assert [(each["sku"], each["options"], each["price_minor"]) for each in answer.json()["variants"]] == [
        ("gum-1", {}, 99),
        ("gum-1-xl", {"Size": "XL"}, 199),
    ]
    assert (await client.get("/v1/products/999999999/variants")).status_code == 404
