"""Operators keep products: made, edited, shown on their day, archived, brought back."""

import re
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog import facade as catalog
from api.domains.catalog.service import keeping
from tests.api.conftest import SignedUp, SignUp

PAGE = {"accept": "text/html"}
KETTLE = {"title": "Kettle", "department": "Home", "product_type": "Kettles", "price_minor": 2999}
DRAFT = ("title", "department", "category", "product_type", "brand", "size", "price_minor", "attributes", "version")


async def create(client: AsyncClient, **other: Any) -> Response:
    headers = {"Idempotency-Key": str(uuid4())}
    return await client.post("/v1/operate/products", json=KETTLE | {"sku": "kettle-1"} | other, headers=headers)


async def seen(client: AsyncClient, product_id: int) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"/v1/operate/products/{product_id}")).json()
    return answer


async def edit(client: AsyncClient, was: dict[str, Any], **other: Any) -> Response:
    body = {name: was[name] for name in DRAFT} | other
    return await client.put(f"/v1/operate/products/{was['product_id']}", json=body)


async def events(session: AsyncSession, product_id: int) -> list[str]:
    statement = text("SELECT type FROM core.outbox WHERE key = :key ORDER BY event_id")
    return list((await session.execute(statement, {"key": str(product_id)})).scalars())


async def counted_anew(session: AsyncSession) -> tuple[set[Any], set[Any]]:
    """The kept cells, and the same counted from the products."""
    columns = "department_slug, category_slug, category_path, product_type, brand"
    kept = f"SELECT {columns}, price_range, products FROM catalog.facet_cells WHERE products > 0"  # noqa: S608
    fresh = f"""
        SELECT {columns}, catalog.price_range(price_minor), count(*) FROM catalog.products WHERE is_active
        GROUP BY 1, 2, 3, 4, 5, 6"""  # noqa: S608
    both = [(await session.execute(text(each))).all() for each in (kept, fresh)]
    return {tuple(row) for row in both[0]}, {tuple(row) for row in both[1]}


async def test_a_product_is_made_and_found(client: AsyncClient, keeper: SignedUp, session: AsyncSession) -> None:
    made = await create(client)
    assert (made.status_code, made.json()["state"]) == (201, "active")
    found = (await client.get("/v1/products", params={"query": "kettle"})).json()["items"]
    assert [each["sku"] for each in found] == ["kettle-1"]
    assert (await client.get("/v1/suggestions", params={"query": "kett"})).json()["suggestions"]
    assert await events(session, made.json()["product_id"]) == ["catalog.product_published"]
    for words in ("kettle", "kettle-1", str(made.json()["product_id"])):
        page = (await client.get("/v1/operate/products", params={"query": words})).json()
        assert [each["sku"] for each in page["items"]] == ["kettle-1"], words


async def test_the_list_goes_on_behind_its_cursor(client: AsyncClient, keeper: SignedUp, shop: dict[str, int]) -> None:
    skus, cursor = [], ""
    while cursor is not None:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/operate/products", params=params)).json()
        skus += [each["sku"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(skus) == sorted(shop)
    unlisted = (await client.get("/v1/operate/products", params={"state": "unlisted"})).json()["items"]
    assert [each["sku"] for each in unlisted] == ["fuel-1"]


async def test_refusals(client: AsyncClient, keeper: SignedUp, shop: dict[str, int], session: AsyncSession) -> None:
    assert (await create(client, sku="gum-1")).status_code == 409
    for wrong in ({"price_minor": 0}, {"title": " "}, {"attributes": {"Colour": "red"}}, {"currency": "usd"}):
        assert (await create(client, **wrong)).status_code == 422, wrong
    assert (await client.get("/v1/operate/products/999999999")).status_code == 404
    for act in ("archive", "restore"):
        assert (await client.post(f"/v1/operate/products/999999999/{act}")).status_code == 404
    was = await seen(client, shop["gum-1"])
    assert (await edit(client, was, price_minor=-1)).status_code == 422
    assert (await client.get("/v1/operate/products", params={"cursor": "x"})).status_code == 422
    acts = await session.execute(text("SELECT count(*) FROM core.audit_log"))
    assert acts.scalar_one() == 0


async def test_only_operators(client: AsyncClient, sign_up: SignUp) -> None:
    somebody = await sign_up("analyst")
    for method, path in (
        ("GET", "products"), ("POST", "products"), ("GET", "products/1"), ("PUT", "products/1"),
        ("POST", "products/1/archive"), ("POST", "products/1/restore"), ("PUT", "product-types/Tea/attributes"),
    ):  # fmt: skip
        for headers, status in (({}, 401), (somebody.headers, 403)):
            answer = await client.request(method, f"/v1/operate/{path}", headers=headers)
            assert answer.status_code == status, path


async def test_an_edit_is_kept_once_and_counts_follow(
    client: AsyncClient, keeper: SignedUp, session: AsyncSession, shop: dict[str, int]
) -> None:
    was = await seen(client, shop["gum-1"])
    edited = await edit(client, was, title="Bubble gum", category="Gum", price_minor=700)
    assert (edited.status_code, edited.json()["title"], edited.json()["price_minor"]) == (200, "Bubble gum", 700)
    again = await edit(client, edited.json())
    assert again.json()["version"] == edited.json()["version"]
    kept, fresh = await counted_anew(session)
    assert kept == fresh
    assert (await client.get("/v1/facets", params={"category": "gum"})).json()["total"] == 1
    assert "catalog.price_changed" in await events(session, shop["gum-1"])


async def test_a_stale_edit_is_told_what_changed(client: AsyncClient, keeper: SignedUp, shop: dict[str, int]) -> None:
    was = await seen(client, shop["gum-1"])
    assert (await edit(client, was, title="Bubble gum")).status_code == 200
    refused = await edit(client, was, title="Chewing gum", brand="Chewy")
    assert (refused.status_code, refused.json()["changed"]) == (409, {"title": "Bubble gum", "brand": "National"})
    assert (await edit(client, was | {"version": refused.json()["version"]}, title="Gum")).status_code == 200


async def test_a_product_waits_for_its_day(
    client: AsyncClient, keeper: SignedUp, session: AsyncSession, shop: dict[str, int]
) -> None:
    made = (await create(client, available_from="2999-01-01T00:00:00Z")).json()
    product_id = made["product_id"]
    assert made["state"] == "scheduled"
    for path in (f"/v1/products/{product_id}", f"/p/{product_id}-kettle", f"/v1/products/{product_id}/variants"):
        assert (await client.get(path)).status_code == 404, path
    assert (await client.get("/v1/products", params={"query": "kettle"})).json()["items"] == []
    assert "kettle" not in (await client.get("/sitemaps/0.xml")).text
    assert await keeping.publish_due() == 0
    await session.execute(
        text("UPDATE catalog.products SET available_from = now() - interval '1 s' WHERE product_id = :id"),
        {"id": product_id},
    )
    await session.commit()
    assert [await keeping.publish_due() for _ in range(2)] == [1, 0]
    assert (await client.get(f"/v1/products/{product_id}")).status_code == 200
    assert await events(session, product_id) == ["catalog.product_published"] * 2


async def test_an_archived_product_is_gone_and_comes_back(
    client: AsyncClient, keeper: SignedUp, session: AsyncSession, shop: dict[str, int], make_product: Any
) -> None:
    product_id = shop["choc-1"]
    path = f"/v1/operate/products/{product_id}"
    answers = [await client.post(f"{path}/archive") for _ in range(2)]
    assert {each.json()["state"] for each in answers} == {"archived"}
    page = await client.get(f"/p/{product_id}-milk-chocolate-bar-2-oz", headers=PAGE)
    assert page.status_code == 410
    assert "Dark chocolate" in page.text
    assert (await client.get(f"/v1/products/{product_id}")).status_code == 410
    assert "milk-chocolate" not in (await client.get("/sitemaps/0.xml")).text
    assert await catalog.variants_for_sale(session, [product_id]) == {}
    assert product_id in await catalog.get_products(session, [product_id])
    file_says = make_product("choc-1", "Milk chocolate bar · 2 oz", price_minor=129)
    outcome = await catalog.write_products(session, [file_says])
    assert not outcome.changed, "a file does not bring back what was archived"
    await session.commit()
    kept, fresh = await counted_anew(session)
    assert kept == fresh
    for _ in range(2):
        assert (await client.post(f"{path}/restore")).json()["state"] == "active"
    assert (await client.get(f"/v1/products/{product_id}")).status_code == 200
    said = await events(session, product_id)
    assert (said.count("catalog.product_archived"), said.count("catalog.product_restored")) == (1, 1)
    acts = await session.execute(text("SELECT action FROM core.audit_log ORDER BY entry_id"))
    assert list(acts.scalars()) == ["catalog.archive_product", "catalog.restore_product"]


ATTRIBUTES = [
    {"name": "Power", "kind": "number", "unit": "W", "is_required": True},
    {"name": "Cordless", "kind": "boolean"},
    {"name": "Colour", "kind": "choice", "choices": ["red", "white"]},
    {"name": "Material", "kind": "text"},
]


async def test_attributes_are_typed(client: AsyncClient, keeper: SignedUp) -> None:
    path = "/v1/operate/product-types/Kettles/attributes"
    defined = await client.put(path, json={"attributes": ATTRIBUTES})
    assert defined.status_code == 200
    assert (await client.get(path)).json() == defined.json()
    fitting = {"Power": 2200, "Cordless": True, "Colour": "red", "Material": "steel"}
    made = await create(client, attributes=fitting)
    assert (made.status_code, made.json()["attributes"]) == (201, fitting)
    for name, value in (
        ("Power", "much"), ("Power", True), ("Power", 10**400), ("Cordless", 1),
        ("Colour", "blue"), ("Material", ""), ("Weight", 3),
    ):  # fmt: skip
        refused = await create(client, sku="kettle-2", attributes=fitting | {name: value})
        assert refused.status_code == 422, name
        assert [each["field"] for each in refused.json()["errors"]] == [f"attributes.{name}"]
    missing = await create(client, sku="kettle-2", attributes={})
    assert missing.json()["errors"] == [{"field": "attributes.Power", "reason": "is needed"}]


@pytest.mark.parametrize(
    "wrong",
    [
        [{"name": "Colour", "kind": "choice"}],
        [{"name": "Colour", "kind": "text", "choices": ["red"]}],
        [{"name": "Colour", "kind": "text", "unit": "W"}],
        [{"name": "Power", "kind": "text"}, {"name": "power", "kind": "text"}],
    ],
    ids=["no-choices", "choices-of-text", "unit-of-text", "twice"],
)
async def test_wrong_definitions(client: AsyncClient, keeper: SignedUp, wrong: list[dict[str, Any]]) -> None:
    answer = await client.put("/v1/operate/product-types/Kettles/attributes", json={"attributes": wrong})
    assert answer.status_code == 422


FORM = KETTLE | {"sku": "kettle-1", "price": "29.99", "category": "Kettles", "brand": "", "size": ""}


async def proof(client: AsyncClient, path: str) -> str:
    """The token of a page's form."""
    found = re.search(r'name="csrf_token" value="(\w+)"', (await client.get(path, headers=PAGE)).text)
    assert found
    return found[1]


async def send(client: AsyncClient, path: str, **data: Any) -> Response:
    return await client.post(
        path, headers=PAGE, data=data | {"csrf_token": await proof(client, "/operate/products/new")}
    )


async def test_a_product_is_made_and_edited_on_its_page(client: AsyncClient, keeper: SignedUp) -> None:
    await client.put("/v1/operate/product-types/Kettles/attributes", json={"attributes": ATTRIBUTES})
    path = "/operate/products/new"
    wrong = await send(client, path, **FORM, **{"attributes.Power": "much"})
    assert (wrong.status_code, "must be a number" in wrong.text, 'value="much"' in wrong.text) == (422, True, True)
    for name, value in (("price", "x"), ("available_from", "soon"), ("title", "")):
        refused = await send(client, path, **(FORM | {name: value, "attributes.Power": "1"}))
        assert (refused.status_code, f'id="e-{name}"' in refused.text) == (422, True), name
    made = await send(client, path, **FORM, **{"attributes.Power": "2200", "attributes.Cordless": "no"})
    assert made.status_code == 303
    path = made.headers["location"]
    was = await seen(client, int(path.rpartition("/")[2]))
    assert was["attributes"] == {"Power": 2200, "Cordless": False}
    assert (await send(client, "/operate/products/new", **FORM, **{"attributes.Power": "1"})).status_code == 422
    new = FORM | {"attributes.Power": "2200", "attributes.Cordless": "no", "version": "1", "price": "24"}
    assert (await send(client, path, **new)).status_code == 303
    stale = await send(client, path, **(new | {"title": "Red kettle"}))
    assert (stale.status_code, 'value="Red kettle"' in stale.text) == (409, True)
    version = re.search(r'name="version" value="(\d+)"', stale.text)
    assert version
    assert (await send(client, path, **(new | {"title": "Red kettle", "version": version[1]}))).status_code == 303
    for act in ("archive", "restore"):
        assert (await send(client, f"{path}/state", act=act)).status_code == 303
        page = await client.get("/operate/products", params={"query": "kettle"}, headers=PAGE)
        assert "Red kettle" in page.text
    assert (await client.post(path, headers=PAGE, data=new)).status_code == 403
