"""Collections: picked by hand, in their order, shown to shoppers, kept by operators."""

import asyncio
import re
from typing import Any
from uuid import uuid4

from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database
from tests.api.catalog.test_keeping import PAGE
from tests.api.conftest import SignedUp, SignUp

PATH = "/v1/operate/collections"


async def create_collection(client: AsyncClient, **other: Any) -> Response:
    return await client.post(PATH, json={"title": "Movie night"} | other, headers={"Idempotency-Key": str(uuid4())})


async def test_a_collection_is_shown_in_its_order(
    client: AsyncClient, keeper: SignedUp, shop: dict[str, int], session: AsyncSession
) -> None:
    ids = [shop[sku] for sku in ("milk-1", "choc-2", "fuel-1", "gum-1")]
    made = (await create_collection(client, product_ids=ids)).json()
    shown = (await client.get("/v1/collections/movie-night")).json()
    assert [each["sku"] for each in shown["products"]] == ["milk-1", "choc-2", "gum-1"], "what is not sold is left out"
    page = await client.get("/collections/movie-night", headers=PAGE)
    assert page.status_code == 200
    assert page.text.index("Whole milk") < page.text.index("Dark chocolate")
    change = {"title": "Movies", "product_ids": ids[:2][::-1], "version": made["version"]}
    edited = await client.put(f"{PATH}/{made['collection_id']}", json=change)
    assert (edited.json()["slug"], edited.json()["product_ids"]) == ("movie-night", ids[:2][::-1])
    stale = await client.put(f"{PATH}/{made['collection_id']}", json=change | {"title": "Films"})
    assert (stale.status_code, stale.json()["changed"]) == (409, {"title": "Movies"})
    hide = change | {"is_active": False, "version": edited.json()["version"]}
    assert (await client.put(f"{PATH}/{made['collection_id']}", json=hide)).status_code == 200
    for path in ("/v1/collections/movie-night", "/collections/movie-night", "/v1/collections/none"):
        assert (await client.get(path)).status_code == 404, path
    assert [each["title"] for each in (await client.get(PATH)).json()["items"]] == ["Movies"]
    acts = await session.execute(text("SELECT action FROM core.audit_log ORDER BY entry_id"))
    assert list(acts.scalars()) == ["catalog.create_collection"] + ["catalog.edit_collection"] * 2


async def test_refusals_of_collections(client: AsyncClient, keeper: SignedUp, shop: dict[str, int]) -> None:
    gum = shop["gum-1"]
    for wrong in ({"title": " "}, {"product_ids": [gum, gum]}, {"product_ids": [999999999]}, {"product_ids": [0]}):
        assert (await create_collection(client, **wrong)).status_code == 422, wrong
    assert (await client.put(f"{PATH}/999999999", json={"title": "x", "version": 1})).status_code == 404


async def test_only_operators_keep_collections(client: AsyncClient, sign_up: SignUp) -> None:
    somebody = await sign_up("analyst")
    for method, path in (("GET", PATH), ("POST", PATH), ("PUT", f"{PATH}/1"), ("GET", "/operate/collections")):
        for headers, status in (({}, 401), (somebody.headers, 403)):
            assert (await client.request(method, path, headers=headers)).status_code == status, path


async def test_the_page_of_collections(client: AsyncClient, keeper: SignedUp, shop: dict[str, int]) -> None:
    page = await client.get("/operate/collections", headers=PAGE)
    token = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert token
    form = {"csrf_token": token[1], "title": "Snacks", "product_ids": str(shop["gum-1"]), "is_active": "yes"}
    for name, value in (("title", ""), ("product_ids", "gum"), ("product_ids", "999999999"), ("title", "x" * 101)):
        refused = await client.post("/operate/collections", headers=PAGE, data=form | {name: value})
        assert (refused.status_code, f'id="e-{name}"' in refused.text) == (422, True), value
    made = await client.post("/operate/collections", headers=PAGE, data=form)
    assert made.status_code == 303
    assert (await client.post("/operate/collections", headers=PAGE, data=form)).status_code == 422
    path = f"/operate/collections/{made.headers['location'].rpartition('=')[2]}"
    change = form | {"version": "1", "title": "Sweets"}
    assert (await client.post(path, headers=PAGE, data=change)).status_code == 303
    stale = await client.post(path, headers=PAGE, data=change | {"title": "Treats"})
    assert (stale.status_code, 'value="Treats"' in stale.text) == (409, True)


async def test_one_edit_of_many_wins(committed: Database, committed_client: AsyncClient, sign_up: SignUp) -> None:
    committed_client.headers.update((await sign_up("operator")).headers)
    made = await asyncio.gather(*(create_collection(committed_client) for _ in range(4)))
    assert sorted(each.status_code for each in made) == [201, 409, 409, 409]
    collection_id = next(each.json()["collection_id"] for each in made if each.status_code == 201)
    bodies = [{"title": f"Movies {number}", "version": 1} for number in range(4)]
    answers = await asyncio.gather(*(committed_client.put(f"{PATH}/{collection_id}", json=body) for body in bodies))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
