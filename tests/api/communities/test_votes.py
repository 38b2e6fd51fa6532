"""Votes: one of each person, changed and withdrawn freely; counters that never drift from them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Database, transaction
from api.core.errors import Conflict
from api.domains.communities.errors import Closed, MayNotWrite
from api.domains.communities.service import comments, communities, moderating, people, posts, votes
from ingestion.contracts import new_event_id
from tests.api.communities.conftest import Forum, Named, counters_hold

VOTERS = 1000
TOLD = text("""
    SELECT type, key, data ->> 'post_id' AS post_id, data ->> 'community_id' AS community_id
    FROM (SELECT *, convert_from(envelope, 'UTF8')::jsonb -> 'data' AS data FROM core.outbox) o
    WHERE type ~ 'voted' ORDER BY id
""")
AT_ONCE = 10  # as many as the pool has connections


def somebody() -> Principal:
    return Principal(new_event_id(), frozenset({"customer"}), new_event_id())


async def all_at_once(acts: Iterable[Callable[[], Awaitable[Any]]], *refusals: type[Exception]) -> int:
    """Do everything, some at a time; returns how many were refused."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(act: Callable[[], Awaitable[Any]]) -> bool:
        async with slots:
            try:
                await act()
            except refusals:
                return True
            return False

    return sum(await asyncio.gather(*(one(act) for act in acts)))


async def a_post(slug: str = "tea") -> tuple[Principal, UUID]:
    """A community's owner, and a post of theirs."""
    owner = somebody()
    async with transaction() as session:
        await communities.found(session, owner, slug, "Tea")
        post = await posts.write(session, owner, slug, posts.Draft("text", "A thought"))
    return owner, post.post_id


async def test_votes_change_and_are_withdrawn(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea")
    said = await forum.comment(ada, post)
    for thing in (post, said):
        for value, counts in ((1, (1, 0)), (1, (1, 0)), (-1, (0, 1)), (0, (0, 0)), (0, (0, 0)), (1, (1, 0))):
            now = await forum.vote(bob, thing, value)
            assert (now["ups"], now["downs"], now["vote"]) == (*counts, value)
        await forum.vote(ada, thing, 1, status=409)
        await forum.vote(bob, thing, 2, status=422)
    rows = await session.execute(text("SELECT count(*), sum(value) FROM communities.post_votes"))
    assert tuple(rows.one()) == (1, 1)
    told = (await session.execute(TOLD)).all()
    assert [each.type for each in told] == ["communities.post_voted"] * 4 + ["communities.comment_voted"] * 4
    community = (await session.execute(text("SELECT community_id FROM communities.communities"))).scalar_one()
    assert {(each.key, each.post_id, each.community_id) for each in told} == {
        (post["post_id"],) * 2 + (str(community),)
    }
    await counters_hold(session)


async def test_a_vote_of_none_leaves_no_row(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea")
    await forum.vote(bob, post, 0)
    rows = await session.execute(text("SELECT count(*) FROM communities.post_votes"))
    assert rows.scalar_one() == 0


async def test_a_thousand_people_vote_on_one_post_at_once(committed: Database) -> None:
    _, post_id = await a_post()
    chance = Random(6)

    async def several(person: Principal) -> None:
        """A vote, and from some another one."""
        for value in chance.choices((1, -1, 0), k=1 + (chance.random() < 0.2)):
            await votes.vote_on_post(person, post_id, value)

    people_there = [somebody() for _ in range(VOTERS)]
    await all_at_once([lambda person=person: several(person) for person in people_there])
    async with transaction() as session:
        await counters_hold(session)
        events = await session.execute(text("SELECT count(*) FROM core.outbox WHERE type = 'communities.post_voted'"))
        rows = await session.execute(text("SELECT count(*) FROM communities.post_votes"))
        assert events.scalar_one() >= rows.scalar_one() > VOTERS * 0.5


async def test_one_person_at_many_windows_has_one_vote(committed: Database) -> None:
    _, post_id = await a_post()
    person = somebody()

    async def vote(value: int) -> None:
        await votes.vote_on_post(person, post_id, value)

    await all_at_once([lambda value=value: vote(value) for value in (1, -1, 0) * 20])
    async with transaction() as session:
        await counters_hold(session)
        rows = await session.execute(text("SELECT count(*) FROM communities.post_votes"))
        assert rows.scalar_one() == 1


@pytest.mark.parametrize("act", ["remove", "lock"])
async def test_a_post_is_closed_while_it_is_answered(committed: Database, act: str) -> None:
    owner, post_id = await a_post()

    async def answer() -> None:
        async with transaction() as session:
            await comments.write(session, somebody(), post_id, None, "Indeed.")

    async def close() -> None:
        async with transaction() as session:
            await moderating.on_post(session, owner, post_id, act, "Enough")

    acts = [answer] * 15 + [close] + [answer] * 15
    refused = await all_at_once(acts, Closed)
    with pytest.raises(Closed):
        await answer()
    async with transaction() as session:
        await counters_hold(session)
        kept = await session.execute(text("SELECT count(*) FROM communities.comments"))
        told = await session.execute(text("SELECT count(*) FROM core.outbox WHERE type ~ 'comment_published'"))
        assert kept.scalar_one() == told.scalar_one() == 30 - refused


async def test_somebody_is_banned_while_they_write(committed: Database) -> None:
    owner, post_id = await a_post()
    guest = somebody()
    async with transaction() as session:
        handle = (await people.ensure(session, guest.customer_id)).handle

    async def answer() -> None:
        async with transaction() as session:
            await comments.write(session, guest, post_id, None, "And another thing.")

    async def ban() -> None:
        async with transaction() as session:
            await moderating.on_person(session, owner, "tea", handle, "ban", "Spam")

    refused = await all_at_once([answer] * 12 + [ban] + [answer] * 12, MayNotWrite)
    async with transaction() as session:
        await counters_hold(session)
        late = text("""
            SELECT count(*) FROM communities.comments c, communities.members m
            WHERE m.role = 'banned' AND c.xmin::text::bigint > m.xmin::text::bigint AND c.created_at > m.since
        """)
        assert refused > 0
        assert (await session.execute(late)).scalar_one() == 0


async def test_two_moderators_decide_one_case(committed: Database) -> None:
    owner, _ = await a_post()
    async with transaction() as session:
        held = await posts.write(session, somebody(), "tea", posts.Draft("text", "Aaaaaaaaaaaaaa"))

    async def decide(act: str) -> None:
        async with transaction() as session:
            await moderating.on_post(session, owner, held.post_id, act, "Seen")

    refused = await all_at_once([lambda act=act: decide(act) for act in ("approve", "reject") * 5], Conflict)
    async with transaction() as session:
        await counters_hold(session)
        acts = await session.execute(text("SELECT count(*) FROM communities.acts"))
        assert (refused, acts.scalar_one()) == (9, 1)


async def test_people_vote_while_the_post_is_removed(committed: Database) -> None:
    """A vote is counted, or refused since the post is gone; none is counted after that."""
    owner, post_id = await a_post()

    async def remove() -> None:
        async with transaction() as session:
            await moderating.on_post(session, owner, post_id, "remove", "Enough")

    cast = [lambda: votes.vote_on_post(somebody(), post_id, 1) for _ in range(40)]
    refused = await all_at_once([*cast[:20], remove, *cast[20:]], Closed)
    with pytest.raises(Closed):
        await votes.vote_on_post(somebody(), post_id, 1)
    async with transaction() as session:
        await counters_hold(session)
        rows = await session.execute(text("SELECT count(*) FROM communities.post_votes"))
        assert rows.scalar_one() == 40 - refused


async def test_a_profile_sums_the_votes_on_what_everybody_reads(forum: Forum, named: Named) -> None:
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    await forum.found(ada, "tea")
    await forum.found(ada, "club", "private")
    for guest in ("bob", "eve"):
        await forum.join(bob if guest == "bob" else eve, "club")
        await forum.act(ada, f"/communities/club/people/{guest}", "admit")
    post, hidden, gone = [await forum.post(bob, slug) for slug in ("tea", "club", "tea")]
    said = await forum.comment(bob, post)
    for who, thing, value in ((ada, post, 1), (eve, post, 1), (ada, said, -1), (ada, hidden, 1), (eve, gone, 1)):
        await forum.vote(who, thing, value)
    await forum.act(ada, f"/posts/{gone['post_id']}", "remove")
    assert (await forum.send(None, "GET", "/people/bob"))["karma"] == {"posts": 2, "comments": -1}
    page = await forum.client.get("/forum/u/bob", headers={"accept": "text/html"})
    assert "2 for posts · -1 for comments" in page.text
