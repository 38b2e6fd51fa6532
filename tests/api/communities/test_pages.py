"""Pages of the forum: what each shows to whom, forms that lose nothing, and what search engines read."""

import json
import re

from httpx import AsyncClient, Response

from tests.api.communities.conftest import Forum, Json, Named
from tests.api.conftest import SignedUp


async def page(client: AsyncClient, path: str, person: SignedUp | None = None, status: int = 200) -> str:
    """A page as a browser gets it."""
    headers = {"accept": "text/html"} | (person.headers if person else {})
    answer = await client.get(path, headers=headers)
    assert answer.status_code == status, (path, answer.status_code)
    return answer.text


async def send(client: AsyncClient, path: str, person: SignedUp, **fields: str) -> Response:
    """A form of the forum, with the token of its browser."""
    shown = await page(client, "/forum", person)
    token = re.search(r'name="csrf_token" value="(\w+)"', shown)
    assert token
    headers = {"accept": "text/html"} | person.headers
    return await client.post(path, data={"csrf_token": token[1], **fields}, headers=headers)


async def filled(forum: Forum, named: Named) -> tuple[SignedUp, SignedUp, Json, Json]:
    """An owner, a guest, the guest's post, and the owner's answer to it."""
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "Green & black", body="Both, @ada, are <b>leaves</b>.")
    said = await forum.comment(ada, post, "And *white*.")
    await forum.send(ada, "PUT", f"/comments/{said['comment_id']}", {"body": "And **white**."})
    return ada, bob, post, said


async def test_every_page_is_there(forum: Forum, client: AsyncClient, named: Named) -> None:
    ada, bob, post, said = await filled(forum, named)
    everybody = [
        "/forum", "/forum?of=all", "/forum?of=popular&sort=top&window=week", "/forum/c/tea", "/forum/c/tea?sort=active",
        "/forum/communities", "/forum/search?query=leaves", f"/forum/posts/{post['post_id']}",
        f"/forum/posts/{post['post_id']}?sort=new", f"/forum/comments/{said['comment_id']}", "/forum/c/tea/log",
        f"/forum/comments/{said['comment_id']}/history", f"/forum/posts/{post['post_id']}/history", "/forum/u/bob",
    ]  # fmt: skip
    for path in everybody:
        for person in (None, bob, ada):
            await page(client, path, person)
    for path in ("/forum/c/tea/queue", "/forum/c/tea/describe"):
        await page(client, path, ada)
        await page(client, path, bob, 403)
    for path in ("/forum/me", "/forum/new-community", "/forum/c/tea/submit", "/forum/c/tea/submit?kind=poll"):
        await page(client, path, bob)
        await page(client, path, None, 303)
    for path in ("/forum/c/none", "/forum/u/nobody", f"/forum/posts/{said['comment_id']}"):
        await page(client, path, None, 404)


async def test_forms_work_without_a_script(forum: Forum, client: AsyncClient, named: Named) -> None:
    ada, bob, post, said = await filled(forum, named)
    here = f"/forum/posts/{post['post_id']}"
    voted = await send(client, "/forum/vote", ada, vote=f"post:{post['post_id']}:1", here=f"{here}?sort=new")
    assert voted.headers["location"] == f"{here}?sort=new#p-{post['post_id']}"
    assert (await send(client, "/forum/vote", bob, vote=f"comment:{said['comment_id']}:-1")).status_code == 303
    assert (await send(client, "/forum/vote", bob, vote="post:x:1")).status_code == 422
    away = await send(client, "/forum/vote", ada, vote=f"post:{post['post_id']}:0", here="//evil.example/forum")
    assert away.headers["location"].startswith("/forum#")
    now = await forum.send(ada, "GET", f"/posts/{post['post_id']}")
    assert (now["ups"], now["downs"]) == (0, 0)
    answered = await send(client, f"{here}/comments", bob, body="Two\r\nlines", parent_id=said["comment_id"])
    assert "/forum/comments/" in answered.headers["location"]
    wrong = await send(client, "/forum/c/tea/submit", bob, kind="link", title="Kept title", url="ftp://x", body="Kept")
    assert wrong.status_code == 422
    assert all(each in wrong.text for each in ('value="Kept title"', ">Kept</textarea>", 'id="e-url"'))
    preview = await send(client, "/forum/c/tea/submit", bob, act="preview", title="T", body="**strong**")
    assert "<strong>strong</strong>" in preview.text
    empty = await send(client, f"{here}/comments", bob, body=" ")
    assert empty.status_code == 422
    assert 'aria-invalid="true"' in empty.text
    removed = await send(client, f"{here}/moderate", ada, act="remove", reason="Off topic", here="/forum/c/tea/queue")
    assert removed.headers["location"] == "/forum/c/tea/queue"
    assert "Off topic" not in await page(client, here)
    assert "Off topic" in await page(client, here, bob)
    assert "Off topic" in await page(client, "/forum/c/tea/log")
    banned = await send(client, "/forum/c/tea/people", ada, act="ban", handle="@bob")
    assert (banned.status_code, "takes 1 to 500" in banned.text) == (422, True)
    assert (await client.post("/forum/c/tea/join", headers=bob.headers)).status_code == 403


async def test_search_engines_read_what_everybody_reads(forum: Forum, client: AsyncClient, named: Named) -> None:
    ada, _, post, said = await filled(forum, named)
    shown = await page(client, f"/forum/posts/{post['post_id']}")
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', shown, re.DOTALL)
    assert found
    document = json.loads(found[1])
    assert (document["@type"], document["headline"], document["author"]["name"]) == (
        "DiscussionForumPosting", "Green & black", "bob",
    )  # fmt: skip
    (comment,) = document["comment"]
    assert (comment["text"], comment["url"].endswith(said["comment_id"])) == ("And **white**.", True)
    await forum.found(ada, "club", "private")
    secret = await forum.post(ada, "club")
    assert "ld+json" not in await page(client, f"/forum/posts/{secret['post_id']}", ada)
