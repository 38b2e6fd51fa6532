"""Feeds: each order as its formula says, whatever was stored, and pages that neither repeat nor skip."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Visitor
from api.domains.communities.domain.ranks import controversial, hot, scaled
from api.domains.communities.service import feeds
from ingestion.contracts import new_event_id
from tests.api.communities.conftest import Forum, Named, ids
from tests.api.conftest import SignUp

NOBODY = Visitor(new_event_id())
FILL = text("""
    INSERT INTO communities.posts (post_id, community_id, author_id, kind, title, status, is_open, ups, downs,
        created_at, active_at, hot, active, scaled)
    SELECT gen_random_uuid(), :community_id, :author_id, 'text', 'Post ' || n, 'published', true,
        (n * 37) % 101, (n * 53) % 89, now() - n * interval '5 hours 7 minutes',
        now() - n * interval '5 hours' + (n % 7) * interval '1 hour', 9, 9, 9
    FROM generate_series(1, :posts) n
""")
ALL = text("""
    SELECT post_id, score, ups, downs, extract(epoch FROM now() - p.created_at)::float8 AS age,
        extract(epoch FROM now() - active_at)::float8 AS quiet, c.scaled_size
    FROM communities.posts p JOIN communities.communities c USING (community_id)
""")


async def fill(session: AsyncSession, forum: Forum, sign_up: SignUp, posts: int = 60) -> tuple[UUID, list[Any]]:
    """A community with posts of two weeks, whose stored ranks are far too high; returns it and all rows."""
    owner = await sign_up()
    made = await forum.found(owner, "tea")
    values = {"community_id": made["community_id"], "author_id": owner.customer_id, "posts": posts}
    await session.execute(FILL, values)
    return UUID(made["community_id"]), list((await session.execute(ALL)).all())


def expected(rows: list[Any], sort: str) -> list[UUID]:
    """Posts in their order by the formulas in Python, those without a rank left out."""
    rank = {
        "hot": lambda row: hot(row.score, timedelta(seconds=row.age)),
        "active": lambda row: hot(row.score, timedelta(seconds=row.quiet)),
        "scaled": lambda row: scaled(hot(row.score, timedelta(seconds=row.age)), row.scaled_size),
        "controversial": lambda row: controversial(row.ups, row.downs),
        "top": lambda row: row.score,
    }[sort]
    ranked = sorted(((rank(row), row.post_id) for row in rows), reverse=True)
    return [post_id for value, post_id in ranked if sort == "top" or value > 0]


async def pages(session: AsyncSession, feed: feeds.Feed, limit: int = 7) -> list[UUID]:
    """Every page of a feed."""
    seen: list[UUID] = []
    cursor = None
    while True:
        page = await feeds.read(session, feed, NOBODY, cursor, limit)
        seen += [each.post_id for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return seen


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("sort", ["hot", "active", "scaled", "top", "controversial"])
async def test_every_order_is_that_of_its_formula(
    forum: Forum, sign_up: SignUp, session: AsyncSession, sort: feeds.Sort, is_open: bool
) -> None:
    community_id, rows = await fill(session, forum, sign_up)
    seen = await pages(session, feeds.Feed(None if is_open else (community_id,), sort))
    ranked = expected(rows, sort)
    assert seen[: len(ranked)] == ranked
    if sort in ("hot", "active", "scaled"):  # then those whose week is over, the newest first
        rest = sorted((row for row in rows if row.post_id not in ranked), key=lambda row: row.age)
        assert seen[len(ranked) :] == [row.post_id for row in rest]
    else:
        assert len(seen) == len(ranked)


async def test_stale_ranks_are_put_down_until_the_best_are_certain(
    forum: Forum, sign_up: SignUp, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a list shorter than the posts the stored ranks, all equal here, say nothing at first."""
    monkeypatch.setattr(feeds, "LONGEST_LIST", 5)
    _, rows = await fill(session, forum, sign_up)
    assert await pages(session, feeds.Feed(None, "hot"), 3) == expected(rows, "hot")[:5]


async def test_pages_neither_repeat_nor_skip_while_votes_pour_in(
    forum: Forum, named: Named, sign_up: SignUp, session: AsyncSession
) -> None:
    _, rows = await fill(session, forum, sign_up)
    bob, chance = await named("bob"), Random(3)
    for path in ("/feed?sort=hot", "/feed?sort=top", "/feed?sort=active", "/feed", "/feed?of=all"):
        seen: list[UUID] = []
        cursor = ""
        while True:
            joint = "&" if "?" in path else "?"
            page = await forum.send(None, "GET", f"{path}{joint}limit=13" + (f"&cursor={cursor}" if cursor else ""))
            seen += ids(page["items"])
            for row in chance.sample(rows, 8):
                await forum.vote(bob, {"post_id": row.post_id}, chance.choice((1, -1)))
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == len(rows), path


async def test_what_was_just_posted_stands_in_a_list_of_one_page(forum: Forum, named: Named) -> None:
    ada = await named("ada")
    await forum.found(ada, "tea")
    assert (await forum.send(None, "GET", "/communities/tea/posts"))["items"] == []
    for number, title in enumerate(("First", "Second"), start=1):
        await forum.post(ada, "tea", title)
        assert len((await forum.send(None, "GET", "/communities/tea/posts"))["items"]) == number


async def test_a_new_post_stands_in_the_next_edition(
    forum: Forum, named: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "FRESH", "0 seconds")
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    first = await forum.post(ada, "tea", "First")
    await forum.send(None, "GET", "/feed")
    second = await forum.post(ada, "tea", "Second")
    await forum.vote(bob, second, 1)
    for path in ("/feed", "/feed?sort=hot", "/feed?sort=top&window=day", "/communities/tea/posts", "/feed?of=all"):
        page = await forum.send(None, "GET", path)
        assert [each["title"] for each in page["items"]] == ["Second", "First"], path
    await forum.comment(bob, first)
    page = await forum.send(None, "GET", "/feed?sort=active")
    assert {each["title"] for each in page["items"]} == {"First", "Second"}
    assert (await forum.send(bob, "GET", "/me/feed"))["items"] == []
    await forum.join(bob, "tea")
    assert len((await forum.send(bob, "GET", "/me/feed"))["items"]) == 2


@pytest.mark.parametrize("cursor", ["x", "WyJ4Il0", "WyJhIiwiYiIsM10", "WyJhIiwiYiIsImMiXQ", "WyJhIiwiYiIsImMiLCJkIl0"])
@pytest.mark.parametrize("path", ["/feed?sort=hot", "/feed?sort=new", "/posts?query=tea", "/communities"])
async def test_another_lists_cursor_is_refused(forum: Forum, path: str, cursor: str) -> None:
    joint = "&" if "?" in path else "?"
    await forum.send(None, "GET", f"{path}{joint}cursor={cursor}", status=422)


async def test_search_finds_words_the_newest_first(forum: Forum, named: Named) -> None:
    ada = await named("ada")
    await forum.found(ada, "tea")
    await forum.found(ada, "coffee")
    for slug, title, body in (
        ("tea", "Brewing", "a green leaf"),
        ("tea", "Leaf", "black"),
        ("coffee", "Beans", "leaf"),
    ):
        await forum.post(ada, slug, title, body=body)
    page = await forum.send(None, "GET", "/posts?query=leaf&limit=2")
    rest = await forum.send(None, "GET", f"/posts?query=leaf&limit=2&cursor={page['next_cursor']}")
    assert [each["title"] for each in page["items"] + rest["items"]] == ["Beans", "Leaf", "Brewing"]
    assert rest["next_cursor"] is None
    only = await forum.send(None, "GET", "/posts?query=leaf&community=tea")
    assert [each["title"] for each in only["items"]] == ["Leaf", "Brewing"]


async def test_the_sweep_ends_the_ranks_of_a_week_ago(forum: Forum, sign_up: SignUp, session: AsyncSession) -> None:
    await fill(session, forum, sign_up)
    assert await feeds.sweep() > 0
    assert await feeds.sweep() == 0
    left = "SELECT count(*) FROM communities.posts WHERE hot > 0 AND created_at < now() - interval '10 days'"
    assert (await session.execute(text(left))).scalar_one() == 0
