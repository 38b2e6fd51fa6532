"""Policies: read by everybody, published by their keepers, never rewritten."""

import asyncio

from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.domains.moderation import facade as moderation
from tests.api.conftest import SignUp

NEXT = {"title": "Be civil", "body": "Argue about the matter.\n\nAlways.", "change_note": "Shorter.", "was_version": 1}


async def test_the_first_policies_are_there_for_everybody(client: AsyncClient) -> None:
    found = (await client.get("/v1/policies")).json()
    assert [each["slug"] for each in found][:2] == ["community-guidelines", "be-civil"]
    assert {each["version"] for each in found} == {1}
    assert (await client.get("/v1/policies/none-such")).status_code == 404


async def test_a_new_version_holds_and_the_former_stays(
    client: AsyncClient, session: AsyncSession, sign_up: SignUp
) -> None:
    keeper, customer = await sign_up("moderator"), await sign_up()
    path = "/v1/operate/policies/be-civil"
    assert (await client.put(path, json=NEXT, headers=customer.headers)).status_code == 403
    assert (await client.put(path, json=NEXT, headers=keeper.headers)).json()["version"] == 2
    assert (await client.put(path, json=NEXT, headers=keeper.headers)).status_code == 409
    renamed = NEXT | {"title": "Be nice", "was_version": 2}
    assert (await client.put(path, json=renamed, headers=keeper.headers)).status_code == 422
    taken = NEXT | {"was_version": 0}
    assert (await client.put("/v1/operate/policies/other", json=taken, headers=keeper.headers)).status_code == 422
    versions = (await client.get("/v1/policies/be-civil")).json()
    assert [each["version"] for each in versions] == [2, 1]
    told = await session.execute(text("SELECT count(*) FROM core.outbox WHERE type = 'moderation.policy_published'"))
    acts = await session.execute(text("SELECT count(*) FROM core.audit_log WHERE action = 'policies.publish'"))
    assert (told.scalar_one(), acts.scalar_one()) == (1, 1)
    await session.execute(
        text(
            "INSERT INTO moderation.rules (name, version, expression, outcome, policy, policy_version, state,"
            " explanation) VALUES ('rude', 1, 'text.words == 1', 'hold', 'Be civil', 1, 'active', 'One word.')"
        )
    )
    said = await moderation.judge(session, "Ninny", "post")
    assert (said.policy, said.policy_version) == ("Be civil", 2)


async def test_a_rule_names_a_policy_that_there_is(client: AsyncClient, sign_up: SignUp) -> None:
    keeper = await sign_up("moderator")
    rule = {"expression": "text.links > 9", "outcome": "hold", "policy": "No such", "explanation": "Many links."}
    answer = await client.put("/v1/operate/rules/many", json=rule, headers=keeper.headers)
    assert (answer.status_code, "policy" in answer.text) == (422, True)


async def test_two_keepers_at_once_make_one_version(committed_client: AsyncClient, sign_up: SignUp) -> None:
    keeper = await sign_up("moderator")
    path = "/v1/operate/policies/be-civil"
    answers = await asyncio.gather(*(committed_client.put(path, json=NEXT, headers=keeper.headers) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 5
    async with transaction() as session:
        count = await session.execute(text("SELECT count(*) FROM moderation.policies WHERE slug = 'be-civil'"))
        assert count.scalar_one() == 2
