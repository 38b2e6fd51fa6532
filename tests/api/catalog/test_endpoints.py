"""JSON of catalog over HTTP."""

import pytest
from httpx import AsyncClient


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
