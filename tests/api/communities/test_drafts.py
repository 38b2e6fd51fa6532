"""What people begin to write: kept as they type, theirs alone, never overwritten from another window."""

import asyncio
import re
from uuid import uuid4

from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Database, transaction
from api.core.errors import AppError
from api.domains.communities.service import communities, drafts
from tests.api.communities.conftest import Forum, Json, Named, principal
from tests.api.communities.test_pages import page, send
from tests.api.conftest import SignedUp, SignUp


async def keep(forum: Forum, person: SignedUp, draft_id: object, status: int = 200, **said: object) -> Json:
    return await forum.send(person, "PUT", f"/me/drafts/{draft_id}", {"community": "tea", **said}, status)


async def test_a_draft_is_kept_changed_and_posted(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    draft_id = uuid4()
    first = await keep(forum, bob, draft_id, title="Lea")
    again = await keep(forum, bob, draft_id, title="Lea")  # the first answer was lost
    second = await keep(forum, bob, draft_id, title="Leaves", body="x", revision=first["revision"])
    assert [each["revision"] for each in (first, again, second)] == [1, 1, 2]
    refused = await keep(forum, bob, draft_id, 409, title="Other", revision=1)
    assert (refused["type"].rpartition(":")[2], refused["revision"]) == ("draft-changed", 2)
    assert [each["title"] for each in await forum.send(bob, "GET", "/me/drafts")] == ["Leaves"]
    await forum.send(ada, "GET", f"/me/drafts/{draft_id}", status=404)
    await keep(forum, ada, draft_id, 404, title="Mine now")
    await forum.send(ada, "DELETE", f"/me/drafts/{draft_id}", status=204)
    await forum.send(bob, "GET", f"/me/drafts/{draft_id}")
    await forum.post(bob, "tea", " ", draft_id=str(draft_id), status=422)
    await forum.send(bob, "GET", f"/me/drafts/{draft_id}")  # what cannot be posted is not lost
    await forum.post(bob, "tea", "Leaves", draft_id=str(draft_id))
    assert await forum.send(bob, "GET", "/me/drafts") == []


async def test_what_is_no_draft(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea", "private")
    await keep(forum, bob, uuid4(), 404)
    await keep(forum, ada, uuid4(), 422, title="x" * 301)
    await keep(forum, ada, uuid4(), 422, body="a\x00b")
    await keep(forum, ada, uuid4(), 404, image_id=str(uuid4()))
    await forum.send(None, "GET", "/me/drafts", status=401)
    for _ in range(drafts.MOST):
        await keep(forum, ada, uuid4())
    await keep(forum, ada, uuid4(), 409)


async def test_of_two_windows_at_once_one_is_told(committed: Database, sign_up: SignUp) -> None:
    owner = await sign_up()
    draft_id = uuid4()
    async with transaction() as session:
        await communities.found(session, principal(owner), "tea", "Tea", "", "", "public")
        await drafts.keep(session, principal(owner), "tea", draft_id, 0, drafts.Begun())

    async def one(person: Principal, title: str) -> str:
        try:
            async with transaction() as session:
                await drafts.keep(session, person, "tea", draft_id, 1, drafts.Begun(title=title))
        except AppError as error:
            return error.type
        return "kept"

    done = await asyncio.gather(*(one(principal(owner), f"Title {n}") for n in range(4)))
    assert sorted(done) == ["draft-changed"] * 3 + ["kept"]


async def test_the_pages_keep_without_a_script(
    forum: Forum, client: AsyncClient, named: Named, session: AsyncSession
) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    kept = await send(client, "/forum/c/tea/submit", bob, act="keep", kind="poll", title="Which?", options="a\r\nb")
    here = kept.headers["location"]
    assert here.startswith("/forum/c/tea/submit?draft=")
    shown = await page(client, here, bob)
    assert all(each in shown for each in ('value="Which?"', ">a\nb</textarea>", 'name="revision" value="1"', "Kept "))
    await page(client, here, ada, 404)
    assert "Which?" in await page(client, "/forum/drafts", bob)
    assert "No drafts" in await page(client, "/forum/drafts", ada)
    draft_id = here.rpartition("=")[2]
    words = {"kind": "poll", "title": "Which?", "options": "a\r\nb", "draft_id": draft_id, "revision": "1"}
    answer = await send(client, "/forum/c/tea/submit", bob, act="send", **words)
    assert re.fullmatch(r"/forum/posts/[0-9a-f-]{36}", answer.headers["location"])
    assert "No drafts" in await page(client, "/forum/drafts", bob)
    other = await send(client, "/forum/c/tea/submit", bob, act="keep", title="Gone soon")
    draft_id = other.headers["location"].rpartition("=")[2]
    await send(client, f"/forum/drafts/{draft_id}/delete", ada)
    assert (await session.execute(text("SELECT count(*) FROM communities.drafts"))).scalar_one() == 1
    await send(client, f"/forum/drafts/{draft_id}/delete", bob)
    assert (await session.execute(text("SELECT count(*) FROM communities.drafts"))).scalar_one() == 0
