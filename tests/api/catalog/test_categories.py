"""The category tree: grown by products and operators, read level by level, counted at every depth."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import CategorySource, ProductImport
from api.domains.catalog.domain import node_path, nodes_above
from api.domains.catalog.errors import CategoryExists
from api.domains.catalog.service import categories
from tests.api.catalog.test_keeping import counted_anew, create, edit, events, seen
from tests.api.conftest import SignedUp

PAGE = {"accept": "text/html"}


def dress(number: int, *below: str, category: str = "Dresses", is_active: bool = True) -> ProductImport:
    return ProductImport(
        f"dress-{number}", f"Dress {number}", "Clothing", category, "Dress", "Own", None, 1000, is_active=is_active,
        below=below,
    )  # fmt: skip


async def grow(session: AsyncSession, *rows: ProductImport) -> dict[str, int]:
    ids = await catalog.import_products(session, rows)
    await session.commit()
    return ids


async def names(client: AsyncClient, path: str) -> list[tuple[str, int]]:
    below = (await client.get(f"/v1/categories/{path}")).json()["below"]
    return [(each["path"], each["products"]) for each in below]


@pytest.mark.parametrize(
    ("levels", "path"),
    [
        (("Clothing", "Dresses", "Maxi"), "clothing/dresses/maxi"),
        (("Clothing", "", ""), "clothing"),
        (("Clothing", "Clothing", "Maxi"), "clothing/maxi"),
        (("Drug & general", "Été"), "drug-general/ete"),
    ],
)
def test_levels_become_a_path(levels: tuple[str, ...], path: str) -> None:
    assert node_path(levels) == path
    assert nodes_above(path)[-1] == path
    assert nodes_above(path)[0] == path.partition("/")[0]


async def test_products_stand_at_any_depth(client: AsyncClient, session: AsyncSession) -> None:
    await grow(
        session,
        dress(1, "Maxi", "Linen"),
        dress(2, "Maxi", "Silk"),
        dress(3, "Maxi"),
        dress(4, "Mini"),
        dress(5),
        dress(6, "Midi", is_active=False),
    )
    assert await names(client, "clothing") == [("clothing/dresses", 5)]
    assert await names(client, "clothing/dresses") == [
        ("clothing/dresses/maxi", 3), ("clothing/dresses/mini", 1), ("clothing/dresses/midi", 0),
    ]  # fmt: skip
    maxi = {"under": "clothing/dresses/maxi"}
    found = (await client.get("/v1/products", params=maxi)).json()["items"]
    assert {each["sku"] for each in found} == {"dress-1", "dress-2", "dress-3"}
    assert (await client.get("/v1/facets", params=maxi)).json()["total"] == 3
    assert (await client.get("/v1/facets", params=maxi | {"query": "dress"})).json()["total"] == 3
    assert (await client.get("/v1/products", params=maxi | {"query": "silk"})).json()["items"] == []
    kept, fresh = await counted_anew(session)
    assert kept == fresh


async def test_the_page_of_a_node(client: AsyncClient, session: AsyncSession) -> None:
    ids = await grow(session, dress(1, "Maxi", "Linen"), dress(2, "Maxi"), dress(3, "Midi", is_active=False))
    page = await client.get("/c/clothing/dresses", headers=PAGE)
    assert "/c/clothing/dresses/maxi" in page.text
    assert "/c/clothing/dresses/midi" not in page.text  # nothing to buy there
    deep = (await client.get("/c/clothing/dresses/maxi/linen", headers=PAGE)).text
    assert "Dress 1" in deep
    assert "Dress 2" not in deep
    for gone in ("/c/clothing/dresses/none", "/c/none/dresses", "/c/clothing/Dresses", "/c/clothing/dresses/"):
        assert (await client.get(gone, headers=PAGE)).status_code == 404, gone
    product = (await client.get(f"/p/{ids['dress-1']}-dress-1", headers=PAGE)).text
    assert '<a href="/c/clothing/dresses/maxi/linen">Linen</a>' in product
    assert "Clothing \\u003e Dresses \\u003e Maxi \\u003e Linen" in product


async def test_a_node_keeps_its_name(client: AsyncClient, session: AsyncSession) -> None:
    await grow(session, dress(1, "Maxi"))
    before = await session.execute(text("SELECT version FROM catalog.products WHERE sku = 'dress-1'"))
    await grow(session, dress(1, "MAXI", category="DRESSES"))
    after = await session.execute(text("SELECT version, category FROM catalog.products WHERE sku = 'dress-1'"))
    assert after.one() == (before.scalar_one(), "Dresses")


async def test_an_edit_moves_a_product(client: AsyncClient, keeper: SignedUp, session: AsyncSession) -> None:
    made = (await create(client, category="Kitchen", below=["Kettles"])).json()
    assert made["below"] == ["Kettles"]
    was = await seen(client, made["product_id"])
    moved = (await edit(client, was, below=["Boilers", "Steel"])).json()
    assert moved["below"] == ["Boilers", "Steel"]
    assert await names(client, "home/kitchen") == [("home/kitchen/boilers", 1), ("home/kitchen/kettles", 0)]
    again = await edit(client, moved, below=["Boilers", "Steel"])
    assert again.json()["version"] == moved["version"]
    assert (await edit(client, moved, category="", below=["Steel"])).status_code == 422
    kept, fresh = await counted_anew(session)
    assert kept == fresh


async def test_operators_keep_the_tree(client: AsyncClient, keeper: SignedUp, session: AsyncSession) -> None:
    ids = await grow(session, dress(1, "Maxi"))

    async def add(**body: Any) -> int:
        return (await client.post("/v1/operate/categories", json=body)).status_code

    assert [await add(name="Toys"), await add(name="Toys"), await add(name="Dolls", parent="toys")] == [201, 409, 201]
    assert [await add(name="Dolls", parent="none"), await add(name=" ")] == [404, 422]
    assert (await client.put("/v1/operate/categories/clothing", json={"name": "Fashion"})).status_code == 200
    labels = {each["label"] for each in (await client.get("/v1/facets")).json()["facets"][0]["choices"]}
    assert "Fashion" in labels
    assert "Clothing" not in labels
    assert (await client.get("/v1/products", params={"department": "clothing"})).json()["items"][0]["department"] == (
        "Fashion"
    )
    await grow(session, dress(1, "Maxi"))  # the file still says Clothing
    renamed = await session.execute(text("SELECT department FROM catalog.products WHERE sku = 'dress-1'"))
    assert renamed.scalar_one() == "Fashion"
    assert await events(session, ids["dress-1"]) == ["catalog.product_published"] * 2
    removed = [(await client.delete(f"/v1/operate/categories/{path}")).status_code
               for path in ("clothing", "clothing/dresses/maxi", "toys", "toys/dolls", "toys", "toys")]  # fmt: skip
    assert removed == [409, 409, 409, 204, 204, 404]
    acts = await session.execute(text("SELECT action FROM core.audit_log ORDER BY entry_id"))
    assert [act for act in acts.scalars() if "category" in act] == [
        "catalog.add_category", "catalog.add_category", "catalog.rename_category", "catalog.remove_category",
        "catalog.remove_category",
    ]  # fmt: skip


async def test_the_operators_page(client: AsyncClient, keeper: SignedUp, session: AsyncSession) -> None:
    await grow(session, dress(1, "Maxi"))
    top = await client.get("/operate/categories", headers=PAGE)
    assert "Clothing" in top.text
    node = await client.get("/operate/categories", params={"path": "clothing/dresses"}, headers=PAGE)
    assert "Maxi" in node.text
    assert (await client.get("/operate/categories", params={"path": "none"}, headers=PAGE)).status_code == 404


async def test_a_category_added_twice_at_once(committed: Database) -> None:
    both = await asyncio.gather(*(categories.add(uuid4(), "", "Toys") for _ in range(8)), return_exceptions=True)
    assert [each for each in both if isinstance(each, str)] == ["toys"]
    assert sum(isinstance(each, CategoryExists) for each in both) == 7


async def test_two_files_grow_the_same_nodes_at_once(committed: Database, committed_client: AsyncClient) -> None:
    async def load(start: int) -> None:
        async with transaction() as mine:
            rows = [dress(start + n, f"Deep {n % 7}", f"Deeper {n % 3}") for n in range(40)]
            await catalog.import_products(mine, rows if start % 2 else rows[::-1])

    await asyncio.gather(*(load(start) for start in (100, 201, 300, 401)))
    async with transaction() as session:
        kept, fresh = await counted_anew(session)
    assert kept == fresh
    assert sum(count for _, count in await names(committed_client, "clothing/dresses")) == 160


async def test_a_source_is_known_by_its_codes(session: AsyncSession, client: AsyncClient) -> None:
    await grow(session, dress(1))
    nodes = [
        CategorySource("a", "Clothing", None),
        CategorySource("b", "Shoes", "a"),
        CategorySource("c", "Shoes!", "a"),
        CategorySource("d", "Boots", "c"),
    ]
    assert [await catalog.store_categories(nodes) for _ in range(2)] == [4, 0]
    renamed = [*nodes[:3], CategorySource("d", "Rain boots", "c")]
    assert await catalog.store_categories(renamed) == 1
    assert await names(client, "clothing") == [("clothing/dresses", 1), ("clothing/shoes", 0), ("clothing/shoes-2", 0)]
    below = (await client.get("/v1/categories/clothing/shoes-2")).json()["below"]
    assert [(each["path"], each["name"]) for each in below] == [("clothing/shoes-2/boots", "Rain boots")]


async def test_the_page_refuses_in_place(client: AsyncClient, keeper: SignedUp, session: AsyncSession) -> None:
    await grow(session, dress(1))
    page = await client.get("/operate/categories", headers=PAGE)
    token = {"csrf_token": page.text.split('name="csrf_token" value="')[1].split('"')[0]}
    for act, form, said in (
        ("add", {"name": ""}, "Must have 1 to 100 characters."),
        ("add", {"name": "Clothing"}, "There is one with this address already."),
        ("rename", {"path": "clothing", "name": " "}, "Must have 1 to 100 characters."),
        ("remove", {"path": "clothing"}, "Something stands in it"),
    ):
        answer = await client.post(f"/operate/categories/{act}", data=token | form, headers=PAGE)
        assert (answer.status_code, said in answer.text) == (422, True), (act, form)
    gone = await client.post("/operate/categories/remove", data=token | {"path": "none"}, headers=PAGE)
    assert gone.status_code == 404
