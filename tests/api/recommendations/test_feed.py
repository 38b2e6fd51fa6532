"""A person's own feed: each source finds what it says, nobody is shown what is not for them, pages hold together."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.buffered import get_buffer
from api.domains.communities.contracts import FeedCandidate, FeedSource
from api.domains.recommendations.domain.feed import SMOOTHING, WEIGHTS, RankedPost, diversify, fuse
from api.domains.recommendations.domain.policy import USUAL, Policy
from ingestion.contracts.recommendations import FeedServed
from tests.api.communities.conftest import Forum, Json, Named, forum, named
from tests.api.conftest import SignedUp, SignUp

__all__ = ["forum", "named"]
Feed = Callable[..., Awaitable[Json]]
PATH = "/me/feed/personal"


@pytest.fixture
def feed(forum: Forum) -> Feed:
    """`await feed(person)`: the first page of their feed."""

    async def ask(person: SignedUp, query: str = "") -> Json:
        return await forum.send(person, "GET", PATH + query)

    return ask


def reasons(page: Json) -> dict[str, str]:
    """Title → reason."""
    return {each["post"]["title"]: each["reason"] for each in page["items"]}


def candidate(source: FeedSource, post_id: int, community: int = 0, author: int = 0) -> FeedCandidate:
    return FeedCandidate(source, UUID(int=post_id), UUID(int=community), UUID(int=author), "somewhere")


def test_a_post_counts_once_with_all_that_speaks_for_it_and_its_strongest_reason() -> None:
    fused = fuse([candidate("popular", 1), candidate("popular", 2), candidate("joined", 3), candidate("joined", 2)])
    assert [post.post_id.int for post in fused] == [2, 3, 1]
    assert fused[0].source == "joined"
    worth = WEIGHTS["popular"] / (SMOOTHING + 2) + WEIGHTS["joined"] / (SMOOTHING + 2)
    assert fused[0].score == pytest.approx(worth)


def test_neighbours_are_of_several_communities_where_relevance_leaves_room() -> None:
    posts = fuse([candidate("joined", n, community=1 if n <= 5 else 2, author=n) for n in range(1, 9)])

    def communities(policy: Policy) -> list[int]:
        return [post.community_id.int for post in diversify(posts, 4, policy)[:4]]

    assert communities(Policy(relevance=1)) == [1, 1, 1, 1]
    assert communities(USUAL)[:2] == [1, 2]
    assert sorted(diversify(posts, 4, USUAL), key=key) == sorted(posts, key=key)
    assert diversify([], 4, USUAL) == []


def key(post: RankedPost) -> UUID:
    return post.post_id


async def test_without_any_history_the_popular_stands_there(
    forum: Forum, named: Named, sign_up: SignUp, feed: Feed
) -> None:
    owner, stranger = await named("olga"), await sign_up()
    await forum.found(owner, "tea")
    await forum.post(owner, "tea", "First flush")
    assert reasons(await feed(stranger)) == {"First flush": "Popular with everybody"}
    assert (await feed(owner))["items"] == []  # one's own is no news


async def test_each_act_speaks_in_the_next_answer(forum: Forum, named: Named, feed: Feed) -> None:
    olga, ada, bob, cid = [await named(each) for each in ("olga", "ada", "bob", "cid")]
    for slug in ("tea", "cups", "pots"):
        await forum.found(olga, slug)
    await forum.join(ada, "tea")
    await forum.post(olga, "tea", "First flush")
    seed = await forum.post(olga, "cups", "Glazing porcelain cups at home")
    await forum.post(olga, "cups", "A shelf")
    await forum.post(olga, "pots", "Porcelain cups that broke")
    liked = await forum.post(olga, "pots", "Iron kettle")
    page = await feed(ada)
    assert reasons(page)["First flush"] == "New in Tea, which you joined"
    assert page["is_personal"]

    await forum.comment(ada, seed, "Mine cracked.")
    found = reasons(await feed(ada))
    assert found["A shelf"] == "Because you answered in Cups"
    assert found["Porcelain cups that broke"] == "Like “Glazing porcelain cups at home”, which you liked or answered"

    await forum.vote(ada, seed, 1)
    for person in (bob, cid):
        await forum.vote(person, seed, 1)
    await forum.vote(bob, liked, 1)
    assert reasons(await feed(ada))["Iron kettle"] == "Popular with everybody"  # one person's votes are theirs
    await forum.vote(cid, liked, 1)
    found = reasons(await feed(ada))
    assert found["Iron kettle"] == "Liked by people who like what you like"
    assert seed["title"] not in found  # voted on, so it is known


async def test_communities_of_the_same_people_come_along(forum: Forum, named: Named, feed: Feed) -> None:
    olga, ada, bob, cid = [await named(each) for each in ("olga", "ada", "bob", "cid")]
    for slug in ("tea", "cups", "club"):
        await forum.found(olga, slug, "private" if slug == "club" else "public")
    for person in (ada, bob, cid):
        await forum.join(person, "tea")
    for person in (bob, cid):
        await forum.join(person, "cups")
    await forum.post(olga, "cups", "A shelf")
    await forum.post(olga, "club", "Among us")
    assert reasons(await feed(ada)) == {"A shelf": "From Cups, where people of your communities are too"}


async def test_an_outsider_is_shown_nothing_private_even_by_an_old_cursor(
    forum: Forum, named: Named, feed: Feed
) -> None:
    olga, ada = await named("olga"), await named("ada")
    await forum.found(olga, "club", "private")
    await forum.join(ada, "club")
    assert reasons(await feed(ada)) == {}
    await forum.act(olga, "/communities/club/people/ada", "admit")
    for n in range(3):
        await forum.post(olga, "club", f"Among us {n}")
    page = await feed(ada, "?limit=1")
    assert list(reasons(page).values()) == ["New in Club, which you joined"]
    await forum.send(ada, "DELETE", "/communities/club/membership", status=204)
    assert (await feed(ada, f"?cursor={page['next_cursor']}"))["items"] == []
    assert (await feed(ada))["items"] == []


async def test_nobody_turns_the_pages_of_another(forum: Forum, named: Named, feed: Feed) -> None:
    olga, ada, bob = await named("olga"), await named("ada"), await named("bob")
    await forum.found(olga, "tea")
    for n in range(7):
        await forum.post(olga, "tea", f"Cup {n}")
    page = await feed(ada, "?limit=3")
    seen = list(reasons(page))
    await forum.send(bob, "GET", f"{PATH}?cursor={page['next_cursor']}", status=422)
    await forum.send(ada, "GET", f"{PATH}?cursor=abc", status=422)
    await forum.post(olga, "tea", "Come later")
    while page["next_cursor"]:
        page = await feed(ada, f"?limit=3&cursor={page['next_cursor']}")
        seen += reasons(page)
    assert sorted(seen) == [f"Cup {n}" for n in range(7)]


async def test_what_one_does_not_want_to_see_is_left_out(forum: Forum, named: Named, feed: Feed) -> None:
    olga, mona, ada = await named("olga"), await named("mona"), await named("ada")
    await forum.found(olga, "tea")
    await forum.join(mona, "tea")
    await forum.post(olga, "tea", "First flush")
    await forum.post(mona, "tea", "Second flush")
    gone = await forum.post(olga, "tea", "Third flush")
    await forum.send(ada, "PUT", "/me/silenced/mona", {"kind": "mute"}, 204)
    await forum.act(olga, f"/posts/{gone['post_id']}", "remove")
    assert list(reasons(await feed(ada))) == ["First flush"]


async def test_who_does_not_want_to_be_known_sees_what_everybody_sees(
    forum: Forum, named: Named, feed: Feed, client: AsyncClient
) -> None:
    olga, ada = await named("olga"), await named("ada")
    await forum.found(olga, "tea")
    await forum.join(ada, "tea")
    await forum.post(olga, "tea", "First flush")
    await forum.send(ada, "PUT", "/taste", {"is_personalised": False})
    page = await feed(ada)
    assert not page["is_personal"]
    assert reasons(page) == {"First flush": "Popular with everybody"}
    answer = await client.get("/forum/for-you", headers=ada.headers)
    assert "You chose to see what everybody sees" in answer.text


async def test_starting_over_forgets_what_was_answered(
    forum: Forum, named: Named, feed: Feed, session: AsyncSession
) -> None:
    olga, ada = await named("olga"), await named("ada")
    await forum.found(olga, "tea")
    first = await forum.post(olga, "tea", "First flush")
    await forum.post(olga, "tea", "Second leaf")
    await forum.comment(ada, first)
    assert reasons(await feed(ada))["Second leaf"] == "Because you answered in Tea"
    await session.execute(text("UPDATE communities.comments SET created_at = now() - interval '1 minute'"))
    await forum.send(ada, "DELETE", "/taste", status=204)
    assert reasons(await feed(ada))["Second leaf"] == "Popular with everybody"


async def test_what_is_shown_is_logged_without_a_word_of_it(
    forum: Forum, named: Named, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    olga, ada = await named("olga"), await named("ada")
    await forum.found(olga, "tea")
    post = await forum.post(olga, "tea", "First flush")
    logged: list[Any] = []
    monkeypatch.setattr(get_buffer(), "add", logged.append)
    page = await feed(ada)
    [event] = [each for each in logged if isinstance(each, FeedServed)]
    assert str(event.recommendation_id) == page["recommendation_id"]
    assert event.customer_id == ada.customer_id
    assert [(str(each.post_id), each.source, each.propensity) for each in event.items] == [
        (post["post_id"], "popular", 1.0)
    ]
    assert "First flush" not in event.model_dump_json()


async def test_the_page_says_why(forum: Forum, named: Named, client: AsyncClient) -> None:
    olga, ada = await named("olga"), await named("ada")
    await forum.found(olga, "tea")
    await forum.join(ada, "tea")
    await forum.post(olga, "tea", "First flush")
    answer = await client.get("/forum/for-you", headers=ada.headers)
    assert answer.status_code == 200
    assert "New in Tea, which you joined" in answer.text
    assert 'href="/forum/for-you" aria-current="page"' in answer.text
    answer = await client.get("/forum/for-you", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/forum/for-you")
    await forum.send(None, "GET", PATH, status=401)


async def told(session: AsyncSession, event_type: str) -> list[Json]:
    """What was told of a type."""
    rows = await session.execute(text("SELECT envelope FROM core.outbox WHERE type = :type"), {"type": event_type})
    return [orjson.loads(bytes(row))["data"] for row in rows.scalars()]


@pytest.mark.usefixtures("kafka_away")
async def test_a_click_names_the_feed_that_led_there(
    forum: Forum, named: Named, client: AsyncClient, session: AsyncSession
) -> None:
    olga, ada = await named("olga"), await named("ada")
    await forum.found(olga, "tea")
    post = await forum.post(olga, "tea", "First flush")
    shown = await client.get("/forum/for-you", headers=ada.headers)
    link = re.search(rf"/forum/posts/{post['post_id']}\?rec=([0-9a-f-]+)\"", shown.text)
    assert link
    for path in (f"{link[0][:-1]}", f"/forum/posts/{post['post_id']}?rec=nonsense"):
        assert (await client.get(path, headers=ada.headers)).status_code == 200
    ahead = ada.headers | {"sec-purpose": "prefetch"}
    await client.get(link[0][:-1], headers=ahead)  # fetched ahead and never looked at
    await get_buffer().flush()
    seen = await told(session, "analytics.post_viewed")
    assert [(each["post_id"], each["recommendation_id"], each["customer_id"]) for each in seen] == [
        (post["post_id"], link[1], str(ada.customer_id)), (post["post_id"], None, str(ada.customer_id)),
    ]  # fmt: skip


async def test_a_post_taken_out_goes_with_what_follows_from_it(
    forum: Forum, named: Named, feed: Feed, session: AsyncSession
) -> None:
    olga, ada, bob = await named("olga"), await named("ada"), await named("bob")
    for slug in ("cups", "pots"):
        await forum.found(olga, slug)
    await forum.found(olga, "club", "private")
    seed = await forum.post(olga, "cups", "Glazing porcelain cups at home")
    like = await forum.post(olga, "pots", "Porcelain cups that broke")
    hidden = await forum.post(olga, "club", "Among us")
    await forum.comment(ada, seed, "Mine cracked.")
    page = await feed(ada)
    assert reasons(page)[like["title"]].startswith("Like “Glazing")
    path = f"/me/feed/removed/{seed['post_id']}"
    for _ in range(2):
        await forum.send(ada, "PUT", f"{path}?recommendation_id={page['recommendation_id']}", status=204)
    assert reasons(await feed(ada)) == {like["title"]: "Popular with everybody"}
    await forum.send(ada, "PUT", f"/me/feed/removed/{like['post_id']}", status=204)
    assert reasons(await feed(ada)) == {}
    assert like["title"] in reasons(await feed(bob))  # it is her word alone
    for gone in (hidden["post_id"], str(UUID(int=1))):
        await forum.send(ada, "PUT", f"/me/feed/removed/{gone}", status=404)
    await forum.send(None, "PUT", path, status=401)
    listed = (await forum.send(ada, "GET", "/taste"))["removed_posts"]
    assert {each["title"] for each in listed} == {seed["title"], like["title"]}
    for _ in range(2):
        await forum.send(ada, "DELETE", path, status=204)
    await forum.send(ada, "DELETE", f"/me/feed/removed/{like['post_id']}", status=204)
    assert reasons(await feed(ada))[like["title"]].startswith("Like “Glazing")
    first, _ = await told(session, "recommendations.post_removed")
    assert (first["post_id"], first["recommendation_id"]) == (seed["post_id"], page["recommendation_id"])
    assert len(await told(session, "recommendations.post_restored")) == 2


async def test_what_is_taken_out_meanwhile_is_on_no_further_page(forum: Forum, named: Named, feed: Feed) -> None:
    olga, ada = await named("olga"), await named("ada")
    await forum.found(olga, "tea")
    posts = {f"Cup {n}": await forum.post(olga, "tea", f"Cup {n}") for n in range(5)}
    page = await feed(ada, "?limit=2")
    left = posts.keys() - reasons(page)
    gone = min(left)
    await forum.send(ada, "PUT", f"/me/feed/removed/{posts[gone]['post_id']}", status=204)
    further = await feed(ada, f"?limit=5&cursor={page['next_cursor']}")
    assert reasons(further).keys() == left - {gone}


async def test_a_form_takes_a_post_out_and_puts_it_back(forum: Forum, named: Named, client: AsyncClient) -> None:
    olga, ada = await named("olga"), await named("ada")
    await forum.found(olga, "tea")
    post = await forum.post(olga, "tea", "First flush")
    headers = {"accept": "text/html"} | ada.headers
    shown = (await client.get("/forum/for-you", headers=headers)).text
    token = re.search(r'name="csrf_token" value="(\w+)"', shown)
    assert token
    assert "Not this" in shown
    path = f"/taste/posts/removed/{post['post_id']}"
    assert (await client.post(path, data={}, headers=headers)).status_code == 403
    done = await client.post(path, data={"csrf_token": token[1]}, headers=headers)
    assert (done.status_code, done.headers["location"]) == (303, "/forum/for-you?done=removed")
    assert "First flush" not in (await client.get(done.headers["location"], headers=headers)).text
    assert "First flush" in (await client.get("/taste", headers=headers)).text
    back = path.replace("removed", "restored")
    await client.post(back, data={"csrf_token": token[1]}, headers=headers)
    assert "First flush" in (await client.get("/forum/for-you", headers=headers)).text
