"""A person's own sets of communities: made, bounded, read as one feed; what is private in them stays so."""

import asyncio
import re

from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.domains.communities.errors import TooManyMultis
from api.domains.communities.service import multis
from tests.api.communities.conftest import Forum, Json, Named, principal
from tests.api.conftest import SignedUp, SignUp
from tests.api.moderation.test_case_pages import page


async def put(forum: Forum, person: SignedUp, slug: str, *communities: str, status: int = 200, **more: object) -> Json:
    """A set."""
    body = {"name": slug.title(), "communities": list(communities), **more}
    return await forum.send(person, "PUT", f"/me/multis/{slug}", body, status)


async def titles(forum: Forum, person: SignedUp | None, path: str) -> list[str]:
    """What stands in a set's feed."""
    return [each["title"] for each in (await forum.send(person, "GET", f"{path}/posts?sort=new"))["items"]]


async def test_a_set_is_made_changed_read_and_taken_away(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    for slug in ("tea", "cups", "pots"):
        await forum.found(ada, slug)
        await forum.post(ada, slug, f"On {slug}")
    made = await put(forum, bob, "drinks", "tea", " Cups ", "tea")
    assert (made["owner"], [each["slug"] for each in made["communities"]]) == ("bob", ["cups", "tea"])
    path = "/people/bob/multis/drinks"
    assert await titles(forum, bob, path) == ["On cups", "On tea"]
    for who in (ada, None):  # it is his alone
        await forum.send(who, "GET", path, status=404)
        await forum.send(who, "GET", f"{path}/posts", status=404)
    await put(forum, bob, "drinks", "pots", "tea", is_public=True, name="To drink")
    assert await titles(forum, None, path) == ["On pots", "On tea"]
    [own] = await forum.send(bob, "GET", "/me/multis")
    assert (own["name"], own["is_public"], len(own["communities"])) == ("To drink", True, 2)
    await forum.send(ada, "DELETE", "/me/multis/drinks", status=404)
    await forum.send(bob, "DELETE", "/me/multis/drinks", status=204)
    await forum.send(bob, "GET", path, status=404)
    await forum.send(None, "PUT", "/me/multis/drinks", {"name": "x", "communities": ["tea"]}, 401)


async def test_its_feed_has_ranks_and_cursors_as_others_have(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    for slug in ("tea", "cups", "pots"):
        await forum.found(ada, slug)
    posts = [await forum.post(ada, ("tea", "cups", "pots")[n % 3], f"No {n}") for n in range(9)]
    await put(forum, ada, "drinks", "tea", "cups", is_public=True)
    for number, voter in enumerate([await named(f"voter{n}") for n in range(3)]):
        for post in posts[: 2 * number + 2]:
            await forum.vote(voter, post, 1)
    for sort in ("hot", "active", "scaled", "new", "top"):
        seen: list[str] = []
        cursor = ""
        while True:
            shown = await forum.send(None, "GET", f"/people/ada/multis/drinks/posts?sort={sort}&limit=2{cursor}")
            seen += [each["title"] for each in shown["items"]]
            if not shown["next_cursor"]:
                break
            cursor = f"&cursor={shown['next_cursor']}"
            await forum.vote(bob, posts[7], 1)  # others vote meanwhile
        assert sorted(seen) == sorted(f"No {n}" for n in range(9) if n % 3 < 2), sort
    await forum.send(None, "GET", "/people/ada/multis/drinks/posts?cursor=abc", status=422)


async def test_what_cannot_be_a_set_is_refused(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    await forum.found(ada, "club", "private")
    for communities in (("club",), ("nowhere",), (), ("tea",) * 101):
        await put(forum, bob, "drinks", *communities, status=422)
    for more in ({"name": ""}, {"name": "x" * 81}, {"owner": "ada"}):
        await put(forum, bob, "drinks", "tea", status=422, **more)
    await put(forum, bob, "ab", "tea", status=422)
    await put(forum, bob, "drinks", "tea", name="Waaaaaaaaaaaaaaay", is_public=True, status=422)  # a rule is against it
    await put(forum, bob, "drinks", "tea", name="Waaaaaaaaaaaaaaay")  # nobody else reads it
    await session.execute(
        text(
            "INSERT INTO communities.multis (multi_id, owner_id, slug, name)"
            " SELECT gen_random_uuid(), :bob, 'set-' || n, 'x' FROM generate_series(1, 49) n"
        ),
        {"bob": bob.customer_id},
    )
    refused = await put(forum, bob, "one-more", "tea", status=409)
    assert refused["type"] == "urn:agora:problem:too-many-multis"
    await put(forum, bob, "drinks", "tea")  # one that is there is changed all the same


async def test_what_is_private_is_in_a_set_for_its_members_alone(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    for slug, visibility in (("tea", "public"), ("club", "private")):
        await forum.found(ada, slug, visibility)
        await forum.post(ada, slug, f"On {slug}")
    made = await put(forum, ada, "all", "tea", "club", is_public=True)
    path = "/people/ada/multis/all"
    assert len(made["communities"]) == 2
    assert await titles(forum, ada, path) == ["On club", "On tea"]
    for who in (bob, None):
        shown = await forum.send(who, "GET", path)
        assert [each["slug"] for each in shown["communities"]] == ["tea"]
        assert await titles(forum, who, path) == ["On tea"]
    await forum.join(bob, "club")
    await forum.act(ada, "/communities/club/people/bob", "admit")
    assert await titles(forum, bob, path) == ["On club", "On tea"]
    await put(forum, bob, "mine", "club")
    await forum.send(bob, "DELETE", "/communities/club/membership", status=204)
    assert await titles(forum, bob, "/people/bob/multis/mine") == []


async def test_forms_make_change_and_delete(forum: Forum, named: Named, client: AsyncClient) -> None:
    ada = await named("ada")
    await forum.found(ada, "tea")
    await forum.post(ada, "tea", "On tea")
    assert "No sets yet" in await page(client, "/forum/sets", ada)
    form = await page(client, "/forum/sets/new", ada)
    token = re.search(r'name="csrf_token" value="(\w+)"', form)
    assert token
    assert ">tea</textarea>" in form
    headers = {"accept": "text/html"} | ada.headers

    async def send(path: str, **fields: str) -> tuple[int, str]:
        answer = await client.post(path, data={"csrf_token": token[1], **fields}, headers=headers)
        return answer.status_code, answer.headers.get("location", answer.text)

    fields = {"slug": "drinks", "name": "Drinks", "communities": "tea\r\n", "is_new": "true"}
    status, wrong = await send("/forum/sets", **fields | {"communities": "nowhere"})
    assert (status, "names nowhere" in wrong, "Drinks" in wrong) == (422, True, True)
    assert await send("/forum/sets", **fields) == (303, "/forum/u/ada/m/drinks")
    shown = await page(client, "/forum/u/ada/m/drinks", ada)
    assert "On tea" in shown
    await page(client, "/forum/u/ada/m/drinks", None, 404)
    await send("/forum/sets", slug="drinks", name="To drink", communities="tea", is_public="true")
    assert "On tea" in await page(client, "/forum/u/ada/m/drinks")
    assert "/forum/u/ada/m/drinks" in await page(client, "/forum/u/ada")
    assert "To drink" in await page(client, "/forum/sets/drinks/edit", ada)
    assert await send("/forum/sets/drinks/delete") == (303, "/forum/sets")
    await page(client, "/forum/sets/drinks/edit", ada, 404)


async def test_bounds_hold_for_many_at_once(committed_client: AsyncClient, sign_up: SignUp) -> None:
    forum, ada = Forum(committed_client), await sign_up()
    await forum.found(ada, "tea")

    async def one(number: int) -> bool:
        try:
            async with transaction() as session:
                await multis.put(session, principal(ada), f"set-{number}", "x", ["tea"], is_public=False)
        except TooManyMultis:
            return False
        return True

    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO communities.multis (multi_id, owner_id, slug, name)"
                " SELECT gen_random_uuid(), :ada, 'old-' || n, 'x' FROM generate_series(1, 47) n"
            ),
            {"ada": ada.customer_id},
        )
    assert sum(await asyncio.gather(*(one(number) for number in range(8)))) == 3
    # The same set twice at once is one set.
    async with transaction() as session:
        await session.execute(text("DELETE FROM communities.multis"))
    assert sum(await asyncio.gather(*(one(1) for _ in range(4)))) == 4
    async with transaction() as session:
        found = await session.execute(text("SELECT count(*) FROM communities.multis"))
    assert found.scalar_one() == 1
