"""Who owns what they talk about: by events of orders, in whatever order these come, and withdrawn as things go back."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.communities.handlers import HANDLERS
from api.domains.communities.repository import purchases
from ingestion.contracts import Event, new_event_id
from ingestion.contracts.ordering import OrderDelivered, OrderLine, OrderPlaced, OrderReturned, OrderUnits
from ingestion.contracts.payments import PaymentRefunded
from tests.api.communities.conftest import Forum, Named
from tests.api.communities.test_pages import page, send
from tests.api.conftest import SignedUp

POT = ProductImport("pot", "A tea pot", "Kitchen", "Pots", "Pot", "Own", None, 1900)


async def hear(session: AsyncSession, *events: Event) -> None:
    """As the worker hands them over."""
    for event in events:
        await HANDLERS[event.type](session, [ReceivedEvent(new_event_id(), datetime.now(UTC), event)])


class Order:
    """News of one order of two pots."""

    def __init__(self, customer_id: UUID, product_id: int) -> None:
        self.ids: dict[str, Any] = {"order_id": new_event_id(), "customer_id": customer_id}
        self.product_id = product_id

    def placed(self, source: str = "storefront") -> Event:
        line = OrderLine(line_number=1, product_id=self.product_id, quantity=2, unit_price_minor=1900,
                         discount_minor=0, total_minor=3800)  # fmt: skip
        return OrderPlaced(**self.ids, source=source, currency="USD", total_minor=3800, lines=(line,))

    def delivered(self) -> Event:
        return OrderDelivered(**self.ids, lines=(OrderUnits(product_id=self.product_id, quantity=2),))

    def returned(self, quantity: int) -> Event:
        units = (OrderUnits(product_id=self.product_id, quantity=quantity),)
        return OrderReturned(**self.ids, return_id=new_event_id(), reason="changed_mind", lines=units,
                             refund_minor=1900 * quantity, is_restocked=True, is_complete=quantity == 2)  # fmt: skip

    def refunded(self, minor: int) -> Event:
        return PaymentRefunded(payment_id=new_event_id(), order_id=self.ids["order_id"], amount_minor=minor,
                               currency="USD", gateway="sandbox", refund_id=new_event_id(), refunded_minor=minor,
                               reason="goodwill")  # fmt: skip


@pytest.fixture
async def pot(session: AsyncSession) -> int:
    return next(iter((await catalog.import_products(session, [POT])).values()))


async def test_it_follows_goods_and_money(session: AsyncSession, named: Named, pot: int) -> None:
    ada = await named("ada")

    async def owns(*events: Event) -> bool:
        await hear(session, *events)
        return await purchases.owns(session, ada.customer_id, pot)

    order = Order(ada.customer_id, pot)
    assert not await owns(order.placed())
    assert await owns(order.delivered())
    assert await owns(order.returned(1), order.refunded(1900))
    assert not await owns(order.returned(1))
    kept = Order(ada.customer_id, pot)
    assert await owns(kept.placed(), kept.delivered())
    assert not await owns(kept.refunded(3800))
    assert await owns(Order(ada.customer_id, pot).placed("import"))


async def test_news_may_come_in_any_order(session: AsyncSession, named: Named, pot: int) -> None:
    ada = await named("ada")
    for way in permutations(range(3)):
        order = Order(ada.customer_id, pot)
        news = [order.placed(), order.delivered(), order.returned(2)]
        await hear(session, *(news[number] for number in way))
        assert not await purchases.owns(session, ada.customer_id, pot), way
    for way in permutations(range(3)):
        order = Order(ada.customer_id, pot)
        news = [order.placed(), order.delivered(), order.refunded(3800)]
        await hear(session, *(news[number] for number in way))
        assert not await purchases.owns(session, ada.customer_id, pot), way


async def test_owners_have_a_badge_and_threads_of_their_own(
    forum: Forum, client: AsyncClient, session: AsyncSession, named: Named, pot: int
) -> None:
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    orders = {each.customer_id: Order(each.customer_id, pot) for each in (ada, bob)}
    for order in orders.values():
        await hear(session, order.placed(), order.delivered())
    await forum.found(eve, "tea")
    open_one = await forum.post(eve, "tea", "Is it good?", product_id=pot)
    assert not open_one["is_bought"]
    assert (await forum.comment(ada, open_one))["is_bought"]
    assert not (await forum.comment(eve, open_one))["is_bought"]
    await forum.post(eve, "tea", "For owners", product_id=pot, is_owners_only=True, status=403)
    await forum.post(ada, "tea", "For owners", is_owners_only=True, status=422)
    await forum.post(ada, "tea", "Nothing", product_id=pot + 999, status=422)
    closed = await forum.post(ada, "tea", "For owners", product_id=pot, is_owners_only=True)
    assert closed["is_bought"]
    said = await forum.comment(bob, closed)
    await forum.comment(eve, closed, status=403)
    await hear(session, orders[bob.customer_id].refunded(3800))
    await forum.comment(bob, closed, status=403)
    shown = (await forum.send(eve, "GET", f"/comments/{said['comment_id']}"))["thread"]["comment"]
    assert (shown["body"], shown["is_bought"]) == ("Indeed.", False)
    listed = await forum.send(None, "GET", f"/products/{pot}/posts")
    assert [each["title"] for each in listed["items"]] == ["For owners", "Is it good?"]
    await forum.send(None, "GET", "/products/999999/posts", status=404)
    html = await page(client, f"/forum/posts/{closed['post_id']}")
    assert all(each in html for each in ("Owns it", "A tea pot", "owners answer"))
    assert str(orders[ada.customer_id].ids["order_id"]) not in html
    assert "For owners" in await page(client, f"/forum/products/{pot}", bob)
    assert f"/forum/products/{pot}" in await page(client, f"/p/{pot}-a-tea-pot")
    await _by_form(client, forum, ada, pot)


async def _by_form(client: AsyncClient, forum: Forum, ada: SignedUp, pot: int) -> None:
    fields = {"title": "By form", "product_id": f"https://shop.example/p/{pot}-a-tea-pot?variant=3", "act": "send"}
    done = await send(client, "/forum/c/tea/submit", ada, **fields, is_owners_only="true")
    made = await forum.send(ada, "GET", f"/posts/{done.headers['location'].rpartition('/')[2]}")
    assert (made["product_id"], made["is_owners_only"]) == (pot, True)
    wrong = await send(client, "/forum/c/tea/submit", ada, title="Kept", product_id="some pot", act="send")
    assert (wrong.status_code, 'id="e-product_id"' in wrong.text) == (422, True)
    body = {"community": "tea", "product_id": "http://x/p/1"}
    kept = await forum.send(ada, "PUT", f"/me/drafts/{new_event_id()}", body | {"product_id": f"/p/{pot}"})
    assert kept["product_id"] == pot
    half = await forum.send(ada, "PUT", f"/me/drafts/{new_event_id()}", body | {"product_id": "/p/"})
    assert half["product_id"] is None
