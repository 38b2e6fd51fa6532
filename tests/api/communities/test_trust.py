"""Trust: a score that follows from events, in whatever order they come, and what its levels open."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.communities import facade
from api.domains.communities.domain.trust import GATES, HOURLY, Facts, Happening, fold, level, points, score
from api.domains.communities.handlers import HANDLERS
from api.domains.communities.service import trust
from ingestion.contracts import EVENT_TYPES, Event, new_event_id
from ingestion.contracts.moderation import CaseDecided, DecisionUndone
from ingestion.contracts.ordering import OrderCancelled, OrderDelivered, OrderPlaced
from ingestion.contracts.payments import DisputeClosed, PaymentRefunded
from tests.api.communities.conftest import Forum, Named
from tests.api.communities.test_pages import page
from tests.api.conftest import SignedUp

START = datetime(2026, 1, 1, tzinfo=UTC)
OUTBOX = text("""
    SELECT event_id, type, occurred_at, convert_from(envelope, 'UTF8')::jsonb -> 'data' AS data
    FROM core.outbox ORDER BY id
""")


async def heard(session: AsyncSession) -> list[ReceivedEvent]:
    """What went to the outbox and means something for trust."""
    found = []
    for row in (await session.execute(OUTBOX)).all():
        if EVENT_TYPES[row.type] in trust.EVENTS:
            data = EVENT_TYPES[row.type].model_validate(row.data)
            found.append(ReceivedEvent(row.event_id, row.occurred_at, data))
    return found


async def give_level(session: AsyncSession, person: SignedUp, wanted: int) -> None:
    """As if somebody had come so far."""
    values = {"customer_id": person.customer_id, "level": wanted}
    await session.execute(
        text("""
            INSERT INTO communities.trust
                (customer_id, days, posts, comments, reviews, orders, ups, downs, removed, score, level)
            VALUES (:customer_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, :level)
            ON CONFLICT (customer_id) DO UPDATE SET level = excluded.level
        """),
        values,
    )


async def lively(forum: Forum, named: Named) -> list[SignedUp]:
    """People who write, vote, change their minds, delete and are removed."""
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    await forum.found(ada, "tea")
    posts = [await forum.post(person, "tea", f"Post {n}") for n, person in enumerate((bob, bob, eve))]
    said = [await forum.comment(person, posts[0]) for person in (ada, eve)]
    for person, thing, value in ((ada, posts[0], 1), (eve, posts[0], 1), (eve, posts[0], -1), (ada, posts[2], -1),
                                 (bob, said[0], 1), (bob, said[1], 1), (bob, said[1], 0)):  # fmt: skip
        await forum.vote(person, thing, value)
    await forum.send(bob, "PUT", f"/posts/{posts[0]['post_id']}", {"title": "Post 0", "body": "More"})
    await forum.act(ada, f"/posts/{posts[2]['post_id']}", "remove")
    await forum.send(bob, "DELETE", f"/posts/{posts[1]['post_id']}", status=204)
    return [ada, bob, eve]


async def test_it_follows_from_events_in_any_order_and_is_made_anew_from_them(
    forum: Forum, named: Named, session: AsyncSession
) -> None:
    ada, bob, eve = await lively(forum, named)
    events = await heard(session)
    news = [what for each in events for what in trust.meaning(type(each.data), dict(each.data), each.occurred_at)]
    expected = {
        ada.customer_id: Facts(days=1, comments=1, ups=1),
        bob.customer_id: Facts(days=1, posts=1, ups=1, downs=1),
        eve.customer_id: Facts(days=1, comments=1, downs=1, removed=1),
    }
    assert facade.facts_from(news) == expected
    chance = Random(2)
    for _ in range(4):
        shuffled = chance.sample(events, len(events))
        for event in (*shuffled, *shuffled[:3]):
            await HANDLERS[event.data.type](session, [event])
        assert await facade.known_facts(session) == expected
        await session.execute(text("TRUNCATE communities.trust, communities.trust_things, communities.trust_votes"))
    await facade.rebuild_trust(session, news)
    assert await facade.known_facts(session) == expected
    shown = await forum.send(bob, "GET", "/me/trust")
    assert (shown["score"], shown["name"]) == (score(expected[bob.customer_id]), "new")
    assert sum(each["points"] for each in shown["parts"]) == shown["score"]


IDS = [UUID(int=number) for number in range(1, 5)]
BUYER = UUID(int=9)
NEWS = st.lists(
    st.one_of(
        st.builds(Happening, st.sampled_from(IDS[:2]), st.just(IDS[0]), st.just(START), st.just("post"),
                  st.sampled_from(["published", "removed", "deleted"])),
        st.builds(lambda thing, voter, value: Happening(thing, voter, START, value=value), st.sampled_from(IDS[:2]),
                  st.sampled_from(IDS[1:]), st.sampled_from([-1, 0, 1])),
    ),
    max_size=12,
)  # fmt: skip


@given(NEWS, st.randoms(use_true_random=False))
def test_the_order_of_news_does_not_matter(news: list[Happening], chance: Any) -> None:
    """Each at a time of its own, as events are."""
    timed = list(_at_their_times(news))
    shuffled = list(timed)
    chance.shuffle(shuffled)
    assert fold(timed) == fold(shuffled) == fold([*shuffled, *shuffled])


def _at_their_times(news: list[Happening]) -> Iterator[Happening]:
    for number, each in enumerate(news):
        at = START + timedelta(hours=number)
        yield Happening(each.thing_id, each.person_id, at, each.kind, each.status, each.value)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(), 0), (Facts(days=1, orders=1), 1), (Facts(orders=9), 0), (Facts(days=4), 0), (Facts(days=5), 1),
        (Facts(days=10, ups=25), 2), (Facts(days=9, ups=500), 1), (Facts(days=40, ups=105), 3),
        (Facts(days=40, ups=105, removed=20), 1),
    ],
)  # fmt: skip
def test_levels(facts: Facts, expected: int) -> None:
    assert level(facts) == expected
    assert score(facts) == sum(gained for _, _, gained in points(facts))
    assert [gate.score for gate in GATES] == sorted(gate.score for gate in GATES)


def sold(seller: UUID | None, *more: Event, order: UUID | None = None) -> list[Event]:
    """An order of somebody's goods, and what became of it."""
    ids = {"order_id": order or new_event_id(), "customer_id": BUYER}
    placed = OrderPlaced(**ids, source="storefront", currency="USD", total_minor=100, lines=(), seller_id=seller)
    known = [{name: ids[name] for name in ids if name in type(each).model_fields} for each in more]
    return [placed, *(each.model_copy(update=own) for each, own in zip(more, known, strict=True))]


PAID: dict[str, Any] = {"payment_id": IDS[0], "order_id": IDS[0], "gateway": "sandbox", "currency": "USD"}
PAID |= {"amount_minor": 100}
BOUGHT = {"order_id": IDS[0], "customer_id": BUYER}
ARRIVED = OrderDelivered(**BOUGHT, lines=())
GIVEN_BACK = PaymentRefunded(**PAID, refund_id=IDS[0], refunded_minor=100, reason="returned")
LOST, WON = (DisputeClosed(**PAID, dispute_id=IDS[0], outcome=outcome) for outcome in ("lost", "won"))


async def test_sales_and_verdicts_on_reviews_count_for_whom_they_are_of(session: AsyncSession) -> None:
    seller, writer, review = new_event_id(), new_event_id(), new_event_id()
    case = {"case_id": new_event_id(), "decision_id": new_event_id(), "subject_id": review, "customer_id": writer}
    decided = CaseDecided(
        **case, origin="report", kind="review", act="remove", effect="fall", is_done=True, policy="Be civil",
        policy_version=1, strike=0, restrict_days=0, reports=1, waited_seconds=1,
    )  # fmt: skip
    events = [
        *sold(seller, ARRIVED),
        *sold(seller, ARRIVED, GIVEN_BACK, GIVEN_BACK),
        *sold(seller, ARRIVED, LOST),
        *sold(seller, ARRIVED, WON),
        *sold(seller, OrderCancelled(**BOUGHT, reason="out of stock")),
        *sold(seller, OrderCancelled(**BOUGHT, reason="customer")),
        *sold(None, ARRIVED, LOST),  # the house's own
        decided,
        decided.model_copy(update={"kind": "post"}),  # tells itself what became of it
    ]
    received = [ReceivedEvent(new_event_id(), START + timedelta(hours=n), each) for n, each in enumerate(events)]
    expected = {
        seller: Facts(sales=4, cancelled=1, refunded=1, disputed=1),
        BUYER: Facts(orders=5),
        writer: Facts(removed=1),
    }
    news = [what for each in received for what in trust.meaning(type(each.data), dict(each.data), each.occurred_at)]
    assert facade.facts_from(news) == expected
    assert score(expected[seller]) == 4 * 2 - 1 - 2 - 15
    chance = Random(4)
    for _ in range(4):
        shuffled = chance.sample(received, len(received))
        for event in (*shuffled, *shuffled[:5]):
            await trust.hear(session, [event])
        assert await facade.known_facts(session) == expected
        await session.execute(text("TRUNCATE communities.trust, communities.trust_things, communities.trust_votes"))
    await facade.rebuild_trust(session, news)
    assert await facade.known_facts(session) == expected
    undone = DecisionUndone(**case, kind="review", act="remove", effect="stand", is_done=False)
    await trust.hear(session, [ReceivedEvent(new_event_id(), START + timedelta(days=9), undone)])
    assert (await facade.known_facts(session))[writer] == Facts()


async def test_links_of_the_new_are_looked_at(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    link = {"kind": "link", "url": "https://example.org/leaves"}
    assert (await forum.post(ada, "tea", "Mine", **link))["status"] == "published"  # who leads is trusted there
    held = await forum.post(bob, "tea", "Look", **link)
    assert held["status"] == "held"
    post = await forum.post(bob, "tea", "Words")
    assert (await forum.comment(bob, post, "See https://example.org"))["status"] == "held"
    await give_level(session, bob, 1)
    assert (await forum.post(bob, "tea", "Look", **link))["status"] == "published"
    assert (await forum.comment(bob, post, "See https://example.org"))["status"] == "published"


async def test_pictures_and_pace_open_with_trust(
    forum: Forum, client: AsyncClient, named: Named, session: AsyncSession
) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    image = {"kind": "image", "image_id": str(new_event_id())}
    await forum.post(bob, "tea", "Look", **image, status=403)
    post = await forum.post(ada, "tea")
    for number in range(HOURLY[0] or 0):
        await forum.comment(bob, post, f"Number {number}")
    refused = await forum.comment(bob, post, "One more", status=429)
    assert refused["retry_after"] > 0
    await give_level(session, bob, 1)
    await forum.comment(bob, post, "One more")
    await forum.post(bob, "tea", "Look", **image, status=404)  # no picture, but they may
    html = await page(client, "/forum/trust", bob)
    assert "How far you are trusted" in html
    await page(client, "/forum/trust", None, 303)
