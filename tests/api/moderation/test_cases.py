"""The review queue from the first report to the end of an appeal."""

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.inbox import ReceivedEvent
from api.domains.moderation import facade as moderation
from api.domains.moderation.errors import Suspended
from api.domains.moderation.handlers import HANDLERS
from ingestion.contracts import new_event_id
from ingestion.contracts.identity import SignedIn
from tests.api.communities.conftest import Forum, Named, counters_hold
from tests.api.conftest import SignUp
from tests.api.moderation.conftest import Desk, Hear, Json, deliver, status_of
from tests.api.moderation.test_case_pages import page

LONG = "Noooooooooooo way"  # a rule holds it
WHY = {"note": "It bothers people."}


async def told(session: AsyncSession, kind: str) -> int:
    """How many events of a type there are."""
    found = await session.execute(text("SELECT count(*) FROM core.outbox WHERE type = :kind"), {"kind": kind})
    return int(found.scalar_one())


async def statement_of(desk: Desk, person: object) -> Json:
    [found] = (await desk.send(person, "GET", "/account/statements"))["items"]
    return dict(found)


async def test_what_a_rule_holds_is_published_once_it_is_approved(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp, session: AsyncSession
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    case = await desk.case_of(mod, post["post_id"])
    assert (case["origin"], case["rule"], case["policy"], case["policy_version"], case["body"]) == (
        "hold", "repeated-character", "Write to be read", 1, LONG,
    )  # fmt: skip
    await desk.decide(mod, case, "approve")
    assert await hear() == 1
    assert await deliver(set()) == 1  # a crash delivers again: it changes nothing
    assert await status_of(forum, mod, post) == "published"
    assert [await told(session, f"moderation.case_{each}") for each in ("opened", "decided")] == [1, 1]
    assert await told(session, "communities.post_published") == 1
    log = (await forum.send(None, "GET", "/communities/tea/log"))["items"]
    assert [each["act"] for each in log] == ["approve"]
    assert (await desk.send(ada, "GET", "/account/statements"))["items"] == []


async def test_what_is_refused_is_told_with_its_reasons_and_appealed_once(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp, session: AsyncSession
) -> None:
    ada, mod, second = await named("ada"), await sign_up("moderator"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    case = await desk.case_of(mod, post["post_id"])
    await desk.decide(mod, case, "remove", 422)  # without a word to its author
    await desk.decide(mod, case, "remove", strike=2, restrict_days=1, **WHY)
    await hear()
    assert await status_of(forum, ada, post) == "rejected"
    stated = await statement_of(desk, ada)
    assert (stated["effect"], stated["note"], stated["policy_version"], stated["rule"], stated["is_automated"]) == (
        "refused", WHY["note"], 1, "repeated-character", True,
    )  # fmt: skip
    mail = await session.execute(text("SELECT args->'args'->>'body' FROM procrastinate_jobs"))
    assert f"/account/statements/{stated['statement_id']}" in mail.scalar_one()
    await forum.post(ada, "tea", "Again", status=403)  # she may not write for a day
    path = f"/account/statements/{stated['statement_id']}"
    await desk.send(mod, "GET", path, status=404)
    await desk.send(mod, "POST", f"{path}/appeal", {"words": "Not mine."}, 404)
    await desk.send(ada, "POST", f"{path}/appeal", {"words": "It is a quote."}, 201)
    await desk.send(ada, "POST", f"{path}/appeal", {"words": "Once more."}, 409)
    appeal = await desk.case_of(second, post["post_id"])
    assert (appeal["origin"], appeal["statement_id"]) == ("appeal", stated["statement_id"])
    refused = await desk.decide(mod, appeal, "overturn", 403, **WHY)
    assert "somebody else" in refused["detail"]
    await desk.decide(second, appeal, "overturn", note="It was a quote.")
    await hear()
    assert await status_of(forum, ada, post) == "published"
    now = await desk.send(ada, "GET", path)
    assert (now["outcome"], now["outcome_note"], now["voided_at"] is None) == ("overturn", "It was a quote.", False)
    weighs = await moderation.standing(session, ada.customer_id)
    assert (weighs.points, weighs.suspended_until) == (0, None)
    await forum.post(ada, "tea", "Free again")


async def test_reports_of_one_thing_are_one_case_and_many_make_it_graver(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp, session: AsyncSession
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea")
    path = f"/posts/{post['post_id']}/report"
    await forum.send(ada, "PUT", path, {"policy": "be-civil"}, 409)  # one's own
    readers = [await sign_up() for _ in range(5)]
    for reader in readers:
        await forum.send(reader, "PUT", path, {"policy": "be-civil", "words": "Rude."}, 204)
    await forum.send(readers[0], "PUT", path, {"policy": "no-advertising", "words": "And an advert."}, 204)
    await forum.send(readers[0], "PUT", path, {"policy": "none-such"}, 422)
    case = await desk.case_of(mod, post["post_id"])
    assert (case["reports"], case["severity"], case["origin"]) == (5, 2, "report")
    [reported] = (await forum.send(ada, "GET", "/communities/tea/queue"))["reported"]
    assert (reported["subject_id"], reported["reports"], list(reported["reasons"].items())) == (
        post["post_id"], 5, [("Be civil", 4), ("No advertising", 1)],
    )  # fmt: skip
    assert "Be civil (4), No advertising (1)" in await page(forum.client, "/forum/c/tea/queue", ada)
    whole = await desk.send(mod, "GET", f"/operate/cases/{case['case_id']}")
    assert len(whole["said"]) == 5
    assert "reporter_id" not in whole["said"][0]
    assert [await told(session, "moderation.case_opened"), await status_of(forum, mod, post)] == [1, "published"]
    await desk.decide(mod, case, "remove", policy="be-civil", strike=1, **WHY)
    await hear()
    assert await status_of(forum, ada, post) == "removed"
    assert (await moderation.standing(session, ada.customer_id)).points == 1


async def test_reviews_questions_and_answers_go_the_same_way(
    desk: Desk, hear: Hear, sign_up: SignUp, session: AsyncSession, client: AsyncClient, product_id: int
) -> None:
    asker, reader, mod = await sign_up(), await sign_up(), await sign_up("moderator")
    asked = await desk.send(asker, "POST", f"/products/{product_id}/questions", {"body": "See www.a.com?"}, 201)
    case = await desk.case_of(mod, asked["question_id"])
    await desk.decide(mod, case, "approve")
    await hear()
    listed = (await desk.send(reader, "GET", f"/products/{product_id}/questions"))["items"]
    assert [each["question_id"] for each in listed] == [asked["question_id"]]
    path = f"/questions/{asked['question_id']}/report"
    await desk.send(reader, "PUT", path, {"policy": "no-advertising"}, 204)
    await desk.send(reader, "PUT", path, {"policy": "be-civil", "words": "Rude."}, 204)  # is no second report
    await desk.send(asker, "PUT", path, {"policy": "no-advertising"}, 409)
    found = await session.execute(
        text("SELECT convert_from(envelope, 'UTF8')::json->'data' FROM core.outbox WHERE type = :kind"),
        {"kind": "moderation.subject_reported"},
    )
    case = await desk.case_of(mod, asked["question_id"])
    assert found.scalars().all() == [
        {
            "case_id": case["case_id"],
            "kind": "question",
            "subject_id": asked["question_id"],
            "product_id": product_id,
            "policy": "No advertising",
            "reporter_id": str(reader.customer_id),
        }
    ]
    for kind in ("reviews", "answers"):
        await desk.send(reader, "PUT", f"/{kind}/{new_event_id()}/report", {"policy": "be-civil"}, 404)
    await desk.decide(mod, await desk.case_of(mod, asked["question_id"]), "remove", **WHY)
    await hear()
    assert (await desk.send(reader, "GET", f"/products/{product_id}/questions"))["items"] == []
    assert (await statement_of(desk, asker))["kind"] == "question"


async def test_a_decision_is_taken_back_with_all_that_followed(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp, session: AsyncSession
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    done = await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "remove", strike=3, **WHY)
    await hear()
    decision_id = done["decisions"][0]["decision_id"]
    with pytest.raises(Suspended):
        await moderation.judge(session, "Fine", "post", ada.customer_id)
    await desk.send(mod, "POST", f"/operate/decisions/{decision_id}/undo", {"note": "Too quick."})
    await hear()
    assert await status_of(forum, ada, post) == "held"
    assert (await moderation.judge(session, "Fine", "post", ada.customer_id)).outcome == "allow"
    await desk.send(mod, "POST", f"/operate/decisions/{decision_id}/undo", {"note": "Again."}, 409)
    done = await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "approve")
    await hear()
    assert await status_of(forum, mod, post) == "published"
    last = done["decisions"][-1]["decision_id"]
    await desk.send(mod, "POST", f"/operate/decisions/{last}/undo", {"note": "Wait."})
    await hear()
    assert await status_of(forum, ada, post) == "removed"  # answers may stand below it
    await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "approve")
    await hear()
    assert await status_of(forum, mod, post) == "published"
    await counters_hold(session)


async def test_what_is_taken_back_before_anybody_heard_of_it_waits_as_before(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    for act in ("approve", "remove"):
        done = await desk.decide(mod, await desk.case_of(mod, post["post_id"]), act, **WHY)
        last = done["decisions"][-1]["decision_id"]
        await desk.send(mod, "POST", f"/operate/decisions/{last}/undo", {"note": "Wait."})
    assert await hear() == 4
    assert await status_of(forum, ada, post) == "held"


async def test_an_approval_of_new_words_does_not_lift_what_the_old_ones_brought(
    forum: Forum, desk: Desk, named: Named, sign_up: SignUp, hear: Hear, session: AsyncSession
) -> None:
    ada, bob, mod = await named("ada"), await named("bob"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "On tea", body=LONG)
    await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "remove", strike=1, **WHY)
    await hear()
    await forum.send(bob, "PUT", f"/posts/{post['post_id']}", {"title": "On tea", "body": "Better words."})
    await forum.act(ada, f"/posts/{post['post_id']}", "approve")
    assert await status_of(forum, mod, post) == "published"
    assert (await moderation.standing(session, bob.customer_id)).points > 0.99
    assert await desk.cases(mod) == []


async def test_new_words_are_not_published_by_a_decision_on_the_old_ones(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "approve")
    changed = {"title": "On tea", "body": "Something else altogeeeeeeeeether"}
    await forum.send(ada, "PUT", f"/posts/{post['post_id']}", changed)  # before anybody heard of it
    await hear()
    assert await status_of(forum, ada, post) == "held"
    assert (await desk.case_of(mod, post["post_id"]))["body"] == changed["body"]


async def test_what_moderators_of_a_community_do_is_told_as_well(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp
) -> None:
    ada, bob, mod = await named("ada"), await named("bob"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(bob, "tea", "On tea")
    await forum.send(
        ada, "POST", f"/posts/{post['post_id']}/moderation", {"act": "remove", "reason": "Off the subject."}
    )
    stated = await statement_of(desk, bob)
    assert (stated["note"], stated["policy"], stated["is_automated"]) == (
        "Off the subject.", "Community guidelines", False,
    )  # fmt: skip
    await desk.send(
        bob, "POST", f"/account/statements/{stated['statement_id']}/appeal", {"words": "It is on tea."}, 201
    )
    await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "overturn", note="It is.")
    await hear()
    assert await status_of(forum, mod, post) == "published"
    await forum.send(ada, "POST", f"/posts/{post['post_id']}/moderation", {"act": "remove", "reason": "Still."})
    await forum.send(ada, "POST", f"/posts/{post['post_id']}/moderation", {"act": "restore"})
    latest = (await desk.send(bob, "GET", "/account/statements"))["items"][0]
    assert latest["voided_at"] is not None


async def test_nobody_decides_about_their_own_or_about_an_alias(
    forum: Forum, desk: Desk, named: Named, sign_up: SignUp, session: AsyncSession
) -> None:
    ada, mod, other = await named("ada"), await sign_up("moderator"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    case = await desk.case_of(mod, post["post_id"])
    browser = new_event_id()
    events = [SignedIn(customer_id=each.customer_id, anonymous_id=browser) for each in (ada, mod)]
    at = (await session.execute(text("SELECT now()"))).scalar_one()
    await HANDLERS[SignedIn.type](session, [ReceivedEvent(new_event_id(), at, each) for each in events])
    await desk.decide(mod, case, "approve", 403)
    bulk = {"act": "approve", "case_ids": [case["case_id"]]}
    passed = await desk.send(mod, "POST", "/operate/cases/decisions", bulk)
    assert (passed["decided"], list(passed["passed_over"])) == ([], [case["case_id"]])
    await desk.decide(other, case, "approve")


async def test_cases_are_taken_given_back_filtered_and_decided_in_bulk(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp
) -> None:
    ada, mod, other = await named("ada"), await sign_up("moderator"), await sign_up("moderator")
    await forum.found(ada, "tea")
    await forum.found(ada, "coffee")
    held = [await forum.post(ada, slug, f"No {n}", body=LONG) for n, slug in enumerate(("tea", "tea", "coffee"))]
    queue = await desk.cases(mod)
    assert [each["title"] for each in queue] == ["No 0", "No 1", "No 2"]
    first = queue[0]["case_id"]
    await desk.send(mod, "PUT", f"/operate/cases/{first}/assignee")
    await desk.send(other, "PUT", f"/operate/cases/{first}/assignee", status=409)
    await desk.send(other, "DELETE", f"/operate/cases/{first}/assignee", status=409)
    for query, titles in (
        ("?is_mine=true", ["No 0"]),
        ("?is_free=true", ["No 1", "No 2"]),
        ("?community=coffee", ["No 2"]),
        ("?kind=comment", []),
        ("?severity=0&origin=hold", ["No 0", "No 1", "No 2"]),
    ):
        assert [each["title"] for each in await desk.cases(mod, query)] == titles
    page = await desk.send(mod, "GET", "/operate/cases?limit=2")
    rest = await desk.cases(mod, f"?cursor={page['next_cursor']}")
    assert [each["title"] for each in [*page["items"], *rest]] == ["No 0", "No 1", "No 2"]
    await desk.decide(mod, queue[0], "approve")
    ids = [each["case_id"] for each in queue]
    done = await desk.send(other, "POST", "/operate/cases/decisions", {"act": "remove", "case_ids": ids, **WHY})
    assert (done["decided"], list(done["passed_over"])) == (ids[1:], ids[:1])
    await hear()
    assert [await status_of(forum, ada, each) for each in held] == ["published", "rejected", "rejected"]
    decided = (await desk.send(mod, "GET", "/operate/cases/decided"))["items"]
    assert {each["case_id"] for each in decided} == set(ids)
    customer = await sign_up()
    for path in ("", "/decided", f"/{first}"):
        await desk.send(customer, "GET", f"/operate/cases{path}", status=403)


async def test_what_its_author_takes_away_waits_no_longer(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    case = await desk.case_of(mod, post["post_id"])
    await forum.send(ada, "DELETE", f"/posts/{post['post_id']}", status=204)
    assert await desk.cases(mod) == []
    said = await desk.decide(mod, case, "approve", 409)
    assert said["act"] == "withdraw"


async def test_who_has_strikes_is_looked_at_first(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "remove", strike=2, **WHY)
    quiet = await forum.post(ada, "tea", "Quiet words")
    assert quiet["status"] == "held"
    assert (await desk.case_of(mod, quiet["post_id"]))["policy"] == "Community guidelines"


async def test_a_person_is_given_all_and_forgotten_whole(
    forum: Forum, desk: Desk, named: Named, sign_up: SignUp, session: AsyncSession
) -> None:
    ada, bob, mod = await named("ada"), await named("bob"), await sign_up("moderator")
    await forum.found(bob, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    other = await forum.post(bob, "tea", "Mine")
    await forum.send(ada, "PUT", f"/posts/{other['post_id']}/report", {"policy": "be-civil", "words": "Rude."}, 204)
    await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "remove", strike=1, **WHY)
    held = await moderation.held_on(session, ada.customer_id)
    counts = {name: len(getattr(held, name)) for name in held.__dataclass_fields__}
    assert counts == {
        "cases": 1, "reports": 1, "statements": 1, "sanctions": 1, "decisions": 0, "hits": 1, "browsers": 0,
    }  # fmt: skip
    assert held.reports[0]["words"] == "Rude."
    own = await desk.send(ada, "GET", "/account/statements/data")
    assert (own["reports"][0]["words"], own["statements"][0]["note"]) == ("Rude.", WHY["note"])
    assert str(mod.customer_id) not in str(own)
    assert await moderation.forget(session, ada.customer_id) > 0
    assert await moderation.forget(session, ada.customer_id) == 0
    for table in ("cases", "reports", "decisions", "sanctions", "statements", "hits"):
        rows = await session.execute(text(f"SELECT t::text FROM moderation.{table} t"))  # noqa: S608 -- names above
        assert not [row for row in rows.scalars() if str(ada.customer_id) in row or LONG in row or "Rude" in row]
    assert len(await desk.cases(mod)) == 1  # what she reported still waits


async def test_what_a_rule_holds_in_a_private_community_is_for_its_own_moderators(
    forum: Forum, desk: Desk, client: AsyncClient, named: Named, sign_up: SignUp
) -> None:
    ada, bob, mod = await named("ada"), await named("bob"), await sign_up("moderator")
    await forum.found(ada, "club", "private")
    await forum.join(bob, "club")
    await forum.act(ada, "/communities/club/people/bob", "admit")
    post = await forum.post(bob, "club", "Secret", body=LONG)
    case = await desk.case_of(mod, post["post_id"])
    assert (case["title"], case["body"]) == ("", "")
    await forum.act(ada, f"/posts/{post['post_id']}", "approve")
    assert await desk.cases(mod) == []
    await forum.send(ada, "PUT", f"/posts/{post['post_id']}/report", {"policy": "be-civil"}, 204)
    assert (await desk.case_of(mod, post["post_id"]))["body"] == LONG  # a member showed it
    outsider = await sign_up()
    await forum.send(outsider, "PUT", f"/posts/{post['post_id']}/report", {"policy": "be-civil"}, 404)


async def test_what_waits_is_found_by_its_language(
    forum: Forum, desk: Desk, client: AsyncClient, named: Named, sign_up: SignUp
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    for title, body in (
        ("Wie lange soll er ziehen?", "Grüner Tee braucht zwei Minuten, sonst wird er bitter.........."),
        ("How long should it draw?", "Green tea takes two minutes, or else it becomes bitter.........."),
        ("Hm", LONG),
    ):
        await forum.post(ada, "tea", title, body=body)
    assert [each["language"] for each in await desk.cases(mod)] == ["de", "en", None]
    assert [each["title"] for each in await desk.cases(mod, "?language=de")] == ["Wie lange soll er ziehen?"]
    shown = await client.get("/operate/cases?language=en", headers={"accept": "text/html"} | mod.headers)
    assert '<option value="en" selected>English</option>' in shown.text
