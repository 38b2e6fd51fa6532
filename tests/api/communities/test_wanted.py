"""What people keep, whom they mute and block, and words that they do not want to read."""

import pytest
from httpx import AsyncClient

from tests.api.communities.conftest import Forum, Named
from tests.api.communities.test_pages import page, send
from tests.api.conftest import SignedUp


async def titles(forum: Forum, person: SignedUp | None, path: str = "/feed?of=all") -> list[str]:
    return [each["title"] for each in (await forum.send(person, "GET", path))["items"]]


async def test_saved_posts_are_kept_as_long_as_they_may_be_read(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    posts = [await forum.post(ada, "tea", f"Post {number}") for number in range(3)]
    for post in (*posts, posts[0]):
        await forum.send(bob, "PUT", f"/me/saved/{post['post_id']}", status=204)
    assert await titles(forum, bob, "/me/saved") == ["Post 2", "Post 1", "Post 0"]
    first = await forum.send(bob, "GET", "/me/saved?limit=2")
    assert await titles(forum, bob, f"/me/saved?limit=2&cursor={first['next_cursor']}") == ["Post 0"]
    await forum.send(bob, "DELETE", f"/me/saved/{posts[1]['post_id']}", status=204)
    await forum.act(ada, f"/posts/{posts[2]['post_id']}", "remove")
    assert await titles(forum, bob, "/me/saved") == ["Post 0"]
    assert await titles(forum, ada, "/me/saved") == []
    await forum.send(bob, "PUT", f"/me/saved/{ada.customer_id}", status=404)
    await forum.send(bob, "GET", "/me/saved?cursor=WyJ4Il0", status=422)


async def test_the_silenced_are_out_of_sight(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    loud, quiet = await forum.post(bob, "tea", "Loud"), await forum.post(ada, "tea", "Quiet")
    await forum.comment(bob, quiet, "Me again")
    await forum.send(ada, "PUT", "/me/silenced/bob", {"kind": "mute"}, 204)
    for path in ("/feed?of=all", "/feed", "/feed?sort=hot", "/communities/tea/posts", "/me/feed", "/posts?query=loud"):
        assert "Loud" not in await titles(forum, ada, path), path
    assert await titles(forum, bob) == ["Quiet", "Loud"]
    assert await titles(forum, None) == ["Quiet", "Loud"]
    await forum.send(ada, "GET", f"/posts/{loud['post_id']}")  # whoever asks for it by name gets it
    [branch] = (await forum.send(ada, "GET", f"/posts/{quiet['post_id']}/comments"))["items"]
    assert branch["comment"]["is_silenced"]
    assert (await forum.send(ada, "GET", "/me/silenced"))[0]["kind"] == "mute"
    before = (await forum.send(ada, "GET", "/me/notifications"))["unread"]
    await forum.comment(bob, quiet, "And again, @ada")
    assert (await forum.send(ada, "GET", "/me/notifications"))["unread"] == before
    await forum.send(ada, "DELETE", "/me/silenced/bob", status=204)
    assert await titles(forum, ada) == ["Quiet", "Loud"]
    await forum.send(ada, "PUT", "/me/silenced/ada", {"kind": "mute"}, 422)
    await forum.send(ada, "PUT", "/me/silenced/nobody", {"kind": "mute"}, 404)


async def test_the_blocked_do_not_answer(forum: Forum, named: Named) -> None:
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    await forum.found(eve, "tea")
    of_ada, of_eve = await forum.post(ada, "tea"), await forum.post(eve, "tea")
    said = await forum.comment(ada, of_eve)
    await forum.send(ada, "PUT", "/me/silenced/bob", {"kind": "block"}, 204)
    await forum.comment(bob, of_ada, status=403)
    await forum.comment(bob, of_eve, parent=said, status=403)
    await forum.comment(bob, of_eve)
    await forum.comment(ada, of_ada)


@pytest.mark.parametrize(
    ("term", "title", "is_seen"),
    [
        ("tea", "Tea, now!", False), ("tea", "Team tactics", True), ("green tea", "On green-tea", False),
        ("Straße", "Eine Straße", False), ("100%", "All of 100", False), ("co.op", "The co op", False),
    ],
)  # fmt: skip
async def test_words_that_are_not_wanted(forum: Forum, named: Named, term: str, title: str, is_seen: bool) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "talk")
    await forum.post(ada, "talk", title)
    await forum.send(bob, "PUT", "/me/filters", {"terms": [term, "zebra"]})
    assert (await titles(forum, bob) == [title]) is is_seen
    await forum.send(bob, "PUT", "/me/filters", {"terms": []})
    assert await titles(forum, bob) == [title]
    await forum.send(bob, "PUT", "/me/filters", {"terms": ["x"]}, 422)


async def test_pages_work_without_a_script(forum: Forum, client: AsyncClient, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "Leaves")
    await forum.comment(bob, post, "Mine")
    here = f"/forum/posts/{post['post_id']}"
    assert "Nothing saved" in await page(client, "/forum/saved", ada)
    assert (await send(client, f"{here}/save", ada, is_saved="true")).headers["location"] == here
    assert "Leaves" in await page(client, "/forum/saved", ada)
    assert "Saved: let it go" in await page(client, here, ada)
    await send(client, f"{here}/save", ada)
    assert "Nothing saved" in await page(client, "/forum/saved", ada)
    await send(client, "/forum/u/bob/silence", ada, kind="block")
    assert "You blocked bob" in await page(client, "/forum/u/bob", ada)
    assert "<details>\n    <summary><span" in await page(client, here, ada)
    assert "blocked" in await page(client, "/forum/unwanted", ada)
    await send(client, "/forum/u/bob/silence", ada, kind="hear", here="/forum/unwanted")
    assert "Nobody." in await page(client, "/forum/unwanted", ada)
    await send(client, "/forum/unwanted", ada, terms="Tea\r\n\r\n tea ")
    assert ">tea</textarea>" in await page(client, "/forum/unwanted", ada)
    wrong = await send(client, "/forum/unwanted", ada, terms="Kept\r\nx")
    assert (wrong.status_code, ">Kept\nx</textarea>" in wrong.text) == (422, True)
