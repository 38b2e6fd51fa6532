"""Reviews: who may write, what waits to be looked at, what counts, and votes."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.core.inbox import ReceivedEvent
from api.domains.catalog import facade as catalog
from api.domains.catalog.handlers import HANDLERS
from api.domains.catalog.service import reviews
from ingestion.contracts import new_event_id
from ingestion.contracts.ordering import OrderDelivered, OrderLine, OrderPlaced, OrderUnits
from tests.api.catalog.conftest import MakeProduct
from tests.api.conftest import SignedUp, SignUp

FINE = {"rating": 4, "title": "Good", "body": "Melts on the tongue."}


async def deliver(session: AsyncSession, customer_id: UUID, product_id: int) -> None:
    lines = (OrderUnits(product_id=product_id, variant_id=product_id, quantity=1),)
    event = OrderDelivered(order_id=uuid4(), customer_id=customer_id, lines=lines)
    await HANDLERS[OrderDelivered.type](session, [ReceivedEvent(new_event_id(), datetime.now(UTC), event)])


async def buyer(session: AsyncSession, sign_up: SignUp, product_id: int) -> SignedUp:
    person = await sign_up()
    await deliver(session, person.customer_id, product_id)
    return person


async def write(client: AsyncClient, person: SignedUp, product_id: int, **other: Any) -> dict[str, Any]:
    answer = await client.put(f"/v1/products/{product_id}/review", json=FINE | other, headers=person.headers)
    assert answer.status_code == 200, answer.text
    written: dict[str, Any] = answer.json()
    return written


async def kinds(session: AsyncSession) -> list[str]:
    rows = await session.execute(text("SELECT type FROM core.outbox WHERE type LIKE 'catalog.review%' ORDER BY id"))
    return list(rows.scalars())


async def test_a_buyer_reviews_once_and_may_change_it(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    product_id = shop["choc-1"]
    person = await buyer(session, sign_up, product_id)
    first = await write(client, person, product_id)
    again = await write(client, person, product_id, rating=2)
    assert (first["status"], again["rating"], again["review_id"]) == ("published", 2, first["review_id"])
    assert "customer_id" not in first
    listed = (await client.get(f"/v1/products/{product_id}/reviews")).json()
    assert (listed["count"], listed["average"], listed["histogram"]) == (1, 2.0, [0, 1, 0, 0, 0])
    assert [each["body"] for each in listed["items"]] == [FINE["body"]]
    assert await kinds(session) == ["catalog.review_published"] * 2


async def test_who_did_not_get_the_product_may_not(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    other = await buyer(session, sign_up, shop["milk-1"])
    path = f"/v1/products/{shop['choc-1']}/review"
    refused = await client.put(path, json=FINE, headers=other.headers)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2].rpartition(":")[2]) == (403, "not-bought")
    assert (await client.put(path, json=FINE)).status_code == 401
    missing = await client.put("/v1/products/999999/review", json=FINE, headers=other.headers)
    assert missing.status_code == 404


@pytest.mark.parametrize("wrong", [{"rating": 0}, {"rating": 6}, {"title": "t" * 101}, {"body": "a\x00b"}])
async def test_what_cannot_be_a_review_is_refused(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp, wrong: dict[str, Any]
) -> None:
    person = await buyer(session, sign_up, shop["choc-1"])
    path = f"/v1/products/{shop['choc-1']}/review"
    assert (await client.put(path, json=FINE | wrong, headers=person.headers)).status_code == 422
    assert await kinds(session) == []


@pytest.mark.parametrize("source", ["storefront", "complete-journey"])
async def test_only_imported_orders_arrive_when_they_are_placed(
    session: AsyncSession, shop: dict[str, int], source: str
) -> None:
    customer_id, product_id = uuid4(), shop["choc-1"]
    line = OrderLine(
        line_number=1, product_id=product_id, quantity=1, unit_price_minor=129, discount_minor=0, total_minor=129
    )
    event = OrderPlaced(
        order_id=uuid4(), customer_id=customer_id, source=source, currency="USD", total_minor=129, lines=(line,)
    )
    received = ReceivedEvent(new_event_id(), datetime.now(UTC), event)
    for _ in range(2):
        await HANDLERS[OrderPlaced.type](session, [received, received])
    assert await catalog.may_review(session, product_id, customer_id) == (source != "storefront")


async def test_what_waits_is_seen_by_operators_alone_and_does_not_count(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    product_id = shop["choc-1"]
    person, operator = await buyer(session, sign_up, product_id), await sign_up("operator")
    await write(client, person, product_id)
    held = await write(client, person, product_id, body="Cheaper at www.example.org")
    assert held["status"] == "held"
    assert (await client.get(f"/v1/products/{product_id}/reviews")).json()["count"] == 0
    assert (await client.get("/v1/operate/reviews", headers=person.headers)).status_code == 403
    waiting = (await client.get("/v1/operate/reviews", headers=operator.headers)).json()["items"]
    assert [each["review_id"] for each in waiting] == [held["review_id"]]
    path = f"/v1/operate/reviews/{held['review_id']}"
    assert (await client.put(path, json={"is_published": False}, headers=operator.headers)).status_code == 422
    decision = {"is_published": False, "reason": "Advertising"}
    assert (await client.put(path, json=decision, headers=person.headers)).status_code == 403
    assert (await client.put(path, json=decision, headers=operator.headers)).json()["status"] == "rejected"
    assert (await write(client, person, product_id))["status"] == "held"
    for _ in range(2):
        await client.put(path, json={"is_published": True}, headers=operator.headers)
    assert (await client.get(f"/v1/products/{product_id}/reviews")).json()["count"] == 1
    acts = await session.execute(text("SELECT action FROM core.audit_log WHERE subject LIKE 'review:%'"))
    assert sorted(acts.scalars()) == ["reviews.publish", "reviews.reject"]
    assert await kinds(session) == [
        "catalog.review_published", "catalog.review_withdrawn", "catalog.review_published",
    ]  # fmt: skip


async def test_votes_change_and_are_for_others(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    product_id = shop["choc-1"]
    author, voter = await buyer(session, sign_up, product_id), await sign_up()
    path = f"/v1/reviews/{(await write(client, author, product_id))['review_id']}/vote"
    counted = [
        (await client.put(path, json={"is_helpful": vote}, headers=voter.headers)).json()["helpful"]
        for vote in (True, True, False, False, True)
    ]
    assert counted == [1, 1, 0, 0, 1]
    assert (await client.put(path, json={"is_helpful": True}, headers=author.headers)).status_code == 409
    assert (await client.put(path, json={"is_helpful": True})).status_code == 401
    unknown = await client.put(f"/v1/reviews/{uuid4()}/vote", json={"is_helpful": True}, headers=voter.headers)
    assert unknown.status_code == 404


@pytest.mark.parametrize("sort", ["new", "helpful"])
async def test_pages_hold_each_review_once(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp, sort: str
) -> None:
    product_id = shop["choc-1"]
    people = [await buyer(session, sign_up, product_id) for _ in range(5)]
    written = [(await write(client, person, product_id))["review_id"] for person in people]
    voter = await sign_up()
    await client.put(f"/v1/reviews/{written[1]}/vote", json={"is_helpful": True}, headers=voter.headers)
    seen: list[str] = []
    query: dict[str, Any] = {"sort": sort, "limit": 2}
    while True:
        page = (await client.get(f"/v1/products/{product_id}/reviews", params=query)).json()
        seen += [each["review_id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    newest = written[::-1]
    assert seen == (newest if sort == "new" else [written[1], *(each for each in newest if each != written[1])])
    assert (await client.get(f"/v1/products/{product_id}/reviews", params={"cursor": "x"})).status_code == 422


async def test_votes_and_first_reviews_at_once_are_counted_right(
    committed: Database, make_product: MakeProduct, sign_up: SignUp
) -> None:
    async with transaction() as session:
        product_id = (await catalog.import_products(session, [make_product("choc-1", "Chocolate")]))["choc-1"]
        author = await buyer(session, sign_up, product_id)

    async def review(rating: int) -> UUID:
        async with transaction() as session:
            return (await reviews.write(session, author.customer_id, product_id, rating, "", "")).review_id

    ids = await asyncio.gather(*(review(rating) for rating in (1, 2, 3, 4, 5)))
    assert len(set(ids)) == 1
    people = [uuid4() for _ in range(8)]

    async def vote(person: UUID, is_helpful: bool) -> None:
        async with transaction() as session:
            await reviews.vote(session, person, ids[0], is_helpful)

    await asyncio.gather(*(vote(person, wish) for person in people for wish in (True, True, False)))
    async with transaction() as session:
        row = await session.execute(
            text("SELECT helpful, (SELECT count(*) FROM catalog.review_votes) AS votes FROM catalog.reviews")
        )
        helpful, votes = row.one()
        summary = (await catalog.review_summary(session, [product_id]))[product_id]
    assert helpful == votes
    assert summary.count == sum(summary.histogram) == 1


PAGE = {"accept": "text/html"}


async def proof(client: AsyncClient, path: str, person: SignedUp) -> str:
    page = await client.get(path, headers=PAGE | person.headers, follow_redirects=True)
    found = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert found
    return found[1]


async def test_the_product_page_shows_reviews_and_takes_them(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    product_id = shop["choc-1"]
    author, voter = await buyer(session, sign_up, product_id), await sign_up()
    path = f"/p/{product_id}"
    form = {"csrf_token": await proof(client, path, author), "rating": "4", "title": "<b>Good", "body": "One\r\ntwo"}
    assert (await client.post(f"{path}/review", data=form, headers=PAGE | author.headers)).status_code == 303
    own = (await client.get(path, headers=PAGE | author.headers, follow_redirects=True)).text
    assert "Change your review" in own
    assert "&lt;b&gt;Good" in own
    others = (await client.get(path, headers=PAGE | voter.headers, follow_redirects=True)).text
    assert '"aggregateRating"' in others
    assert "Write a review" not in others
    found = re.search(r"/reviews/[0-9a-f-]{36}/vote", others)
    assert found
    for count in ("1", "0"):
        vote = {"csrf_token": await proof(client, path, voter)}
        assert (await client.post(found[0], data=vote, headers=PAGE | voter.headers)).status_code == 303
        shown = (await client.get(path, headers=PAGE | voter.headers, follow_redirects=True)).text
        assert f"Helpful ({count})" in shown


async def test_a_form_with_something_wrong_comes_back_as_it_was_typed(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    author = await buyer(session, sign_up, shop["choc-1"])
    path = f"/p/{shop['choc-1']}"
    form = {"csrf_token": await proof(client, path, author), "rating": "4", "title": "Good", "body": "So <sweet>"}
    for name, value in (("rating", ""), ("rating", "6"), ("title", "x" * 101), ("body", "y" * 4001)):
        answer = await client.post(f"{path}/review", data=form | {name: value}, headers=PAGE | author.headers)
        assert (answer.status_code, f'id="e-{name}"' in answer.text) == (422, True), value[:9]
        assert name == "body" or "So &lt;sweet&gt;</textarea>" in answer.text
        assert name == "title" or 'value="Good"' in answer.text
    stranger = await sign_up()
    form["csrf_token"] = await proof(client, path, stranger)
    assert (await client.post(f"{path}/review", data=form, headers=PAGE | stranger.headers)).status_code == 403


async def test_operators_decide_on_their_page(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    author, operator = await buyer(session, sign_up, shop["choc-1"]), await sign_up("operator")
    held = await write(client, author, shop["choc-1"], body="www.example.org")
    form = {"csrf_token": await proof(client, "/account", operator), "decision": "reject"}
    path = f"/operate/reviews/{held['review_id']}"
    headers = PAGE | operator.headers
    refused = await client.post(path, data=form, headers=headers)
    assert (refused.status_code, "Say why" in refused.text) == (422, True)
    assert (await client.post(path, data=form, headers=PAGE | author.headers)).status_code == 403
    assert (await client.post(path, data=form | {"reason": "Advertising"}, headers=headers)).status_code == 303
    assert "Nothing to look at" in (await client.get("/operate/reviews", headers=headers)).text


async def test_lists_are_ordered_by_what_published_reviews_say(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    async def first() -> str:
        items = (await client.get("/v1/products", params={"sort": "rating", "limit": 1})).json()["items"]
        return str(items[0]["sku"])

    praised = await buyer(session, sign_up, shop["gum-1"])
    other = await buyer(session, sign_up, shop["choc-1"])
    await write(client, praised, shop["gum-1"], rating=5)
    await write(client, other, shop["choc-1"], rating=4)
    assert await first() == "gum-1"
    await write(client, praised, shop["gum-1"], rating=1)
    assert await first() == "choc-1"
    await write(client, other, shop["choc-1"], rating=5, body="see http://example.com")  # held: no longer counted
    counted = await session.execute(
        text("SELECT rating_sum, rating_count FROM catalog.product_sales WHERE product_id = ANY(:ids) ORDER BY 1"),
        {"ids": [shop["gum-1"], shop["choc-1"]]},
    )
    assert [tuple(row) for row in counted] == [(0, 0), (1, 1)]
