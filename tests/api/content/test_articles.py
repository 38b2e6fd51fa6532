"""Articles: written together, kept in versions, brought out at once, at their time or after a look, and taken back."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import uploads
from api.core.auth import Principal
from api.core.db import Database, transaction
from api.core.errors import AppError
from api.domains.content.domain import LONGEST_SLUG, address_of, diff
from api.domains.content.service import articles, authors, publishing
from ingestion.contracts import new_event_id
from tests.api.catalog.test_images import exists, picture
from tests.api.conftest import SignUp
from tests.api.content.conftest import Creator, Desk
from tests.api.moderation.conftest import Desk as Queue
from tests.api.moderation.conftest import deliver

HELD = "Aaaaaaaaaaaaaaaaargh"
EVENTS = text("""
    SELECT type, convert_from(envelope, 'UTF8')::jsonb -> 'data' AS data FROM core.outbox
    WHERE topic = 'content' ORDER BY id
""")


async def events(session: AsyncSession) -> list[tuple[str, int | bool | None]]:
    rows = (await session.execute(EVENTS)).all()
    return [(kind.partition(".")[2], data.get("revision_number", data.get("is_by_moderator"))) for kind, data in rows]


async def test_an_article_is_written_published_and_changed(desk: Desk, creator: Creator, session: AsyncSession) -> None:
    ada = await creator("Ada Writes")
    first = await desk.write(ada, summary="How to.")
    assert (first["version"], first["state"], first["slug"]) == (1, "draft", None)
    await desk.read("tea-at-home", 404)
    live = await desk.publish(ada, first)
    assert (live["state"], live["slug"], live["live_revision"]) == ("published", "tea-at-home", 1)
    changed = await desk.write(ada, live["article_id"], 1, body="# Leaves\n\nThen **leaves**.", summary="How to.")
    assert "Water first" in (await desk.read("tea-at-home"))["html"]  # what is worked on is not read
    await desk.publish(ada, changed)
    read = await desk.read("tea-at-home")
    assert read["html"] == "<h2>Leaves</h2>\n<p>Then <strong>leaves</strong>.</p>\n"
    assert read["authors"] == [{"name": "Ada Writes", "slug": "ada-writes"}]
    assert [each["slug"] for each in (await desk.send(None, "GET", "/articles"))["items"]] == ["tea-at-home"]
    mine = await desk.send(None, "GET", "/articles?creator=ada-writes")
    assert len(mine["items"]) == 1
    await desk.send(None, "GET", "/articles?creator=nobody", status=404)
    gone = await desk.send(ada, "DELETE", f"/me/articles/{live['article_id']}/publication")
    assert gone["state"] == "draft"
    await desk.read("tea-at-home", 404)
    await desk.send(ada, "DELETE", f"/me/articles/{live['article_id']}/publication", status=409)
    again = await desk.publish(ada, gone)
    assert again["slug"] == "tea-at-home"
    assert await events(session) == [
        ("article_started", None), ("article_published", 1), ("article_published", 2), ("article_withdrawn", False),
        ("article_published", 2),
    ]  # fmt: skip


async def test_what_is_refused(desk: Desk, creator: Creator, sign_up: SignUp) -> None:
    reader, nameless, ada = await sign_up(), await sign_up("creator"), await creator("Ada")
    await desk.write(reader, status=403)
    assert (await desk.write(nameless, status=409))["type"].endswith("creator-name-needed")
    await desk.send(nameless, "PUT", "/me/creator", {"name": "ÁDA"}, 409)
    await desk.send(nameless, "PUT", "/me/creator", {"name": "!!!"}, 422)
    await desk.write(ada, title="x" * 201, status=422)
    await desk.write(ada, body="a\x00b", status=422)
    empty = await desk.write(ada, title=" ")
    await desk.publish(ada, empty, 422)
    await desk.publish(ada, await desk.write(ada, body=""), 422)
    await desk.publish(ada, empty, 422, publish_at="2030-01-01T00:00:00")
    far = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    await desk.publish(ada, await desk.write(ada), 422, publish_at=far)
    bob = await creator("Bob")
    await desk.write(bob, empty["article_id"], status=404)
    await desk.send(bob, "GET", f"/me/articles/{empty['article_id']}", status=404)
    await desk.publish(bob, empty, 404)


async def test_nothing_kept_elsewhere_is_overwritten(desk: Desk, creator: Creator) -> None:
    ada = await creator("Ada")
    made = await desk.write(ada)
    assert (await desk.write(ada, made["article_id"]))["version"] == 1  # the first answer was lost
    await desk.write(ada, made["article_id"], 1, title="Two")
    refused = await desk.write(ada, made["article_id"], 1, 409, title="Other")
    assert refused["version"] == 2
    await desk.publish(ada, made, 409)  # somebody changed what was to be published


async def test_versions_are_kept_compared_and_brought_back(desk: Desk, creator: Creator) -> None:
    ada = await creator("Ada")
    made = await desk.write(ada, body="one\ntwo\nthree")
    path = f"/me/articles/{made['article_id']}"
    for _ in range(2):
        assert await desk.send(ada, "PUT", f"{path}/revisions/latest") == {"revision_number": 1}
    await desk.write(ada, made["article_id"], 1, body="one\n2\nthree\nfour")
    await desk.send(ada, "PUT", f"{path}/revisions/latest")
    lines = await desk.send(ada, "GET", f"{path}/revisions/2/diff")
    assert [(each["kind"], each["text"]) for each in lines if each["kind"] in ("added", "removed")] == [
        ("removed", "two"), ("added", "2"), ("added", "four"),
    ]  # fmt: skip
    back = await desk.send(ada, "GET", f"{path}/revisions/1/diff?against=2")
    assert [each["text"] for each in back if each["kind"] == "added"] == ["two"]
    await desk.write(ada, made["article_id"], 2, body="never kept")
    restored = await desk.send(ada, "PUT", f"{path}/revisions/1/restored")
    assert (restored["body"], restored["version"]) == ("one\ntwo\nthree", 4)
    numbers = [each["revision_number"] for each in await desk.send(ada, "GET", f"{path}/revisions")]
    assert numbers == [3, 2, 1]
    assert (await desk.send(ada, "GET", f"{path}/revisions/3"))["body"] == "never kept"
    await desk.send(ada, "GET", f"{path}/revisions/9", status=404)


async def test_it_comes_out_at_its_time_as_it_was_then(desk: Desk, creator: Creator, session: AsyncSession) -> None:
    ada = await creator("Ada")
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    set_ = await desk.publish(ada, await desk.write(ada), publish_at=soon)
    assert (set_["state"], set_["pending_revision"]) == ("scheduled", 1)
    await desk.write(ada, set_["article_id"], 1, body="Not yet for others.")
    assert await publishing.publish_due() == 0
    await session.execute(text("UPDATE content.articles SET publish_at = now()"))
    assert [await publishing.publish_due() for _ in range(2)] == [1, 0]
    assert "Water first" in (await desk.read("tea-at-home"))["html"]
    taken = await desk.publish(ada, await desk.send(ada, "GET", f"/me/articles/{set_['article_id']}"), publish_at=soon)
    assert (taken["state"], taken["live_revision"]) == ("scheduled", 1)
    back = await desk.send(ada, "DELETE", f"/me/articles/{set_['article_id']}/publication")
    assert (back["state"], back["live_revision"]) == ("published", 1)


async def test_a_rule_that_came_meanwhile_holds_at_the_time(
    desk: Desk, creator: Creator, session: AsyncSession
) -> None:
    ada = await creator("Ada")
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    set_ = await desk.publish(ada, await desk.write(ada, title="Quagga tea"), publish_at=soon)
    await session.execute(text("INSERT INTO moderation.blocked_terms (term) VALUES ('quagga')"))
    await session.execute(text("UPDATE content.articles SET publish_at = now()"))
    assert await publishing.publish_due() == 1
    now = await desk.send(ada, "GET", f"/me/articles/{set_['article_id']}")
    assert (now["state"], now["live_revision"]) == ("held", None)


async def test_a_held_article_is_looked_at_and_one_taken_down_stays_watched(
    desk: Desk, creator: Creator, sign_up: SignUp, session: AsyncSession
) -> None:
    ada, moderator = await creator("Ada"), await sign_up("moderator")
    held = await desk.publish(ada, await desk.write(ada, body=HELD))
    assert held["state"] == "held"
    path = f"/operate/articles/{held['article_id']}/decision"
    await desk.send(ada, "GET", "/operate/articles", status=403)
    assert [each["title"] for each in await desk.send(moderator, "GET", "/operate/articles")] == ["Tea at home"]
    await desk.send(moderator, "POST", path, {"act": "reject"}, 422)
    await desk.send(moderator, "POST", path, {"act": "reject", "reason": "Too loud"}, 204)
    await desk.send(moderator, "POST", path, {"act": "reject", "reason": "Too loud"}, 409)
    refused = await desk.send(ada, "GET", f"/me/articles/{held['article_id']}")
    assert (refused["state"], refused["reason"]) == ("rejected", "Too loud")
    quiet = await desk.write(ada, held["article_id"], 1, body="Quietly.")
    assert (await desk.publish(ada, quiet))["state"] == "held"  # whatever comes next is looked at
    await desk.send(ada, "DELETE", f"/me/articles/{held['article_id']}/publication")
    assert (await desk.publish(ada, quiet))["state"] == "held"
    await desk.send(moderator, "POST", path, {"act": "approve"}, 204)
    assert "Quietly" in (await desk.read("tea-at-home"))["html"]
    await desk.send(moderator, "POST", path, {"act": "take-down", "reason": "A mistake"}, 204)
    await desk.read("tea-at-home", 404)
    assert (await desk.publish(ada, quiet))["state"] == "held"
    acts = (await session.execute(text("SELECT action FROM core.audit_log ORDER BY entry_id"))).scalars().all()
    assert [each for each in acts if each.startswith("articles.")] == [
        "articles.reject", "articles.approve", "articles.take-down",
    ]  # fmt: skip
    mails = (await session.execute(text("SELECT args -> 'args' ->> 'body' FROM procrastinate_jobs"))).scalars().all()
    assert sum("Too loud" in each for each in mails if each) == 1


async def test_a_held_article_waits_in_the_review_queue_with_everything_else(
    desk: Desk, creator: Creator, sign_up: SignUp
) -> None:
    ada, moderator = await creator("Ada"), await sign_up("moderator")
    queue, heard = Queue(desk.client), set[UUID]()
    held = await desk.publish(ada, await desk.write(ada, body=HELD))

    async def decide(act: str, **more: str) -> str:
        case = await queue.case_of(moderator, held["article_id"])
        assert (case["kind"], case["title"], case["body"]) == ("article", "Tea at home", HELD)
        made = await queue.decide(moderator, case, act, **more)
        assert await deliver(heard) == 1
        return str(made["decisions"][-1]["decision_id"])

    let_through = await decide("approve")
    assert HELD in (await desk.read("tea-at-home"))["html"]
    await queue.send(moderator, "POST", f"/operate/decisions/{let_through}/undo", {"note": "Too soon"})
    await deliver(heard)
    await desk.read("tea-at-home", 404)
    await decide("remove", note="Not a word")
    refused = await desk.send(ada, "GET", f"/me/articles/{held['article_id']}")
    assert (refused["state"], refused["reason"]) == ("rejected", "Not a word")
    [statement] = (await queue.send(ada, "GET", "/account/statements"))["items"]
    assert (statement["kind"], statement["note"]) == ("article", "Not a word")


async def test_authors_are_asked_accept_and_leave(desk: Desk, creator: Creator) -> None:
    ada, bob, eve = await creator("Ada"), await creator("Bob B"), await creator("Eve")
    made = await desk.write(ada)
    path = f"/me/articles/{made['article_id']}"
    await desk.send(ada, "PUT", f"{path}/authors/nobody", status=404)
    for _ in range(2):
        asked = await desk.send(ada, "PUT", f"{path}/authors/bob-b")
        assert [(each["name"], each["role"]) for each in asked] == [("Ada", "owner"), ("Bob B", "invited")]
    [seen] = await desk.send(bob, "GET", "/me/articles")
    assert (seen["title"], seen["body"], seen["role"]) == ("Tea at home", "", "invited")
    await desk.send(bob, "GET", path, status=404)
    await desk.send(bob, "PUT", f"{path}/authorship", {"is_accepted": True}, 204)
    await desk.write(bob, made["article_id"], 1, title="Tea for two")
    await desk.send(bob, "PUT", f"{path}/authors/eve", status=403)
    live = await desk.publish(bob, await desk.send(bob, "GET", path))
    assert [each["name"] for each in (await desk.read(live["slug"]))["authors"]] == ["Ada", "Bob B"]
    await desk.send(ada, "PUT", f"{path}/authorship", {"is_accepted": False}, 409)
    await desk.send(ada, "DELETE", f"{path}/authors/ada", status=409)
    await desk.send(eve, "DELETE", f"{path}/authors/bob-b", status=404)
    await desk.send(ada, "DELETE", f"{path}/authors/bob-b", status=204)
    await desk.send(bob, "GET", path, status=404)


async def test_old_addresses_lead_on(desk: Desk, creator: Creator) -> None:
    ada = await creator("Ada")
    first, second = [await desk.publish(ada, await desk.write(ada)) for _ in range(2)]
    assert {first["slug"], second["slug"]} == {"tea-at-home", "tea-at-home-2"}
    path = f"/me/articles/{first['article_id']}/address"
    assert (await desk.send(ada, "PUT", path, {"slug": "brewing"}))["slug"] == "brewing"
    assert (await desk.read("tea-at-home"))["slug"] == "brewing"
    await desk.send(ada, "PUT", path, {"slug": "tea-at-home-2"}, 409)
    await desk.send(ada, "PUT", path, {"slug": "Tea!"}, 422)
    assert (await desk.send(ada, "PUT", path, {"slug": "tea-at-home"}))["slug"] == "tea-at-home"


async def test_lists_are_read_page_by_page(desk: Desk, creator: Creator) -> None:
    ada = await creator("Ada")
    for number in range(5):
        await desk.publish(ada, await desk.write(ada, title=f"Number {number}"))
    seen, cursor = [], ""
    while True:
        page = await desk.send(None, "GET", f"/articles?limit=2{cursor}")
        seen += [each["slug"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == [f"number-{number}" for number in range(5)]
    await desk.send(None, "GET", "/articles?cursor=WyJ4IiwieSJd", status=422)


async def test_its_pictures_are_shown_with_it_and_go_with_it(
    desk: Desk, creator: Creator, session: AsyncSession
) -> None:
    ada, bob = await creator("Ada"), await creator("Bob")
    head, inside = [(await uploads.take_in(ada.customer_id, picture(60, 40), "image/jpeg")).image_id for _ in range(2)]
    for image_id in (head, inside):
        await uploads.make(str(image_id))
    body = f"![A cup](/articles/images/{inside}/960.webp) ![Other](https://example.org/x.png)"
    await desk.write(bob, body=body, status=404)
    made = await desk.write(ada, body=body, image_id=str(head))

    async def seen(person: object = None) -> list[int]:
        headers = getattr(person, "headers", {})
        paths = [f"/articles/images/{each}/480.webp" for each in (head, inside)]
        return [(await desk.client.get(path, headers=headers)).status_code for path in paths]

    assert (await seen(), await seen(bob), await seen(ada)) == ([404, 404], [404, 404], [200, 200])
    live = await desk.publish(ada, made)
    html = (await desk.read(live["slug"]))["html"]
    assert f'<img src="/articles/images/{inside}/960.webp" alt="A cup">' in html
    assert html.count("<img") == 1
    assert await seen() == [200, 200]
    await desk.send(ada, "DELETE", f"/me/articles/{made['article_id']}", status=409)
    await desk.send(ada, "DELETE", f"/me/articles/{made['article_id']}/publication")
    await desk.send(ada, "DELETE", f"/me/articles/{made['article_id']}", status=204)
    assert await uploads.sweep_pictures() == 2
    assert not await exists(f"pictures/{inside}/480.webp")


async def test_of_two_authors_at_once_one_is_told(committed: Database, sign_up: SignUp) -> None:
    people = [await sign_up("creator") for _ in range(4)]
    writers = [Principal(each.customer_id, frozenset({"creator"}), new_event_id()) for each in people]
    article_id = uuid4()
    async with transaction() as session:
        for number, writer in enumerate(writers):
            await authors.choose_name(session, writer.customer_id, f"Writer {number}")
        await articles.write(session, writers[0], article_id, 0, articles.Words("T", "", "b"))
        for number, writer in enumerate(writers[1:], 1):
            await authors.invite(session, writers[0], article_id, f"writer-{number}")
            await authors.answer(session, writer, article_id, True)

    async def one(writer: Principal, article_id: UUID) -> str:
        try:
            async with transaction() as session:
                await articles.write(session, writer, article_id, 1, articles.Words(str(writer.customer_id), "", "b"))
        except AppError as error:
            return error.type
        return "kept"

    done = await asyncio.gather(*(one(writer, article_id) for writer in writers))
    assert sorted(done) == ["article-changed"] * 3 + ["kept"]
    async with transaction() as session:
        await publishing.publish(session, writers[0], article_id, 2, datetime.now(UTC) + timedelta(hours=1))
        await session.execute(text("UPDATE content.articles SET publish_at = now()"))
    assert sum(await asyncio.gather(*(publishing.publish_due() for _ in range(4)))) == 1
    async with transaction() as session:
        assert [each[0] for each in await events(session)] == ["article_started", "article_published"]


LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30)


@given(LINES, LINES)
def test_a_diff_tells_both_texts(before: list[str], after: list[str]) -> None:
    lines = diff("\n".join(before), "\n".join(after))
    if all(each.kind != "gap" for each in lines) and lines:
        assert [each.text for each in lines if each.kind != "added"] == "\n".join(before).splitlines()
        assert [each.text for each in lines if each.kind != "removed"] == "\n".join(after).splitlines()
    if "\n".join(before).splitlines() == "\n".join(after).splitlines():
        assert lines == []


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Tea & more!", "tea-more"), ("Ärger", "arger"), ("茶", "other"), ("a" * 200, "a" * LONGEST_SLUG)],
)
def test_addresses(title: str, slug: str) -> None:
    assert address_of(title) == slug
    assert address_of(slug) == slug


async def test_readers_report_an_article_and_all_say_it_in_one_case(
    desk: Desk, creator: Creator, sign_up: SignUp
) -> None:
    ada, bob, cid = await creator("Ada"), await sign_up(), await sign_up()
    moderator = await sign_up("moderator")
    article = await desk.write(ada)
    said = {"policy": "be-civil", "words": "It is rude."}
    await desk.send(bob, "PUT", "/articles/tea-at-home/report", said, 404)  # nobody reads it yet
    await desk.publish(ada, article)
    await desk.write(ada, article["article_id"], 1, body="Words that nobody reads yet.")
    path = "/articles/tea-at-home/report"
    await desk.send(None, "PUT", path, said, 401)
    await desk.send(ada, "PUT", path, said, 409)
    await desk.send(bob, "PUT", path, {"policy": "no-such-policy"}, 422)
    for person in (bob, cid, bob):
        await desk.send(person, "PUT", path, said, 204)
    queue, heard = Queue(desk.client), set[UUID]()
    case = await queue.case_of(moderator, article["article_id"])
    assert (case["kind"], case["body"], case["reports"]) == ("article", "Water first.", 2)
    await queue.decide(moderator, case, "remove", note="Rude indeed")
    await deliver(heard)
    await desk.read("tea-at-home", 404)
    await desk.send(bob, "PUT", path, said, 404)


async def test_a_report_takes_down_what_is_read_although_other_words_wait(
    desk: Desk, creator: Creator, sign_up: SignUp
) -> None:
    ada, bob, moderator = await creator("Ada"), await sign_up(), await sign_up("moderator")
    article = await desk.write(ada)
    await desk.publish(ada, article)
    await desk.send(bob, "PUT", "/articles/tea-at-home/report", {"policy": "be-civil"}, 204)
    queue, heard = Queue(desk.client), set[UUID]()
    case = await queue.case_of(moderator, article["article_id"])
    await desk.publish(ada, await desk.write(ada, article["article_id"], 1, body=HELD))
    await queue.decide(moderator, case, "remove", note="Rude indeed")
    await deliver(heard)
    await desk.read("tea-at-home", 404)
