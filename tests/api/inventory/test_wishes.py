"""Wishlists: kept by people, told of lower prices once, and a place in the line while something is sold out."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.core.inbox import ReceivedEvent
from api.domains.catalog import facade as catalog
from api.domains.catalog.handlers import HANDLERS as CATALOG
from api.domains.catalog.service import wishes
from api.domains.inventory import facade as inventory
from api.domains.inventory.handlers import HANDLERS
from ingestion.contracts import Event
from ingestion.contracts.catalog import ItemUnwished, ItemWished, PriceChanged
from tests.api.conftest import SignUp
from tests.api.inventory.test_alerts import a_product, hear, sell

PAGE = {"Accept": "text/html"}
MAILS = "SELECT args->'args'->>'to', args->'args'->>'subject' FROM procrastinate_jobs WHERE args->'args' ? 'subject'"


async def mails(session: AsyncSession) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in await session.execute(text(f"{MAILS} ORDER BY id"))]


async def tell(*events: Event) -> None:
    """What the worker does with these events."""
    async with transaction() as session:
        for event in events:
            received = [ReceivedEvent(uuid4(), datetime.now(UTC), event)]
            for handlers in (CATALOG, HANDLERS):
                if event.type in handlers:
                    await handlers[event.type](session, received)


async def reprice(product_id: int, price_minor: int) -> None:
    async with transaction() as session:
        was = (await catalog.get_variants(session, [product_id]))[product_id].price_minor
        await catalog.change_price(session, product_id, price_minor)
    await tell(
        PriceChanged(
            product_id=product_id,
            variant_id=product_id,
            old_price_minor=was,
            new_price_minor=price_minor,
            currency="USD",
        )
    )
    await wishes.tell_lower_price(product_id)


def wished(person: UUID, product_id: int) -> ItemWished:
    return ItemWished(customer_id=person, product_id=product_id, variant_id=product_id, price_minor=400, currency="USD")


async def test_a_wish_is_kept_once(client: AsyncClient, sign_up: SignUp, session: AsyncSession) -> None:
    product_id = await a_product(3)
    person = await sign_up()
    path = f"/v1/me/wishlist/{product_id}"
    answers = [await client.put(path, headers=person.headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [204, 204]
    (item,) = (await client.get("/v1/me/wishlist", headers=person.headers)).json()["items"]
    assert (item["variant_id"], item["price_minor"], item["wished_price_minor"]) == (product_id, 400, 400)
    other = await sign_up()
    assert (await client.get("/v1/me/wishlist", headers=other.headers)).json() == {"items": []}
    assert [(await client.delete(path, headers=person.headers)).status_code for _ in range(2)] == [204, 204]
    assert (await client.get("/v1/me/wishlist", headers=person.headers)).json() == {"items": []}
    kinds = (
        await session.execute(text("SELECT type FROM core.outbox WHERE type LIKE '%wished' ORDER BY id"))
    ).scalars()
    assert list(kinds) == ["catalog.item_wished", "catalog.item_unwished"]


async def test_who_may_not(client: AsyncClient, sign_up: SignUp) -> None:
    assert (await client.get("/v1/me/wishlist")).status_code == 401
    assert (await client.put("/v1/me/wishlist/1")).status_code == 401
    person = await sign_up()
    assert (await client.put("/v1/me/wishlist/999999999", headers=person.headers)).status_code == 404


async def test_a_full_list_says_so(client: AsyncClient, sign_up: SignUp, session: AsyncSession) -> None:
    product_id = await a_product(3)
    person = await sign_up()
    await session.execute(
        text(
            "INSERT INTO catalog.wishes (customer_id, variant_id, known_price_minor, wished_price_minor)"
            " SELECT :person, -number, 1, 1 FROM generate_series(1, 200) AS number"
        ),
        {"person": person.customer_id},
    )
    await session.commit()
    refused = await client.put(f"/v1/me/wishlist/{product_id}", headers=person.headers)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "wishlist-full")
    assert not await catalog.is_wished(session, person.customer_id, product_id)


async def test_a_lower_price_is_told_once(client: AsyncClient, sign_up: SignUp, session: AsyncSession) -> None:
    product_id = await a_product(3)
    person, quiet = await sign_up(), await sign_up()
    for each in (person, quiet):
        await client.put(f"/v1/me/wishlist/{product_id}", headers=each.headers)
    await session.execute(
        text("INSERT INTO identity.preferences (customer_id, declined_mails) VALUES (:id, '{price-drop}')"),
        {"id": quiet.customer_id},
    )
    await session.commit()
    for price in (500, 350, 450, 350, 380):  # dearer, cheaper, dearer, as cheap as told, dearer
        await reprice(product_id, price)
    assert await mails(session) == [(person.email, "Cheaper now: Green tea")]
    await reprice(product_id, 300)
    assert len(await mails(session)) == 2


async def test_one_fall_told_by_many_workers_at_once(committed: Database) -> None:
    product_id = await a_product(3)
    people = [uuid4() for _ in range(30)]
    async with transaction() as session:
        for person in people:
            await wishes.add(session, person, product_id)
        await session.execute(
            text(
                "INSERT INTO identity.customers (customer_id, email, display_name, source, registered_at)"
                " SELECT id, id || '@example.org', 'Somebody', 'test', now() FROM unnest(CAST(:ids AS uuid[])) AS id"
            ),
            {"ids": people},
        )
        await catalog.change_price(session, product_id, 100)
    await asyncio.gather(*(wishes.tell_lower_price(product_id) for _ in range(6)))
    async with transaction() as session:
        told = [to for to, _ in await mails(session)]
    assert sorted(told) == sorted(f"{person}@example.org" for person in people)


async def test_the_same_wish_many_times_at_once(committed: Database) -> None:
    product_id, person = await a_product(3), uuid4()

    async def wish() -> None:
        async with transaction() as session:
            await wishes.add(session, person, product_id)

    await asyncio.gather(*(wish() for _ in range(8)))
    async with transaction() as session:
        assert len(await wishes.wishlist(session, person)) == 1
        told = await session.execute(text("SELECT count(*) FROM core.outbox WHERE type = 'catalog.item_wished'"))
        assert told.scalar_one() == 1


async def test_who_wishes_for_what_is_sold_out_stands_in_line(
    client: AsyncClient, sign_up: SignUp, session: AsyncSession
) -> None:
    sold_out, selling = await a_product(0), await a_product(1)
    person = await sign_up()
    for product_id in (sold_out, selling):
        await client.put(f"/v1/me/wishlist/{product_id}", headers=person.headers)
        await tell(wished(person.customer_id, product_id))
    assert await inventory.is_waiting(session, person.customer_id, sold_out)
    assert not await inventory.is_waiting(session, person.customer_id, selling)
    await sell(selling, 1)
    await hear(selling)
    assert await inventory.is_waiting(session, person.customer_id, selling)
    await client.delete(f"/v1/me/wishlist/{selling}", headers=person.headers)
    gone = ItemUnwished(customer_id=person.customer_id, product_id=selling, variant_id=selling)
    await tell(gone, wished(person.customer_id, selling))  # the older event comes late
    assert not await inventory.is_waiting(session, person.customer_id, selling)


async def test_the_page(client: AsyncClient, sign_up: SignUp) -> None:
    product_id = await a_product(3)
    person = await sign_up()
    client.headers.update(person.headers)
    empty = await client.get("/wishlist", headers=PAGE)
    assert "Nothing here yet" in empty.text
    product = await client.get(f"/p/{product_id}-green-tea", headers=PAGE)
    token = {"csrf_token": product.text.split('name="csrf_token" value="')[1].split('"')[0]}
    assert (await client.post(f"/p/{product_id}/wish", headers=PAGE)).status_code == 403
    added = await client.post(f"/p/{product_id}/wish", data=token, headers=PAGE)
    assert (added.status_code, added.headers["location"]) == (303, f"/p/{product_id}?variant={product_id}")
    await reprice(product_id, 350)
    assert "$0.50 less" in (await client.get("/wishlist", headers=PAGE)).text
    gone = await client.post(f"/p/{product_id}/wish", data=token | {"act": "remove", "back": "list"}, headers=PAGE)
    assert gone.headers["location"] == "/wishlist"
    assert "Nothing here yet" in (await client.get("/wishlist", headers=PAGE)).text
