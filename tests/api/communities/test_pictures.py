"""Pictures of posts on a real store: sent in by a signed address or a form, looked at, shown to whoever may read."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import storage, uploads
from tests.api.catalog.test_images import exists, picture
from tests.api.communities.conftest import Forum, Json, Named
from tests.api.communities.test_pages import page
from tests.api.conftest import SignedUp

NAMES = [f"pictures/{{}}/{size}.webp" for size in (160, 480, 960)]


async def upload(forum: Forum, person: SignedUp, content: bytes, kind: str = "image/jpeg", is_made: bool = True) -> str:
    """All of the way, the worker's part included."""
    body = {"content_type": kind, "size_bytes": len(content), "alt": "A cup"}
    begun = await forum.send(person, "POST", "/me/pictures", body, 201)
    async with httpx.AsyncClient(trust_env=False) as outside:
        answer = await outside.put(begun["url"], content=content, headers=begun["headers"])
    assert answer.status_code == 200, answer.text
    image_id = str(begun["image_id"])
    if is_made:
        done = await forum.send(person, "POST", f"/me/pictures/{image_id}/complete")
        assert done["state"] == "processing"
        await uploads.make(image_id)
    return image_id


async def seen(client: AsyncClient, image_id: str, person: SignedUp | None = None, **headers: str) -> Response:
    return await client.get(f"/forum/images/{image_id}/480.webp", headers=(person.headers if person else {}) | headers)


async def shown(forum: Forum, named: Named, visibility: str = "public") -> tuple[SignedUp, SignedUp, str, Json]:
    """An owner, an outsider, and the owner's picture in a post of their community."""
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea", visibility)
    image_id = await upload(forum, ada, picture(1200, 800))
    post = await forum.post(ada, "tea", "My cup", kind="image", image_id=image_id)
    return ada, bob, image_id, post


async def test_a_picture_is_posted_and_shown(forum: Forum, client: AsyncClient, named: Named) -> None:
    ada, _, image_id, post = await shown(forum, named)
    assert (post["image_id"], post["image_state"], post["image_alt"]) == (image_id, "ready", "A cup")
    answer = await seen(client, image_id)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert (await seen(client, image_id, **{"if-none-match": answer.headers["etag"]})).status_code == 304
    html = await page(client, f"/forum/posts/{post['post_id']}")
    assert f'src="/forum/images/{image_id}/960.webp"' in html
    assert 'width="1200" height="800" alt="A cup"' in html
    assert f"/forum/images/{image_id}/160.webp" in await page(client, "/forum?of=all&sort=new")
    await forum.post(ada, "tea", "Again", kind="image", image_id=image_id, status=404)  # it shows in one place


async def test_it_goes_with_the_post(forum: Forum, client: AsyncClient, named: Named, session: AsyncSession) -> None:
    ada, bob, image_id, post = await shown(forum, named)
    await forum.act(ada, f"/posts/{post['post_id']}", "remove")
    assert [(await seen(client, image_id, each)).status_code for each in (None, bob, ada)] == [404, 404, 200]
    await forum.act(ada, f"/posts/{post['post_id']}", "restore")
    assert (await seen(client, image_id)).status_code == 200
    await forum.send(ada, "DELETE", f"/posts/{post['post_id']}", status=204)
    assert (await seen(client, image_id, ada)).status_code == 404
    assert await uploads.sweep_pictures() == 1
    assert [await exists(each.format(image_id)) for each in NAMES] == [False] * 3


async def test_a_private_communitys_pictures_are_its_members(forum: Forum, client: AsyncClient, named: Named) -> None:
    ada, bob, image_id, _ = await shown(forum, named, "private")
    assert [(await seen(client, image_id, each)).status_code for each in (None, bob, ada)] == [404, 404, 200]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"MZ this is a program" * 9, "image/png"),
        (picture(9, 9, "PNG"), "image/jpeg"),
        (picture(9, 9)[:200], "image/jpeg"),
    ],
    ids=("a program", "another kind", "half a picture"),  # the bytes of a picture are never the same
)
async def test_what_is_no_picture_is_refused_and_removed(forum: Forum, named: Named, content: bytes, kind: str) -> None:
    ada = await named("ada")
    await forum.found(ada, "tea")
    image_id = await upload(forum, ada, content, kind, is_made=False)
    for _ in range(2):
        refused = await forum.send(ada, "POST", f"/me/pictures/{image_id}/complete", status=422)
        assert refused["type"].endswith("picture-refused")
    assert not await exists(f"pictures/uploads/{image_id}")
    await forum.post(ada, "tea", "My cup", kind="image", image_id=image_id, status=404)


async def test_what_is_not_there_or_anothers_is_not_posted(forum: Forum, client: AsyncClient, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    await forum.post(ada, "tea", "None", kind="image", status=422)
    await forum.post(ada, "tea", "None", kind="image", image_id=str(uuid4()), status=404)
    image_id = await upload(forum, ada, picture(40, 40))
    await forum.act(ada, "/communities/tea/people/bob", "appoint", status=409)
    await forum.join(bob, "tea")
    await forum.act(ada, "/communities/tea/people/bob", "appoint")
    await forum.post(bob, "tea", "Taken", kind="image", image_id=image_id, status=404)
    await forum.send(bob, "GET", f"/me/pictures/{image_id}", status=404)
    assert [(await seen(client, image_id, each)).status_code for each in (None, bob, ada)] == [404, 404, 200]
    body = {"content_type": "image/png", "size_bytes": 9}
    early = await forum.send(ada, "POST", "/me/pictures", body, 201)
    await forum.send(ada, "POST", f"/me/pictures/{early['image_id']}/complete", status=409)
    await forum.send(ada, "POST", "/me/pictures", body | {"content_type": "image/gif"}, 422)
    for _ in range(uploads.MOST_UNKEPT - 2):
        await forum.send(ada, "POST", "/me/pictures", body, 201)
    await forum.send(ada, "POST", "/me/pictures", body, 409)


async def test_what_stood_still_is_finished_and_what_nothing_keeps_forgotten(
    forum: Forum, named: Named, session: AsyncSession
) -> None:
    ada, _, kept, _ = await shown(forum, named)
    left = await upload(forum, ada, picture(40, 40))
    drafted = await upload(forum, ada, picture(40, 40))
    body = {"community": "tea", "kind": "image", "image_id": drafted}
    await forum.send(ada, "PUT", f"/me/drafts/{uuid4()}", body)
    await session.execute(text("UPDATE core.pictures SET updated_at = updated_at - interval '2 days'"))
    assert await uploads.sweep_pictures() == 1
    there: dict[str, Any] = {each: await exists(NAMES[0].format(each)) for each in (kept, left, drafted)}
    assert there == {kept: True, left: False, drafted: True}
    await uploads.make(left)  # a late run of the task
    waiting = await upload(forum, ada, picture(30, 30), is_made=False)
    await forum.send(ada, "POST", f"/me/pictures/{waiting}/complete")
    await storage.remove(f"pictures/uploads/{waiting}")
    await uploads.make(waiting)
    lost = await forum.send(ada, "GET", f"/me/pictures/{waiting}")
    assert (lost["state"], lost["reason"]) == ("refused", "the upload is gone")


async def test_the_form_takes_a_picture_without_a_script(forum: Forum, client: AsyncClient, named: Named) -> None:
    ada = await named("ada")
    await forum.found(ada, "tea")
    html = await page(client, "/forum/c/tea/submit?kind=image", ada)
    token = html.split('name="csrf_token" value="')[1].split('"')[0]
    headers = ada.headers | {"accept": "text/html"}

    async def send(content: bytes | None, **said: str) -> Response:
        files = {"file": ("cup.png", content, "image/png")} if content is not None else {"file": ("", b"")}
        data = {"csrf_token": token, "kind": "image", "title": "My cup", "alt": "A cup"} | said
        return await client.post("/forum/c/tea/submit", headers=headers, data=data, files=files)

    wrong = await send(b"MZ" * 99)
    assert (wrong.status_code, 'id="e-file"' in wrong.text, 'value="My cup"' in wrong.text) == (422, True, True)
    nothing = await send(None)
    assert (nothing.status_code, "names no picture" in nothing.text) == (422, True)
    untitled = await send(picture(50, 50), title=" ")  # what was sent in is there when the form comes again
    assert untitled.status_code == 422
    image_id = untitled.text.split('name="image_id" value="')[1].split('"')[0]
    done = await send(None, image_id=image_id)
    assert done.status_code == 303
    post = await forum.send(ada, "GET", f"/posts/{done.headers['location'].rpartition('/')[2]}")
    assert (post["image_id"], post["image_state"], post["image_alt"]) == (image_id, "processing", "A cup")
    assert "being made ready" in await page(client, done.headers["location"], ada)
    assert (await send(bytes(10 * 1024**2 + 300_000))).status_code == 413
