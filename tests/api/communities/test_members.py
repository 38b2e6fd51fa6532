"""Communities founded, joined and led: who may do what, and a log in which everything can be taken back."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.api.communities.conftest import Forum, Named, counters_hold
from tests.api.conftest import SignUp


async def events(session: AsyncSession) -> list[str]:
    statement = "SELECT type FROM core.outbox WHERE topic = 'communities' ORDER BY id"
    return [each.partition(".")[2] for each in (await session.execute(text(statement))).scalars()]


async def test_a_public_community_is_founded_joined_and_left(
    forum: Forum, sign_up: SignUp, session: AsyncSession
) -> None:
    owner, guest = await sign_up(), await sign_up()
    made = await forum.found(owner, "tea")
    assert (made["role"], made["members"], made["visibility"]) == ("owner", 1, "public")
    for _ in range(2):
        assert await forum.join(guest, "tea") == "member"
    shown = await forum.send(guest, "GET", "/communities/tea")
    assert (shown["members"], shown["role"]) == (2, "member")
    for _ in range(2):
        await forum.send(guest, "DELETE", "/communities/tea/membership", status=204)
    await forum.send(owner, "DELETE", "/communities/tea/membership", status=409)
    assert (await forum.send(None, "GET", "/communities/tea"))["members"] == 1
    assert await events(session) == ["community_founded", "member_joined", "member_joined", "member_left"]
    await counters_hold(session)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"slug": "a", "name": "A"}, 422),
        ({"slug": "Tea!", "name": "A"}, 422),
        ({"slug": "new", "name": "A"}, 422),
        ({"slug": "taken", "name": "A"}, 409),
        ({"slug": "fine", "name": "   "}, 422),
        ({"slug": "fine", "name": "A", "visibility": "secret"}, 422),
        ({"slug": "fine", "name": "Aaaaaaaaaaa"}, 422),
    ],
)
async def test_what_is_no_community(forum: Forum, sign_up: SignUp, body: dict[str, str], status: int) -> None:
    owner = await sign_up()
    await forum.found(owner, "taken")
    await forum.send(owner, "POST", "/communities", body, status)
    await forum.send(None, "POST", "/communities", {"slug": "fine", "name": "A"}, 401)


async def test_all_that_is_wrong_is_told_at_once(forum: Forum, sign_up: SignUp) -> None:
    owner = await sign_up()
    told = await forum.send(owner, "POST", "/communities", {"slug": "new", "name": " "}, 422)
    assert [each["field"] for each in told["errors"]] == ["name", "slug"]


async def test_restricted_ones_are_read_by_all_and_written_by_members(
    forum: Forum, named: Named, session: AsyncSession
) -> None:
    owner, guest = await named("olga"), await named("gina")
    await forum.found(owner, "cellar", "restricted")
    post = await forum.post(owner, "cellar")
    assert await forum.join(guest, "cellar") == "waiting"
    await forum.post(guest, "cellar", status=403)
    await forum.comment(guest, post, status=403)
    await forum.vote(guest, post, 1, status=403)
    assert (await forum.send(guest, "GET", f"/posts/{post['post_id']}"))["title"] == "A thought"
    queue = await forum.send(owner, "GET", "/communities/cellar/queue")
    assert [each["handle"] for each in queue["people"]] == ["gina"]
    await forum.send(guest, "GET", "/communities/cellar/queue", status=403)
    await forum.act(owner, "/communities/cellar/people/gina", "admit")
    await forum.comment(guest, post)
    assert (await forum.vote(guest, post, 1))["score"] == 1
    await forum.act(owner, "/communities/cellar/people/gina", "admit", status=409)
    await counters_hold(session)


async def test_the_owner_describes_it_and_private_stays_private(forum: Forum, sign_up: SignUp) -> None:
    owner, guest = await sign_up(), await sign_up()
    await forum.found(owner, "tea")
    await forum.found(owner, "club", "private")
    words = {"name": "Tea", "description": "Leaves", "rules": "Be *kind*", "visibility": "restricted"}
    changed = await forum.send(owner, "PUT", "/communities/tea", words)
    assert (changed["name"], changed["rules"], changed["visibility"]) == ("Tea", "Be *kind*", "restricted")
    await forum.send(guest, "PUT", "/communities/tea", words, 403)
    await forum.send(owner, "PUT", "/communities/tea", words | {"visibility": "private"}, 422)
    await forum.send(owner, "PUT", "/communities/club", words | {"visibility": "public"}, 422)


async def test_earlier_moderators_outrank_later_ones(forum: Forum, named: Named, session: AsyncSession) -> None:
    owner, first, second = await named("olga"), await named("fred"), await named("sven")
    await forum.found(owner, "tea")
    for handle, person in (("fred", first), ("sven", second)):
        await forum.join(person, "tea")
        await forum.act(person, f"/communities/tea/people/{handle}", "appoint", status=403)
        await forum.act(owner, f"/communities/tea/people/{handle}", "appoint")
    await forum.act(second, "/communities/tea/people/fred", "demote", status=403)
    await forum.act(second, "/communities/tea/people/olga", "ban", status=403)
    await forum.act(first, "/communities/tea/people/olga", "ban", status=403)
    leaders = await forum.client.get("/v1/communities/tea/leaders")
    assert [each["handle"] for each in leaders.json()] == ["olga", "fred", "sven"]
    post = await forum.post(first, "tea", "By the first")
    await forum.act(second, f"/posts/{post['post_id']}", "remove", status=403)
    await forum.act(first, "/communities/tea/people/sven", "demote")
    await forum.act(second, f"/posts/{post['post_id']}", "remove", status=403)
    assert [each["act"] for each in await forum.log("tea")] == ["demote", "appoint", "appoint"]
    await counters_hold(session)


async def test_a_ban_is_told_with_its_reason_and_taken_back_once(
    forum: Forum, named: Named, session: AsyncSession
) -> None:
    owner, moderator, guest = await named("olga"), await named("mona"), await named("gina")
    await forum.found(owner, "tea")
    for handle, person in (("mona", moderator), ("gina", guest)):
        await forum.join(person, "tea")
        if handle == "mona":
            await forum.act(owner, "/communities/tea/people/mona", "appoint")
    await forum.act(moderator, "/communities/tea/people/gina", "ban", reason="", status=422)
    await forum.act(moderator, "/communities/tea/people/gina", "ban", "Rude")
    await forum.post(guest, "tea", status=403)
    await forum.send(guest, "PUT", "/communities/tea/membership", status=403)
    entry = (await forum.log("tea"))[0]
    told = (entry["act"], entry["actor"], entry["subject"], entry["reason"], entry["subject_id"], entry["is_undone"])
    assert told == ("ban", "mona", "gina", "Rude", None, False)
    path = f"/acts/{entry['act_id']}/undo"
    await forum.send(guest, "POST", path, {"reason": "Please"}, 403)
    await forum.send(owner, "POST", path, {"reason": "Too hard"}, 204)
    assert (await forum.send(guest, "GET", "/communities/tea"))["role"] == "member"
    await forum.send(owner, "POST", path, {"reason": "Again"}, 409)
    newest, before = (await forum.log("tea"))[:2]
    assert (newest["act"], newest["undoes"], before["is_undone"]) == ("undo", entry["act_id"], True)
    await forum.post(guest, "tea")
    await counters_hold(session)


async def test_the_house_moderates_everywhere_but_the_owner(forum: Forum, named: Named) -> None:
    owner, staff = await named("olga"), await named("stan", "moderator")
    await forum.found(owner, "tea")
    guest = await named("gina")
    post = await forum.post(guest, "tea")
    await forum.act(staff, f"/posts/{post['post_id']}", "remove", "Off topic")
    assert (await forum.log("tea"))[0]["actor"] == "stan"
    await forum.act(staff, "/communities/tea/people/olga", "ban", status=403)


async def test_a_handle_is_chosen_once_and_the_accounts_name_is_never_told(
    forum: Forum, sign_up: SignUp, session: AsyncSession
) -> None:
    person, other = await sign_up(), await sign_up()
    await forum.found(person, "tea")
    assert (await forum.send(person, "PATCH", "/me/person", {}))["handle"].startswith("member-")
    for wrong in ("ab", "Mod erator", "admin", "member-1"):
        await forum.send(person, "PATCH", "/me/person", {"handle": wrong}, 422)
    said = await forum.send(person, "PATCH", "/me/person", {"handle": "@Ada", "about": "I brew."})
    assert (said["handle"], said["is_handle_chosen"], said["about"]) == ("ada", True, "I brew.")
    await forum.send(person, "PATCH", "/me/person", {"handle": "ada2"}, 409)
    await forum.send(other, "PATCH", "/me/person", {"handle": "ada"}, 409)
    await forum.post(person, "tea")
    shown = await forum.send(None, "GET", "/people/ada")
    assert [each["author"] for each in shown["posts"]] == ["ada"]
    assert "customer_id" not in str(shown)
    assert "Some One" not in str(shown)
    await forum.send(None, "GET", "/people/nobody", status=404)
