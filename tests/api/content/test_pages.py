"""Pages of articles: each is there for whom it is for, works without a script, and loses nothing."""

import json
import re
from uuid import uuid4

from httpx import AsyncClient, Response

from tests.api.catalog.test_images import picture
from tests.api.communities.test_pages import page
from tests.api.conftest import SignedUp, SignUp
from tests.api.content.conftest import Creator, Desk


async def send(client: AsyncClient, path: str, person: SignedUp, file: bytes | None = None, **fields: str) -> Response:
    shown = await page(client, "/create/articles", person)
    token = re.search(r'name="csrf_token" value="(\w+)"', shown) or re.search(
        r'name="csrf_token" value="(\w+)"', await page(client, "/create/name", person)
    )
    assert token
    headers = {"accept": "text/html"} | person.headers
    files = {"picture": ("cup.png", file, "image/png")} if file is not None else None
    return await client.post(path, data={"csrf_token": token[1], **fields}, files=files, headers=headers)


async def test_a_creator_finds_their_way(client: AsyncClient, desk: Desk, sign_up: SignUp) -> None:
    reader, ada = await sign_up(), await sign_up("creator")
    assert "No articles yet" in await page(client, "/articles")
    for path in ("/create/articles", "/create/articles/new", "/create/name", "/operate/articles"):
        await page(client, path, None, 303)
        await page(client, path, reader, 403)
    assert "Nothing written yet" in await page(client, "/create/articles", ada)
    begun = await client.get("/create/articles/new", headers=ada.headers)
    assert begun.headers["location"] == "/create/name"
    assert (await send(client, "/create/name", ada, name=" ")).status_code == 422
    await send(client, "/create/name", ada, name="Ada <Writes>")
    begun = await client.get("/create/articles/new", headers=ada.headers)
    here = begun.headers["location"].partition("?")[0]
    assert "Write an article" in await page(client, f"{here}?new=true", ada)
    await page(client, here, ada, 404)
    words = {"title": "Tea <at> home", "summary": "How to.", "body": "# Water\r\n\r\nFirst."}
    preview = await send(client, here, ada, act="preview", version="0", **words)
    assert "<h2>Water</h2>" in preview.text
    assert 'name="version" value="1"' in preview.text
    kept = await send(client, here, ada, act="keep", version="1", **words)
    assert kept.headers["location"] == f"{here}?done=kept"
    stale = await send(client, here, ada, act="keep", version="9", **words | {"title": "Lost?"})
    assert (stale.status_code, 'value="Lost?"' in stale.text) == (409, True)
    out = await send(client, here, ada, act="publish", version="1", **words)
    assert out.headers["location"] == f"{here}?done=published"
    for path in (f"{here}?done=published", f"{here}/history", f"{here}/history?revision=1&against=1"):
        await page(client, path, ada)
        await page(client, path, await sign_up("creator"), 404)
    html = await page(client, "/articles/tea-at-home")
    linked = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)[0])
    assert (linked["@type"], linked["headline"]) == ("Article", "Tea <at> home")
    assert linked["author"][0]["name"] == "Ada <Writes>"
    assert re.search(r'rel="canonical" href="[^"]+/articles/tea-at-home"', html)
    assert "Tea &lt;at&gt; home" in await page(client, "/articles")
    assert "Tea &lt;at&gt; home" in await page(client, "/articles/by/ada-writes")
    await page(client, "/articles/by/nobody", None, 404)
    moved = await send(client, f"{here}/address", ada, slug="brewing")
    assert moved.status_code == 303
    old = await client.get("/articles/tea-at-home")
    assert (old.status_code, old.headers["location"]) == (301, "/articles/brewing")
    taken = await send(client, f"{here}/address", ada, slug="Tea!")
    assert (taken.status_code, 'id="e-slug"' in taken.text) == (422, True)
    await send(client, f"{here}/withdraw", ada)
    await page(client, "/articles/brewing", None, 404)
    await send(client, f"{here}/delete", ada)
    assert "Nothing written yet" in await page(client, "/create/articles", ada)


async def test_times_versions_and_authors(client: AsyncClient, desk: Desk, creator: Creator) -> None:
    ada, bob = await creator("Ada"), await creator("Bob")
    made = await desk.write(ada, body="one")
    here = f"/create/articles/{made['article_id']}"
    words = {"title": "Tea", "body": "two"}
    wrong = await send(client, here, ada, act="schedule", version="1", publish_at="soon", **words)
    assert (wrong.status_code, 'id="e-publish_at"' in wrong.text) == (422, True)
    assert ">two</textarea>" in wrong.text
    version = re.search(r'name="version" value="(\d+)"', wrong.text)
    assert version
    assert version[1] == "2"  # what was typed is kept all the same
    soon = await send(client, here, ada, act="schedule", version="2", publish_at="2027-06-01T08:00", **words)
    assert soon.headers["location"] == f"{here}?done=scheduled"
    assert "comes out" in await page(client, here, ada)
    await send(client, here, ada, act="revision", version="2", title="Tea", body="three")
    shown = await page(client, f"{here}/history", ada)
    assert all(each in shown for each in ("three</ins>", "two</del>"))
    await send(client, f"{here}/restore", ada, revision="1")
    nobody = await send(client, f"{here}/authors", ada, creator="nobody")
    assert (nobody.status_code, "Nobody writes under this name" in nobody.text) == (404, True)
    await send(client, f"{here}/authors", ada, creator="/articles/by/bob")
    assert "You are asked to write along" in await page(client, "/create/articles", bob)
    await send(client, f"{here}/authorship", bob, is_accepted="true")
    assert "Write along no longer" in await page(client, here, bob)
    await send(client, f"{here}/authors", ada, creator="bob", act="drop")
    await page(client, here, bob, 404)


async def test_a_picture_comes_with_the_form(client: AsyncClient, desk: Desk, creator: Creator) -> None:
    ada = await creator("Ada")
    here = f"/create/articles/{uuid4()}"
    words = {"title": "Tea", "body": "One.", "picture_alt": "A [cup]", "version": "0"}
    wrong = await send(client, here, ada, b"MZ" * 50, act="keep", **words)
    assert (wrong.status_code, 'id="e-picture"' in wrong.text, ">One.</textarea>" in wrong.text) == (422, True, True)
    kept = await send(client, here, ada, picture(30, 30, "PNG"), act="keep", **words)
    assert kept.status_code == 303
    [article] = await desk.send(ada, "GET", "/me/articles")
    assert re.fullmatch(r"One\.\n\n!\[A \(cup\)\]\(/articles/images/[0-9a-f-]{36}/960\.webp\)\n", article["body"])


async def test_moderators_decide(client: AsyncClient, desk: Desk, creator: Creator, sign_up: SignUp) -> None:
    ada, moderator = await creator("Ada"), await sign_up("moderator", "creator")
    held = await desk.publish(ada, await desk.write(ada, body="Aaaaaaaaaaaaaaaaargh"))
    assert "Tea at home" in await page(client, "/operate/articles", moderator)
    assert "/operate/articles" in await page(client, "/operate", moderator)
    path = f"/operate/articles/{held['article_id']}"
    wrong = await send(client, path, moderator, act="reject")
    assert (wrong.status_code, 'aria-invalid="true"' in wrong.text) == (422, True)
    assert (await send(client, path, moderator, act="approve")).status_code == 303
    assert "Nothing to look at" in await page(client, "/operate/articles", moderator)
    await page(client, "/articles/tea-at-home")


async def test_an_article_is_reported_by_a_form(
    client: AsyncClient, desk: Desk, creator: Creator, sign_up: SignUp
) -> None:
    ada, bob = await creator("Ada"), await sign_up()
    await desk.publish(ada, await desk.write(ada))
    path = "/articles/tea-at-home/report"
    assert path not in await page(client, "/articles/tea-at-home")
    assert path in await page(client, "/articles/tea-at-home", bob)
    await page(client, path, None, 303)
    token = re.search(r'name="csrf_token" value="(\w+)"', await page(client, path, bob))
    assert token
    headers = {"accept": "text/html"} | bob.headers
    said = {"csrf_token": token[1], "words": "Two\r\nlines"}
    again = await client.post(path, data=said, headers=headers)
    assert (again.status_code, "Choose what it goes against." in again.text) == (422, True)
    assert "Two\r\nlines" in again.text or "Two\nlines" in again.text
    done = await client.post(path, data=said | {"policy": "be-civil"}, headers=headers)
    assert (done.status_code, done.headers["location"]) == (303, "/account/statements#reported")
    assert "Tea at home" in await page(client, "/account/statements", bob)
