"""What people are told: once, only what they may read, live, by digest, and as they chose."""

import asyncio

from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.domains.communities.service import comments, communities, notifications, people, posts
from tests.api.communities.conftest import Forum, Json, Named, principal
from tests.api.communities.test_pages import page, send
from tests.api.conftest import SignedUp, SignUp

AGE = text("UPDATE communities.notifications SET created_at = created_at - CAST(:age AS interval)")
MAILS = text("SELECT args -> 'args' FROM procrastinate_jobs WHERE task_name = 'core.send_mail'")
VERIFY = text("UPDATE identity.customers SET email_verified_at = now()")


async def told(forum: Forum, person: SignedUp) -> list[str]:
    items = (await forum.send(person, "GET", "/me/notifications"))["items"]
    return [each["text"] for each in items]


async def unread(forum: Forum, person: SignedUp) -> int:
    return int((await forum.send(person, "GET", "/me/notifications"))["unread"])


async def test_answers_and_mentions_are_told_once(forum: Forum, named: Named) -> None:
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "Leaves", body="What do you say, @ada? And @bob, and @nobody.")
    first = await forum.comment(ada, post, "Green, @bob, @eve.")
    await forum.comment(bob, post, "Black.", parent=first)
    await forum.comment(bob, post, "I add: black.")
    await forum.send(ada, "PUT", f"/comments/{first['comment_id']}", {"body": "White, @bob, @eve."})
    assert await told(forum, ada) == ["bob answered you on “Leaves”", "bob mentioned you in “Leaves”"]
    assert await told(forum, bob) == ["ada answered you on “Leaves”"]
    assert await told(forum, eve) == ["ada mentioned you on “Leaves”"]


async def test_what_has_gone_is_told_no_more(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "Leaves")
    said = await forum.comment(ada, post)
    assert await unread(forum, bob) == 1
    await forum.send(ada, "DELETE", f"/comments/{said['comment_id']}", status=204)
    assert (await told(forum, bob), await unread(forum, bob)) == ([], 0)


async def test_a_held_answer_is_told_once_it_is_let_through(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(bob, "tea")
    post = await forum.post(bob, "tea", "Leaves")
    said = await forum.comment(ada, post, "Aaaaaaaaaaaaaaaaargh")
    assert said["status"] == "held"
    assert await told(forum, bob) == []
    await forum.act(bob, f"/comments/{said['comment_id']}", "approve")
    assert await told(forum, bob) == ["ada answered you on “Leaves”"]
    assert await told(forum, ada) == ["Your comment on “Leaves” was approved"]


async def test_moderators_acts_are_told_with_their_reason(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "Leaves")
    await forum.act(ada, f"/posts/{post['post_id']}", "remove", "No advertising")
    await forum.act(ada, "/communities/tea/people/bob", "ban", "Enough")
    items = (await forum.send(bob, "GET", "/me/notifications"))["items"]
    assert [(each["text"], each["reason"], each["actor"]) for each in items] == [
        ("You are banned from Tea", "Enough", None),
        ("Your post “Leaves” was removed", "No advertising", None),
    ]
    own = await forum.post(ada, "tea", "Mine")
    await forum.act(ada, f"/posts/{own['post_id']}", "lock")
    assert await told(forum, ada) == []


async def test_a_private_communitys_words_stay_inside(forum: Forum, named: Named) -> None:
    ada, bob, eve = await named("ada"), await named("bob"), await named("eve")
    await forum.found(ada, "secret", "private")
    await forum.join(bob, "secret")
    await forum.act(ada, "/communities/secret/people/bob", "admit")
    post = await forum.post(bob, "secret", "Hidden leaves", body="@eve should not know")
    await forum.comment(ada, post, "@bob @eve")
    assert await told(forum, eve) == []
    assert len(await told(forum, bob)) == 2
    await forum.act(ada, f"/posts/{post['post_id']}", "remove", "Said too much")
    await forum.act(ada, "/communities/secret/people/bob", "ban")
    shown = await forum.send(bob, "GET", "/me/notifications")
    assert "Hidden" not in str(shown)
    assert [each["text"] for each in shown["items"]][:2] == [
        "You are banned from Secret",
        "Your post in Secret was removed",
    ]
    assert shown["unread"] == 3


async def test_they_are_read_and_unread_and_chosen(forum: Forum, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea")
    for _ in range(3):
        await forum.comment(ada, post)
    first = await forum.send(bob, "GET", "/me/notifications?limit=2")
    rest = await forum.send(bob, "GET", f"/me/notifications?limit=2&cursor={first['next_cursor']}")
    ids = [each["notification_id"] for each in first["items"] + rest["items"]]
    assert (len(set(ids)), rest["next_cursor"]) == (3, None)
    await forum.send(bob, "PUT", f"/me/notifications/{ids[2]}/read", {"is_read": True}, 204)
    await forum.send(bob, "PUT", f"/me/notifications/{ids[2]}/read", {"is_read": False}, 204)
    await forum.send(bob, "PUT", "/me/notifications/read", {"notification_id": ids[1]}, 204)
    assert await unread(forum, bob) == 1
    await forum.send(ada, "PUT", f"/me/notifications/{ids[2]}/read", {}, 404)
    await forum.send(bob, "GET", "/me/notifications?cursor=WyJ4Il0", status=422)
    chosen = {"wanted": ["mention"], "digest": "off"}
    assert await forum.send(bob, "PUT", "/me/notification-preferences", chosen) == chosen
    await forum.comment(ada, post, "Again")
    await forum.comment(ada, post, "@bob, again")
    assert (await told(forum, bob))[0] == "ada mentioned you on “A thought”"
    assert await unread(forum, bob) == 2


async def digest(session: AsyncSession) -> list[Json]:
    await notifications.send_digests()
    return [row[0] for row in (await session.execute(MAILS)).all()]


async def test_a_digest_tells_each_thing_once(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "Leaves")
    await forum.comment(ada, post)
    assert await digest(session) == []
    await session.execute(AGE, {"age": "8 days"})
    assert await digest(session) == []  # nobody showed that the address is theirs
    await forum.comment(ada, post)
    await session.execute(VERIFY)
    await session.execute(AGE, {"age": "2 days"})
    assert await digest(session) == []
    await forum.send(bob, "PUT", "/me/notification-preferences", {"wanted": ["reply"], "digest": "daily"})
    for _ in range(2):
        mails = await digest(session)
        assert [(each["to"], each["subject"]) for each in mails] == [
            (bob.email, "1 thing you have not read in the forum")
        ]
    assert "ada answered you on “Leaves”" in mails[0]["body"]


async def test_old_ones_are_forgotten(forum: Forum, named: Named, session: AsyncSession) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    await forum.comment(ada, await forum.post(bob, "tea"))
    await session.execute(AGE, {"age": "181 days"})
    await notifications.forget_old()
    assert await told(forum, bob) == []


async def test_the_pages_work_without_a_script(forum: Forum, client: AsyncClient, named: Named) -> None:
    ada, bob = await named("ada"), await named("bob")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "Leaves & more")
    said = await forum.comment(ada, post)
    await forum.act(ada, f"/posts/{post['post_id']}", "lock", "Said <all>")
    assert "Nothing yet" in await page(client, "/notifications", ada)
    await page(client, "/notifications", None, 303)
    shown = await page(client, "/notifications", bob)
    assert "ada answered you on “Leaves &amp; more”" in shown
    assert "Reason: Said &lt;all&gt;" in shown
    items = (await forum.send(bob, "GET", "/me/notifications"))["items"]
    here = f"/notifications/{items[1]['notification_id']}"
    assert (await client.get(here, headers=ada.headers)).status_code == 404
    answer = await client.get(here, headers=bob.headers)
    assert answer.headers["location"] == f"/forum/comments/{said['comment_id']}#c-{said['comment_id']}"
    assert await unread(forum, bob) == 1
    assert (await send(client, f"{here}/read", bob)).status_code == 303
    assert await unread(forum, bob) == 2
    await send(client, "/notifications/read", bob, last=items[0]["notification_id"])
    assert await unread(forum, bob) == 0
    kept = await send(client, "/notifications/preferences", bob, wanted="reply", digest="daily")
    assert kept.headers["location"] == "/notifications/preferences?done=true"
    assert (await send(client, "/notifications/preferences", bob, wanted="all")).status_code == 422
    assert "Your choice is kept" in await page(client, "/notifications/preferences?done=true", bob)


async def test_an_open_page_hears_of_it(committed: Database, sign_up: SignUp) -> None:
    """And of ten answers at once each is told."""
    writers = [await sign_up() for _ in range(10)]
    owner = await sign_up()
    async with transaction() as session:
        await communities.found(session, principal(owner), "tea", "Tea", "", "", "public")
        await people.choose(session, owner.customer_id, "ada")
        post = await posts.write(session, principal(owner), "tea", posts.Draft("text", "Leaves"))
    stream = notifications.HUB.watch(owner.customer_id)
    assert await anext(stream) == 0

    async def answer(writer: SignedUp) -> None:
        async with transaction() as session:
            await comments.write(session, principal(writer), post.post_id, None, "Yes, @ada.")

    await asyncio.gather(*map(answer, writers))
    async with asyncio.timeout(5):
        while await anext(stream) < 10:
            pass
    async with transaction() as session:
        page = await notifications.of_person(session, owner.customer_id, None, 1)
        await notifications.mark_up_to(session, owner.customer_id, page.items[0].notification_id)
    async with asyncio.timeout(5):
        assert await anext(stream) == 0
    await stream.aclose()
    await notifications.HUB.close()
