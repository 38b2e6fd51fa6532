"""What happens at once: after each race there is one decision, one event, and counters say what rows say."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import text

from api.core.db import transaction
from api.domains.communities.service import people
from ingestion.contracts import new_event_id
from tests.api.communities.conftest import Forum, counters_hold
from tests.api.conftest import SignedUp, SignUp
from tests.api.moderation.conftest import Desk, Hear
from tests.api.moderation.test_refusals import RULE, run

LONG = "Noooooooooooo way"


async def named(person: SignedUp, handle: str) -> SignedUp:
    async with transaction() as session:
        await people.choose(session, person.customer_id, handle)
    return person


async def count(sql: str, **values: Any) -> int:
    async with transaction() as session:
        return int((await session.execute(text(sql), values)).scalar_one())


async def at_once(calls: list[Callable[[], Awaitable[Response]]]) -> list[int]:
    return sorted(each.status_code for each in await asyncio.gather(*(call() for call in calls)))


async def test_two_moderators_on_one_case(committed_client: AsyncClient, sign_up: SignUp, hear: Hear) -> None:
    client = committed_client
    forum, desk = Forum(client), Desk(client)
    ada = await named(await sign_up(), "ada")
    mods = [await sign_up("moderator") for _ in range(4)]
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", "On tea", body=LONG)
    case = await desk.case_of(mods[0], post["post_id"])

    def decide(mod: SignedUp, act: str) -> Callable[[], Awaitable[Response]]:
        headers = mod.headers | {"Idempotency-Key": new_event_id().hex}
        path = f"/v1/operate/cases/{case['case_id']}/decision"
        return lambda: client.post(path, json={"act": act, "note": "Because."}, headers=headers)

    assert await at_once([decide(mod, act) for mod in mods for act in ("approve", "remove")]) == [200] + [409] * 7
    assert await count("SELECT count(*) FROM moderation.decisions") == 1
    assert await count("SELECT count(*) FROM core.outbox WHERE type = 'moderation.case_decided'") == 1
    assert await count("SELECT count(*) FROM core.audit_log WHERE action ~ '^cases'") == 1
    assert await hear() == 1
    async with transaction() as session:
        await counters_hold(session)


async def test_reports_at_once_are_one_case_with_all_of_them(committed_client: AsyncClient, sign_up: SignUp) -> None:
    forum = Forum(committed_client)
    ada = await named(await sign_up(), "ada")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea")
    readers = [await sign_up() for _ in range(8)]
    path = f"/posts/{post['post_id']}/report"
    await asyncio.gather(*(forum.send(each, "PUT", path, {"policy": "be-civil"}, 204) for each in [*readers, *readers]))
    assert await count("SELECT count(*) FROM moderation.cases") == 1
    assert await count("SELECT reports FROM moderation.cases") == 8
    assert await count("SELECT count(*) FROM moderation.reports") == 8
    assert await count("SELECT count(*) FROM core.outbox WHERE type = 'moderation.case_opened'") == 1
    told = "FROM core.outbox WHERE type = 'moderation.subject_reported'"
    assert await count(f"SELECT count(*) {told}") == 8  # each person once, who said it twice
    reporter = "convert_from(envelope, 'UTF8')::json->'data'->>'reporter_id'"
    assert await count(f"SELECT count(DISTINCT {reporter}) {told}") == 8


async def test_appeals_at_once_are_one(committed_client: AsyncClient, sign_up: SignUp) -> None:
    client = committed_client
    forum, desk = Forum(client), Desk(client)
    ada, mod = await named(await sign_up(), "ada"), await sign_up("moderator")
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea", body=LONG)
    await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "remove", note="No.")
    [stated] = (await desk.send(ada, "GET", "/account/statements"))["items"]

    def appeal() -> Awaitable[Response]:
        headers = ada.headers | {"Idempotency-Key": new_event_id().hex}
        path = f"/v1/account/statements/{stated['statement_id']}/appeal"
        return client.post(path, json={"words": "Look again."}, headers=headers)

    assert await at_once([appeal] * 6) == [201] + [409] * 5
    assert await count("SELECT count(*) FROM moderation.cases WHERE origin = 'appeal'") == 1


async def test_a_post_is_removed_while_people_answer_it(
    committed_client: AsyncClient, sign_up: SignUp, hear: Hear
) -> None:
    client = committed_client
    forum, desk = Forum(client), Desk(client)
    ada, mod = await named(await sign_up(), "ada"), await sign_up("moderator")
    readers = [await sign_up() for _ in range(6)]
    await forum.found(ada, "tea")
    post = await forum.post(ada, "tea")
    await forum.send(readers[0], "PUT", f"/posts/{post['post_id']}/report", {"policy": "be-civil"}, 204)
    await desk.decide(mod, await desk.case_of(mod, post["post_id"]), "remove", note="Off.")

    async def answer(reader: SignedUp) -> int:
        body = {"body": "Indeed.", "parent_id": None}
        sent = await client.post(f"/v1/posts/{post['post_id']}/comments", json=body, headers=reader.headers)
        return sent.status_code

    statuses, _ = await asyncio.gather(asyncio.gather(*(answer(each) for each in readers)), hear())
    assert set(statuses) <= {201, 409}
    assert await answer(readers[0]) == 409
    assert await count("SELECT comments FROM communities.posts") == statuses.count(201)
    assert await count("SELECT count(*) FROM core.outbox WHERE type = 'communities.post_withdrawn'") == 1
    async with transaction() as session:
        await counters_hold(session)


async def test_a_rule_changes_while_texts_are_judged(committed_client: AsyncClient, sign_up: SignUp) -> None:
    """Every text is judged by one set of rules: it is published or held, and what is held has its case."""
    client = committed_client
    forum = Forum(client)
    ada, mod = await named(await sign_up(), "ada"), await sign_up("moderator")
    await forum.found(ada, "tea")

    async def retire() -> None:
        body = {"state": "retired", "was_version": 1}
        await client.put("/v1/operate/rules/repeated-character/state", json=body, headers=mod.headers)

    write = [forum.post(ada, "tea", f"No {n}", body=LONG) for n in range(12)]
    done = await asyncio.gather(*write[:6], retire(), *write[6:])
    made = [each for each in done if each is not None]
    held = [each for each in made if each["status"] == "held"]
    assert {each["status"] for each in made} <= {"held", "published"}
    assert await count("SELECT count(*) FROM moderation.cases") == len(held)
    assert await count("SELECT count(*) FROM moderation.hits") == len(held)
    judged = "SELECT count(*) FROM core.outbox WHERE type = 'moderation.text_judged' AND key = 'post'"
    assert await count(judged) == len(made)
    async with transaction() as session:
        await counters_hold(session)
    assert (await forum.post(ada, "tea", "After", body=LONG))["status"] == "published"


async def test_one_refusal_however_often_it_is_tried_at_once(committed_client: AsyncClient, sign_up: SignUp) -> None:
    client = committed_client
    forum = Forum(client)
    ada = await named(await sign_up(), "ada")
    await forum.found(ada, "tea")
    await run(f"{RULE} ('no-pills', 1, 'text.length > 3', 'reject', 'No advertising', 1, 'active', 'Why.')")

    def write() -> Awaitable[Response]:
        headers = ada.headers | {"Idempotency-Key": new_event_id().hex}
        return client.post("/v1/communities/tea/posts", json={"title": "Pills", "body": "pills"}, headers=headers)

    assert await at_once([write] * 6) == [422] * 6
    for table in ("statements", "refusals", "cases", "decisions"):
        assert await count(f"SELECT count(*) FROM moderation.{table}") == 1  # noqa: S608
