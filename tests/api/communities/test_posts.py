"""Posts and comments: every kind, edits with history, removed and deleted ones with their answers kept."""

from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.communities.service import comments, threads
from tests.api.communities.conftest import Forum, Json, Named, counters_hold
from tests.api.conftest import SignUp

LONG = comments.LONGEST


def flat(branches: list[Json]) -> list[Json]:
    """Every comment of some branches, from the top."""
    return [each for branch in branches for each in (branch["comment"], *flat(branch["children"]))]


async def test_every_kind(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    words = await forum.post(ada, "tea", "  Two   words ", body="# Hi\n\n@bob, look")
    assert (words["title"], words["author"], words["kind"], words["status"]) == (
        "Two words",
        "ada",
        "text",
        "published",
    )
    assert '<a href="/forum/u/bob"' in words["body_html"]
    link = await forum.post(ada, "tea", kind="link", url="https://example.org/tea")
    assert link["url"] == "https://example.org/tea"
    poll = await forum.post(ada, "tea", kind="poll", options=["Green", "Black", "Green ", ""])
    assert [each["label"] for each in poll["options"]] == ["Green", "Black"]
    path = f"/posts/{poll['post_id']}/choice"
    await forum.send(bob, "PUT", path, {"option_number": 1})
    chosen = await forum.send(bob, "PUT", path, {"option_number": 2})
    assert [(each["votes"], each["is_own"]) for each in chosen["options"]] == [(0, False), (1, True)]
    await forum.send(bob, "PUT", path, {"option_number": 3}, 422)
    await counters_hold(session)


@pytest.mark.parametrize(
    "body",
    [
        {"title": ""},
        {"title": "x" * 301},
        {"kind": "link"},
        {"kind": "link", "url": "javascript:alert(1)"},
        {"kind": "poll", "options": ["One"]},
        {"kind": "poll", "options": ["Same", "Same"]},
        {"kind": "poll", "options": ["A", "x" * 121]},
        {"kind": "image"},
        {"body": "a\x00b"},
    ],
)
async def test_what_is_no_post(forum: Forum, sign_up: SignUp, body: Json) -> None:
    ada = await sign_up()
    await forum.found(ada, "tea")
    await forum.send(ada, "POST", "/communities/tea/posts", {"title": "Fine"} | body, 422)


async def test_edits_keep_what_was_said(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "First", body="One")
    path = f"/posts/{post['post_id']}"
    for body in ("Two", "Two", "Three"):
        edited = await forum.send(ada, "PUT", path, {"title": "Second", "body": body})
    assert (edited["title"], edited["body"], edited["edited_at"] is None) == ("Second", "Three", False)
    before = await forum.client.get(f"/v1{path}/revisions")
    assert [(each["title"], each["body"]) for each in before.json()] == [("Second", "Two"), ("First", "One")]
    await forum.send(bob, "PUT", path, {"title": "Mine", "body": ""}, 403)
    said = await forum.comment(bob, post, "Hm")
    await forum.send(bob, "PUT", f"/comments/{said['comment_id']}", {"body": "Hmm"})
    history = await forum.client.get(f"/v1/comments/{said['comment_id']}/revisions")
    assert [each["body"] for each in history.json()] == ["Hm"]
    await forum.send(ada, "PUT", f"/comments/{said['comment_id']}", {"body": "Mine"}, 403)


async def test_deleted_words_are_gone_and_answers_stay(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "A secret", body="Hush")
    await forum.send(ada, "PUT", f"/posts/{post['post_id']}", {"title": "A secret", "body": "Hush!"})
    first = await forum.comment(bob, post, "Loud")
    await forum.comment(ada, post, "Answer", parent=first)
    await forum.send(ada, "DELETE", f"/comments/{first['comment_id']}", status=403)
    await forum.send(bob, "DELETE", f"/comments/{first['comment_id']}", status=204)
    for person in (ada, bob, None):
        (top,) = (await forum.send(person, "GET", f"/posts/{post['post_id']}/comments"))["items"]
        assert (top["comment"]["status"], top["comment"]["body"], top["comment"]["author"]) == (
            "deleted",
            "",
            "[deleted]",
        )
        assert [each["body"] for each in flat(top["children"])] == ["Answer"]
    for _ in range(2):
        await forum.send(ada, "DELETE", f"/posts/{post['post_id']}", status=204)
    shown = await forum.send(None, "GET", f"/posts/{post['post_id']}")
    assert (shown["title"], shown["body"], shown["author"], shown["comments"]) == ("[deleted]", "", "[deleted]", 1)
    assert (await forum.send(None, "GET", "/communities/tea/posts"))["items"] == []
    await forum.comment(bob, post, status=409)
    await forum.vote(bob, post, 1, status=409)
    left = "SELECT count(*) FROM communities.revisions"
    assert (await session.execute(text(left))).scalar_one() == 0
    await counters_hold(session)


async def test_removed_ones_are_shown_to_author_and_moderators_with_the_reason(
    forum: Forum, named: Named, session: AsyncSession
) -> None:
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "Coffee", body="is better")
    said = await forum.comment(eve, post, "It is")
    await forum.comment(bob, post, "Really", parent=said)
    await forum.act(ada, f"/comments/{said['comment_id']}", "remove", "Off topic")
    (top,) = (await forum.send(None, "GET", f"/posts/{post['post_id']}/comments"))["items"]
    assert (top["comment"]["status"], top["comment"]["body"]) == ("removed", "")
    assert top["children"][0]["comment"]["body"] == "Really"
    (own,) = (await forum.send(eve, "GET", f"/posts/{post['post_id']}/comments"))["items"]
    assert (own["comment"]["body"], own["comment"]["reason"]) == ("It is", "Off topic")
    await forum.comment(bob, post, parent=said, status=409)
    await forum.act(ada, f"/posts/{post['post_id']}", "remove", "Off topic")
    await forum.act(ada, f"/posts/{post['post_id']}", "remove", status=409)
    assert (await forum.send(None, "GET", f"/posts/{post['post_id']}"))["title"] == "[removed]"
    assert (await forum.send(bob, "GET", f"/posts/{post['post_id']}"))["title"] == "Coffee"
    await forum.comment(eve, post, status=409)
    for entry in await forum.log("tea"):
        await forum.send(ada, "POST", f"/acts/{entry['act_id']}/undo", {"reason": "Fair"}, 204)
    assert (await forum.send(None, "GET", f"/posts/{post['post_id']}"))["comments"] == 2
    await counters_hold(session)


async def test_a_locked_post_takes_nothing_until_it_is_unlocked(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea")
    await forum.act(bob, f"/posts/{post['post_id']}", "lock", status=403)
    await forum.act(ada, f"/posts/{post['post_id']}", "lock", "Enough")
    await forum.comment(bob, post, status=409)
    await forum.act(ada, f"/posts/{post['post_id']}", "unlock")
    await forum.comment(bob, post)


async def test_what_waits_is_for_its_author_and_moderators(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    await forum.found(ada, "tea")
    held = await forum.post(bob, "tea", "Aaaaaaaaaaaaa")
    post = await forum.post(bob, "tea", "Fine")
    said = await forum.comment(bob, post, "Nooooooooooo")
    assert (held["status"], held["reason"], said["status"]) == ("held", "repeated-character", "held")
    for path in (f"/posts/{held['post_id']}", f"/comments/{said['comment_id']}"):
        await forum.send(eve, "GET", path, status=404)
        await forum.send(None, "GET", path, status=404)
        await forum.send(bob, "GET", path)
    assert (await forum.send(bob, "GET", f"/posts/{post['post_id']}/comments"))["items"] == []
    queue = await forum.send(ada, "GET", "/communities/tea/queue")
    assert ([each["title"] for each in queue["posts"]], len(queue["comments"])) == (["Aaaaaaaaaaaaa"], 1)
    await forum.act(ada, f"/comments/{said['comment_id']}", "approve")
    await forum.act(ada, f"/posts/{held['post_id']}", "reject", "Shouting")
    (top,) = (await forum.send(None, "GET", f"/posts/{post['post_id']}/comments"))["items"]
    assert top["comment"]["body"] == "Nooooooooooo"
    await forum.send(None, "GET", f"/posts/{held['post_id']}", status=404)
    assert (await forum.send(bob, "GET", f"/posts/{held['post_id']}"))["reason"] == "Shouting"
    await counters_hold(session)


async def test_threads_are_fifty_deep_and_no_deeper(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada = await named("ada")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea")
    said = None
    for _ in range(50):
        said = await forum.comment(ada, post, parent=said)
    assert said is not None
    assert said["depth"] == 50
    await forum.comment(ada, post, parent=said, status=409)
    link = await forum.send(None, "GET", f"/comments/{said['comment_id']}")
    assert [each["depth"] for each in link["above"]] == [47, 48, 49]
    await counters_hold(session)


@pytest.mark.parametrize("sort", ["best", "new", "controversial", "old"])
async def test_pages_of_a_thread_show_every_comment_once(forum: Forum, named: Named, sort: str) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea")
    tops = [await forum.comment(ada, post, f"Top {n}") for n in range(12)]
    for n in range(8):
        await forum.comment(ada, post, f"Below {n}", parent=tops[3])
    await forum.vote(bob, tops[3], 1)
    await forum.vote(bob, tops[5], -1)
    seen: list[str] = []

    async def walk(path: str, key: str) -> None:
        cursor = None
        while True:
            found = await forum.send(None, "GET", f"{path}?sort={sort}" + (f"&cursor={cursor}" if cursor else ""))
            branches = found["items"] if key == "items" else found["thread"]["children"]
            for branch in branches:
                seen.append(branch["comment"]["body"])
                seen.extend(each["body"] for each in flat(branch["children"]))
                if branch["more"]:
                    rest = f"/comments/{branch['comment']['comment_id']}"
                    await rest_of(rest, branch["next_cursor"])
            cursor = found["next_cursor"]
            if cursor is None:
                return

    async def rest_of(path: str, cursor: str | None) -> None:
        """By time the rest alone; by a rank, where votes move what was shown, all of it anew."""
        found = await forum.send(None, "GET", f"{path}?sort={sort}" + (f"&cursor={cursor}" if cursor else ""))
        bodies = [each["body"] for each in flat(found["thread"]["children"])]
        seen.extend(bodies if cursor else [each for each in bodies if each not in seen])
        assert found["next_cursor"] is None

    await walk(f"/posts/{post['post_id']}/comments", "items")
    assert sorted(seen) == sorted([f"Top {n}" for n in range(12)] + [f"Below {n}" for n in range(8)])
    if sort == "best":
        assert seen[0] == "Top 3"
    other = "new" if sort != "new" else "old"
    found = await forum.send(None, "GET", f"/posts/{post['post_id']}/comments?sort={sort}")
    path = f"/posts/{post['post_id']}/comments?sort={other}&cursor={found['next_cursor']}"
    await forum.send(None, "GET", path, status=422)


@pytest.mark.parametrize("sort", ["best", "controversial"])
async def test_pages_of_a_thread_neither_repeat_nor_skip_while_votes_pour_in(
    forum: Forum, named: Named, monkeypatch: pytest.MonkeyPatch, session: AsyncSession, sort: str
) -> None:
    """Also beyond the end of an edition, which is fifteen long here."""
    monkeypatch.setattr(threads, "LONGEST_LIST", 15)
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea")
    said = [await forum.comment(ada, post, f"Top {n}") for n in range(37)]
    chance, seen, cursor = Random(5), list[str](), ""
    while True:
        page = await forum.send(None, "GET", f"/posts/{post['post_id']}/comments?sort={sort}{cursor}")
        seen += [each["comment"]["comment_id"] for each in page["items"]]
        for each in chance.sample(said, 12):
            for person in (bob, eve):
                await forum.vote(person, each, chance.choice((1, -1)))
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        await forum.comment(ada, post, "Said meanwhile")
    assert len(seen) == len(set(seen))
    assert set(seen) == {each["comment_id"] for each in said}
    await counters_hold(session)
    await session.execute(text("DELETE FROM communities.editions"))
    gone = await forum.send(None, "GET", f"/posts/{post['post_id']}/comments?sort={sort}{cursor}", status=422)
    assert "begin again" in str(gone)


async def test_an_answer_must_be_below_its_post(forum: Forum, named: Named) -> None:
    ada = await named("ada")
    await forum.found(ada, "tea")
    one, other = await forum.post(ada, "tea"), await forum.post(ada, "tea")
    said = await forum.comment(ada, one)
    await forum.comment(ada, other, parent=said, status=404)
    await forum.comment(ada, one, body="x" * (LONG + 1), status=422)
    await forum.comment(ada, one, body="   ", status=422)
