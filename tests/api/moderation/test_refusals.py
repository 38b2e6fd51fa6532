"""What a rule refuses outright: told with its reasons, kept for one appeal, let through where the rule was wrong."""

from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from api.core.db import transaction
from api.domains.communities.service import people
from api.domains.moderation import facade as moderation
from api.domains.moderation.errors import TextRefused
from api.domains.moderation.service import refusals
from tests.api.communities.conftest import Forum, Named
from tests.api.conftest import SignedUp, SignUp
from tests.api.moderation.conftest import Desk, Hear, Json
from tests.api.moderation.test_case_pages import page, send

ADVERT = "Buy cheap pills"
RULE = """INSERT INTO moderation.rules
    (name, version, expression, outcome, policy, policy_version, state, explanation) VALUES"""


@pytest.fixture
def client(committed_client: AsyncClient) -> AsyncClient:
    """What is told of a refusal outlives the transaction of the request."""
    return committed_client


@pytest.fixture
def named(client: AsyncClient, sign_up: SignUp) -> Named:
    """`await named("ada")`: somebody with this handle."""

    async def make(handle: str, *roles: str) -> SignedUp:
        person = await sign_up(*roles)
        async with transaction() as session:
            await people.choose(session, person.customer_id, handle)
        return person

    return make


async def run(sql: str, **values: Any) -> None:
    """One statement, committed."""
    async with transaction() as session:
        await session.execute(text(sql), values)


async def one(sql: str) -> Any:
    """The first value of a query."""
    async with transaction() as session:
        return (await session.execute(text(sql))).scalar_one()


@pytest.fixture(autouse=True)
async def no_pills(client: AsyncClient) -> None:
    """A rule that refuses, and one that has a look."""
    await run(
        f"{RULE} ('no-pills', 1, 'text.body.contains(\"pills\")', 'reject', 'No advertising', 1, 'active', 'Why.'),"
        " ('no-cures', 1, 'text.body.contains(\"cure\")', 'hold', 'No advertising', 1, 'active', 'Why.')"
    )


async def refused(forum: Forum, person: SignedUp, body: str = ADVERT) -> Json:
    """The answer to a post that is refused."""
    answer = await forum.post(person, "tea", "On tea", body=body, status=422)
    assert answer["type"] == "urn:agora:problem:text-refused"
    return answer


async def test_a_refusal_is_told_with_its_reasons_and_appealed_once(
    forum: Forum, desk: Desk, hear: Hear, named: Named, sign_up: SignUp
) -> None:
    ada, bob, mod = await named("ada"), await named("bob"), await sign_up("moderator")
    await forum.found(ada, "tea")
    answer = await refused(forum, ada)
    again = await refused(forum, ada)
    assert again["statement_id"] == answer["statement_id"]  # one thing, however often it is tried
    [stated] = (await desk.send(ada, "GET", "/account/statements"))["items"]
    assert {name: stated[name] for name in ("effect", "decided_by", "policy", "policy_version", "rule", "strike")} == {
        "effect": "refused", "decided_by": "rule", "policy": "No advertising", "policy_version": 1, "rule": "no-pills",
        "strike": 0,
    }  # fmt: skip
    assert (stated["statement_id"], stated["body"]) == (answer["statement_id"], f"On tea\n{ADVERT}")
    assert await desk.cases(mod) == []  # nobody sees it
    assert (await desk.send(mod, "GET", "/operate/cases/decided"))["items"] == []
    path = f"/account/statements/{stated['statement_id']}"
    await desk.send(bob, "GET", path, status=404)
    await desk.send(bob, "POST", f"{path}/appeal", {"words": "Let her."}, 404)
    await desk.send(ada, "POST", f"{path}/appeal", {"words": "It is about peppermint pills."}, 201)
    await desk.send(ada, "POST", f"{path}/appeal", {"words": "Once more."}, 409)
    [appeal] = await desk.cases(mod)
    assert (appeal["origin"], appeal["rule"], appeal["body"]) == ("appeal", "no-pills", f"On tea\n{ADVERT}")
    await desk.decide(mod, appeal, "overturn", note="Sweets are no medicine.")
    assert await hear() == 1
    now = await desk.send(ada, "GET", path)
    assert (now["outcome"], now["outcome_note"]) == ("overturn", "Sweets are no medicine.")
    told = await one("SELECT envelope FROM core.outbox WHERE type = 'moderation.case_decided'")
    assert b'"effect":"stand"' in bytes(told)
    assert (await forum.post(ada, "tea", "On tea", body=ADVERT))["status"] == "published"
    await refused(forum, bob)  # it was about her words
    await refused(forum, ada, f"{ADVERT} now")  # and these alone


async def test_an_upheld_refusal_stands_and_no_other_rule_is_lifted(
    forum: Forum, desk: Desk, named: Named, sign_up: SignUp
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    for body, act in ((ADVERT, "uphold"), ("Pills? These pills cure", "overturn")):
        answer = await refused(forum, ada, body)
        path = f"/account/statements/{answer['statement_id']}"
        await desk.send(ada, "POST", f"{path}/appeal", {"words": "No."}, 201)
        [appeal] = await desk.cases(mod)
        await desk.decide(mod, appeal, act, note="Seen.")
    assert (await refused(forum, ada))["statement_id"]
    # Whom one rule lets pass another one may still want to look at.
    assert (await forum.post(ada, "tea", "On tea", body="Pills? These pills cure"))["status"] == "held"


async def test_what_cannot_wait_is_refused_with_a_statement_too(
    forum: Forum, desk: Desk, client: AsyncClient, named: Named
) -> None:
    ada = await named("ada")
    for body in ("We cure", ADVERT):
        wanted = {"slug": "cures", "name": "Cures", "description": body, "visibility": "public"}
        await desk.send(ada, "POST", "/communities", wanted, 422)
    with pytest.raises(TextRefused):
        async with transaction() as session:
            await moderation.judge(session, "The cure", "community", ada.customer_id, can_wait=False)
    found = (await desk.send(ada, "GET", "/account/statements"))["items"]
    assert sorted((each["kind"], each["rule"]) for each in found) == [
        ("community", "no-cures"), ("community", "no-cures"), ("community", "no-pills"),
    ]  # fmt: skip
    with pytest.raises(TextRefused) as nobody:  # whom nobody knows nobody can tell
        async with transaction() as session:
            await moderation.judge(session, ADVERT, "post")
    assert nobody.value.extra["statement_id"] is None


async def test_words_go_when_the_time_to_appeal_is_over_unless_an_appeal_waits(
    forum: Forum, desk: Desk, named: Named
) -> None:
    ada = await named("ada")
    await forum.found(ada, "tea")
    old, waits, new = [(await refused(forum, ada, f"{ADVERT} {n}"))["statement_id"] for n in range(3)]
    await desk.send(ada, "POST", f"/account/statements/{waits}/appeal", {"words": "No."}, 201)
    await run(
        "UPDATE moderation.refusals SET refused_at = now() - interval '181 days' WHERE statement_id <> :new", new=new
    )
    await refusals.forget_old()
    bodies = {
        each["statement_id"]: each["body"] for each in (await desk.send(ada, "GET", "/account/statements"))["items"]
    }
    assert (bodies[old], bodies[waits] != "", bodies[new] != "") == ("", True, True)
    assert await one("SELECT count(*) FROM moderation.cases WHERE body LIKE '%pills 0'") == 0


async def test_a_person_who_is_forgotten_takes_refused_words_along(forum: Forum, named: Named) -> None:
    ada = await named("ada")
    await forum.found(ada, "tea")
    await refused(forum, ada)
    async with transaction() as session:
        held = await moderation.held_on(session, ada.customer_id)
        await moderation.forget(session, ada.customer_id)
    assert (held.cases[0]["origin"], held.statements[0]["decided_by"]) == ("refusal", "rule")
    for table in ("refusals", "statements", "cases WHERE body <> '' OR author_id IS NOT NULL"):
        assert await one(f"SELECT count(*) FROM moderation.{table}") == 0  # noqa: S608


async def test_forms_lead_to_the_statement_and_it_tells_who_decided(
    forum: Forum, client: AsyncClient, desk: Desk, named: Named, sign_up: SignUp
) -> None:
    ada, mod = await named("ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    answer = await send(client, "/forum/c/tea/submit", ada, kind="text", title="On tea", body=ADVERT)
    assert answer.status_code == 422
    [stated] = (await desk.send(ada, "GET", "/account/statements"))["items"]
    here = f"/account/statements/{stated['statement_id']}"
    assert here in answer.text
    assert "that rule, before anybody saw it" in (shown := await page(client, here, ada))
    assert ADVERT in shown
    assert (await send(client, f"{here}/appeal", ada, words="They are sweets.")).status_code == 303
    [case] = await desk.cases(mod)
    looked = await page(client, f"/operate/cases/{case['case_id']}", mod)
    assert "nowhere: a rule refused it" in looked
    await desk.decide(mod, case, "overturn", note="Sweets.")
    assert "You can publish the same words now" in await page(client, here, ada)
    await page(client, f"/operate/cases/{case['case_id']}", mod)
