"""Pages over HTTP: what they show, what they refuse, what they tell Kafka."""

import re
from typing import Any

import orjson
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.buffered import get_buffer
from api.core.settings import get_settings
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.inventory import facade as inventory
from api.web import frame
from api.web.home import SHELF
from tests.api.conftest import OneConnection, SignUp

PAGE = {"Accept": "text/html"}
Shop = dict[str, int]


@pytest.fixture
async def shop(rolled_back: OneConnection, session: AsyncSession) -> Shop:
    """A small shop: name → product id; the header knows its departments."""
    rows = [
        ProductImport("c", "Shredded cheese · 8 oz", "Grocery", "Cheese", "Shredded cheese", "National", "8 oz", 299),
        ProductImport("k", "Chocolate cookies", "Grocery", "Cookies", "Cookies", "Private", None, 199),
        ProductImport("r", "Roses <red>", "Floral", "Roses", "Roses", "National", None, 1299),
    ]
    ids = await catalog.import_products(session, rows)
    await inventory.receive_many(session, [(ids["c"], 9), (ids["k"], 3)])
    await session.commit()
    frame.AISLES.departments = ()
    return ids


async def token(client: AsyncClient, path: str = "/sign-in") -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', (await client.get(path, headers=PAGE)).text)
    assert found
    return found[1]


async def recorded(session: AsyncSession, kind: str) -> list[Any]:
    """Events of a type, wherever the request left them: Kafka is not asked in these tests, its receipts are."""
    await get_buffer().flush()
    sent = await session.execute(text("SELECT envelope FROM core.outbox WHERE type = :kind"), {"kind": kind})
    told = await session.execute(
        text("SELECT unnest(event_ids) FROM core.capture_receipts WHERE type = :kind"), {"kind": kind}
    )
    return [orjson.loads(row.envelope) for row in sent] + [row[0] for row in told]


async def test_the_first_page_shows_products_departments_and_prices(client: AsyncClient, shop: Shop) -> None:
    answer = await client.get("/", headers=PAGE)
    assert answer.status_code == 200
    assert "Shredded cheese" in answer.text
    assert "$2.99" in answer.text
    assert 'href="/c/floral"' in answer.text
    assert len(answer.content) < 100_000
    elsewhere = answer.text.replace(get_settings().api_url, "")
    assert "http://" not in re.sub(r'xmlns="[^"]*"', "", elsewhere)


async def test_a_shelf_has_room_for_other_kinds_beside_the_best_seller(
    client: AsyncClient, shop: Shop, session: AsyncSession
) -> None:
    sizes = range(20, 40)
    rows = [
        ProductImport(f"t{n}", f"Tea · {n} oz", "Tea room", "Tea", "Tea", "National", f"{n} oz", 300) for n in sizes
    ]
    rows.insert(0, ProductImport("u", "Scones", "Tea room", "Pastry", "Scones", "National", None, 250))
    await catalog.import_products(session, rows)
    await session.commit()
    frame.AISLES.departments = ()
    shelf = (await client.get("/", headers=PAGE)).text.partition("Best in Tea room")[2].partition("</section>")[0]
    assert shelf.count("<h3") == SHELF
    assert "Scones" in shelf


async def test_an_empty_shop_says_what_to_do_next(client: AsyncClient, rolled_back: OneConnection) -> None:
    frame.AISLES.departments = ()
    answer = await client.get("/", headers=PAGE)
    assert answer.status_code == 200
    assert "agora load complete-journey" in answer.text


async def test_a_search_forgives_a_typing_error_and_is_recorded(
    client: AsyncClient, shop: Shop, session: AsyncSession
) -> None:
    answer = await client.get("/search", params={"query": "choclate"}, headers=PAGE)
    assert "Chocolate cookies" in answer.text
    assert "1 product" in answer.text
    assert len(await recorded(session, "analytics.search_performed")) == 1
    assert len(await recorded(session, "analytics.page_viewed")) == 1


async def test_a_search_without_a_result_says_what_to_try(client: AsyncClient, shop: Shop) -> None:
    answer = await client.get("/search", params={"query": "<script>qqqqqqq"}, headers=PAGE)
    assert answer.status_code == 200
    assert "Nothing found" in answer.text
    assert "<script>q" not in answer.text


async def test_a_department_lists_its_products_and_unknown_ones_are_not_found(client: AsyncClient, shop: Shop) -> None:
    answer = await client.get("/c/grocery", headers=PAGE)
    assert "Shredded cheese" in answer.text
    assert "Roses" not in answer.text.partition("<main")[2]
    assert (await client.get("/c/grocery", params={"category": "cheese"}, headers=PAGE)).status_code == 200
    assert (await client.get("/c/nowhere", headers=PAGE)).status_code == 404
    assert (await client.get("/c/grocery", params={"category": "nothing"}, headers=PAGE)).status_code == 404


async def test_a_product_page_has_one_address_and_its_facts(
    client: AsyncClient, shop: Shop, session: AsyncSession
) -> None:
    moved = await client.get(f"/p/{shop['c']}", headers=PAGE)
    assert moved.status_code == 301
    answer = await client.get(moved.headers["location"], headers=PAGE)
    assert answer.status_code == 200
    assert "In stock" in answer.text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', answer.text, re.S)
    assert found
    said = orjson.loads(found[1])
    assert (said["offers"]["price"], said["offers"]["availability"]) == ("2.99", "https://schema.org/InStock")
    assert (said["brand"]["name"], said["url"]) == ("National", f"{get_settings().api_url}{moved.headers['location']}")
    crumbs = orjson.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', answer.text, re.S)[1])
    assert [each["name"] for each in crumbs["itemListElement"]] == [
        "Shop",
        "Grocery",
        "Cheese",
        "Shredded cheese · 8 oz",
    ]
    assert len(await recorded(session, "analytics.product_viewed")) == 1


async def test_a_redirection_is_no_view(client: AsyncClient, shop: Shop, session: AsyncSession) -> None:
    await client.get(f"/p/{shop['c']}", headers=PAGE)
    assert await recorded(session, "analytics.product_viewed") == []
    assert await recorded(session, "analytics.page_viewed") == []


async def test_a_product_without_stock_cannot_be_added(client: AsyncClient, shop: Shop) -> None:
    answer = await client.get(f"/p/{shop['r']}", headers=PAGE, follow_redirects=True)
    assert "Out of stock" in answer.text
    assert "Roses &lt;red&gt;" in answer.text
    assert re.search(r'<button class="btn" type="submit" disabled', answer.text)


@pytest.mark.parametrize("path", ["/p/0", "/p/x", "/p/99999999999999999999", "/p/¹", "/nowhere", "/pictures/a.b.c.svg"])
async def test_what_is_not_there_is_a_page_that_helps(client: AsyncClient, shop: Shop, path: str) -> None:
    answer = await client.get(path, headers=PAGE)
    assert answer.status_code == 404
    assert "not on our shelves" in answer.text
    assert 'role="search"' in answer.text


async def test_a_refusal_without_a_page_of_its_own_says_what_it_is(client: AsyncClient, shop: Shop) -> None:
    answer = await client.delete("/cart", headers=PAGE)
    assert answer.status_code == 405
    assert "Method Not Allowed" in answer.text
    assert "our side" not in answer.text


async def test_pictures_may_be_kept_for_a_year(client: AsyncClient) -> None:
    answer = await client.get("/pictures/cheese.amber.1.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "immutable" in answer.headers["cache-control"]


async def test_the_cart_takes_a_form_and_a_script(client: AsyncClient, shop: Shop) -> None:
    fields = {"csrf_token": await token(client), "product_id": shop["c"], "quantity": 2}
    answer = await client.post("/cart/items", data=fields, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cart?added={shop['c']}")
    answer = await client.post("/cart/items", data=fields, headers={"Accept": "application/json"})
    assert answer.json() == {"item_count": 4}
    page = await client.get(f"/cart?added={shop['c']}", headers=PAGE)
    assert "is in your cart" in page.text
    assert "$11.96" in page.text


async def test_a_form_of_another_browser_is_refused(client: AsyncClient, shop: Shop) -> None:
    answer = await client.post("/cart/items", data={"csrf_token": "no", "product_id": shop["c"]}, headers=PAGE)
    assert answer.status_code == 403
    assert "expired" in answer.text


async def test_a_line_changes_and_goes(client: AsyncClient, shop: Shop) -> None:
    proof = {"csrf_token": await token(client)}
    await client.post("/cart/items", data=proof | {"product_id": shop["c"]}, headers=PAGE)
    await client.post(f"/cart/items/{shop['c']}", data=proof | {"quantity": 7}, headers=PAGE)
    assert "$20.93" in (await client.get("/cart", headers=PAGE)).text
    for _ in range(2):
        answer = await client.post(f"/cart/items/{shop['c']}/remove", data=proof, headers=PAGE)
        assert answer.status_code == 303
    assert "Nothing in it yet" in (await client.get("/cart", headers=PAGE)).text


async def test_more_than_there_is_keeps_one_from_the_checkout(client: AsyncClient, shop: Shop) -> None:
    proof = {"csrf_token": await token(client)}
    await client.post("/cart/items", data=proof | {"product_id": shop["k"], "quantity": 4}, headers=PAGE)
    page = (await client.get("/cart", headers=PAGE)).text
    assert "Only 3 left" in page
    assert 'href="/checkout"' not in page


@pytest.mark.parametrize("path", ["/checkout", "/orders", "/dashboards/overview"])
async def test_pages_of_a_person_lead_to_the_sign_in_and_back(client: AsyncClient, shop: Shop, path: str) -> None:
    answer = await client.get(path, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")


async def test_registering_leads_to_the_sign_in_and_from_there_to_where_one_wanted(
    client: AsyncClient, shop: Shop
) -> None:
    proof = {"csrf_token": await token(client), "next": "/cart"}
    person = {"email": "ada@example.org", "display_name": "Ada Lovelace", "password": "three quiet words"}
    answer = await client.post("/register", data=proof | person, headers=PAGE)
    assert answer.headers["location"] == "/sign-in?registered=true&next=/cart"
    answer = await client.post("/sign-in", data=proof | person, headers=PAGE)
    assert answer.headers["location"] == "/cart"
    assert "Good to see you, Ada" in (await client.get("/", headers=PAGE)).text
    signed_in = {"csrf_token": await token(client, "/account")}
    await client.post("/sign-out", data=signed_in, headers=PAGE)
    assert "Sign in" in (await client.get("/", headers=PAGE)).text


async def test_a_wrong_registration_keeps_what_was_typed_but_never_the_password(
    client: AsyncClient, shop: Shop
) -> None:
    fields = {"csrf_token": await token(client), "email": "ada", "display_name": "Ada", "password": "hunter2hunter2"}
    answer = await client.post("/register", data=fields, headers=PAGE)
    assert answer.status_code == 422
    assert 'value="ada"' in answer.text
    assert "hunter2" not in answer.text
    assert 'id="e-email"' in answer.text
    assert 'id="e-password"' not in answer.text


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"])
async def test_nobody_is_sent_to_another_site_after_the_sign_in(client: AsyncClient, shop: Shop, target: str) -> None:
    page = await client.get("/sign-in", params={"next": target}, headers=PAGE)
    assert 'name="next" value="/"' in page.text


async def test_the_overview_is_for_executives_and_says_when_there_is_nothing_yet(
    client: AsyncClient, shop: Shop, sign_up: SignUp
) -> None:
    customer = await sign_up()
    refused = await client.get("/dashboards/overview", headers=PAGE | customer.headers)
    assert refused.status_code == 403
    assert "not open to your account" in refused.text
