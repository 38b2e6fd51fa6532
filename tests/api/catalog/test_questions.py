"""Questions and answers: who may ask and answer, what waits to be looked at, and who is told."""

import asyncio
import re
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.core.db import Database, transaction
from api.domains.catalog import facade as catalog
from api.domains.catalog.service import questions
from ingestion.contracts import new_event_id
from tests.api.catalog.conftest import MakeProduct
from tests.api.catalog.test_reviews import buyer
from tests.api.conftest import SignedUp, SignUp

ASKED = "Is there nut in it?"


async def ask(client: AsyncClient, person: SignedUp, product_id: int, body: str = ASKED) -> dict[str, Any]:
    answer = await client.post(f"/v1/products/{product_id}/questions", json={"body": body}, headers=person.headers)
    assert answer.status_code == 201, answer.text
    asked: dict[str, Any] = answer.json()
    return asked


async def answer(client: AsyncClient, person: SignedUp, question_id: str, body: str) -> dict[str, Any]:
    given = await client.put(f"/v1/questions/{question_id}/answer", json={"body": body}, headers=person.headers)
    assert given.status_code == 200, given.text
    found: dict[str, Any] = given.json()
    return found


async def listed(client: AsyncClient, product_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"/v1/products/{product_id}/questions")).json()["items"]
    return found


async def events(session: AsyncSession) -> list[str]:
    statement = "SELECT type FROM core.outbox WHERE type ~ '^catalog.(question|answer)' ORDER BY id"
    return [name.removeprefix("catalog.") for name in (await session.execute(text(statement))).scalars()]


async def mails(session: AsyncSession) -> list[tuple[str, str]]:
    """(address, text) of what is to be mailed."""
    statement = "SELECT args -> 'args' FROM procrastinate_jobs WHERE task_name = 'core.send_mail' ORDER BY id"
    return [(each["to"], each["body"]) for each in (await session.execute(text(statement))).scalars()]


async def test_the_shop_and_buyers_answer_and_whoever_asked_is_told_of_each_once(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    product_id = shop["choc-1"]
    asker, operator = await sign_up(), await sign_up("operator")
    owner = await buyer(session, sign_up, product_id)
    asked = await ask(client, asker, product_id)
    assert (asked["status"], "customer_id" in asked) == ("published", False)
    first = await answer(client, owner, asked["question_id"], "None in mine.")
    again = await answer(client, owner, asked["question_id"], "None that I know of.")
    assert first["answer_id"] == again["answer_id"]
    await answer(client, operator, asked["question_id"], "No, and www.example.org says why.")
    (shown,) = await listed(client, product_id)
    assert [(each["voice"], each["body"]) for each in shown["answers"]] == [
        ("shop", "No, and www.example.org says why."), ("buyer", "None that I know of."),
    ]  # fmt: skip
    told = await mails(session)
    assert [address for address, _ in told] == [asker.email] * 2
    assert "None in mine." in told[0][1]
    assert ASKED in told[0][1]
    assert await events(session) == ["question_published", *["answer_published"] * 3]
    acts = await session.execute(text("SELECT action FROM core.audit_log WHERE subject LIKE 'question:%'"))
    assert list(acts.scalars()) == ["questions.answer"]


async def test_the_seller_answers_for_the_own_product_alone(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    asker, seller = await sign_up(), await sign_up("seller")
    values = {"seller": seller.customer_id, "id": shop["milk-1"]}
    await session.execute(text("UPDATE catalog.products SET seller_id = :seller WHERE product_id = :id"), values)
    own, other = await ask(client, asker, shop["milk-1"]), await ask(client, asker, shop["choc-1"])
    assert (await answer(client, seller, own["question_id"], "No."))["voice"] == "seller"
    refused = await client.put(
        f"/v1/questions/{other['question_id']}/answer", json={"body": "No."}, headers=seller.headers
    )
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "may-not-answer")


async def test_who_declined_such_mails_or_answers_the_own_question_gets_none(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    product_id = shop["choc-1"]
    asker, operator = await buyer(session, sign_up, product_id), await sign_up("operator")
    asked = await ask(client, asker, product_id)
    await answer(client, asker, asked["question_id"], "I found out: no.")
    assert await mails(session) == []
    await client.put("/v1/me/preferences", json={"wanted": []}, headers=asker.headers)
    await answer(client, operator, asked["question_id"], "No.")
    assert await mails(session) == []


async def test_what_waits_is_not_shown_until_somebody_looked_at_it(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    product_id = shop["choc-1"]
    asker, moderator = await sign_up(), await sign_up("moderator")
    owner = await buyer(session, sign_up, product_id)
    held = await ask(client, asker, product_id, "Cheaper at www.example.org?")
    assert (held["status"], await listed(client, product_id)) == ("held", [])
    early = await client.put(f"/v1/questions/{held['question_id']}/answer", json={"body": "No"}, headers=owner.headers)
    assert early.status_code == 404
    path = f"/v1/operate/questions/{held['question_id']}"
    assert (await client.put(path, json={"is_published": True}, headers=asker.headers)).status_code == 403
    assert (await client.put(path, json={"is_published": False}, headers=moderator.headers)).status_code == 422
    for _ in range(2):
        await client.put(path, json={"is_published": True}, headers=moderator.headers)
    given = await answer(client, owner, held["question_id"], "Yes at http://example.org")
    assert given["status"] == "held"
    assert (await listed(client, product_id))[0]["answers"] == []
    desk = (await client.get("/v1/operate/questions", headers=moderator.headers)).json()
    assert [each["answer_id"] for each in desk["answers"]] == [given["answer_id"]]
    assert [each["question_id"] for each in desk["unanswered"]] == [held["question_id"]]
    path = f"/v1/operate/answers/{given['answer_id']}"
    reject = {"is_published": False, "reason": "Advertising"}
    assert (await client.put(path, json=reject, headers=moderator.headers)).json()["reason"] == "Advertising"
    assert (await answer(client, owner, held["question_id"], "No."))["status"] == "held"
    await client.put(path, json={"is_published": True}, headers=moderator.headers)
    assert [each["body"] for each in (await listed(client, product_id))[0]["answers"]] == ["No."]
    assert (await answer(client, owner, held["question_id"], "See www.example.org"))["status"] == "held"
    assert await events(session) == ["question_published", "answer_published", "answer_withdrawn"]
    told = [address for address, said in await mails(session) if "You asked" in said]
    assert told == [asker.email]


async def test_a_rejected_question_takes_its_answers_along(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp
) -> None:
    asker, operator = await sign_up(), await sign_up("operator")
    asked = await ask(client, asker, shop["choc-1"])
    await answer(client, operator, asked["question_id"], "No.")
    path = f"/v1/operate/questions/{asked['question_id']}"
    await client.put(path, json={"is_published": False, "reason": "Off topic"}, headers=operator.headers)
    assert await listed(client, shop["choc-1"]) == []
    assert (await events(session))[-1] == "question_withdrawn"
    page = await client.get(f"/p/{shop['choc-1']}-x", headers=asker.headers, follow_redirects=True)
    assert "is not shown: Off topic" in page.text


async def test_refusals(client: AsyncClient, shop: dict[str, int], sign_up: SignUp) -> None:
    person = await sign_up()
    path = f"/v1/products/{shop['choc-1']}/questions"
    assert (await client.post(path, json={"body": ASKED})).status_code == 401
    for body in ("", "  ", "q" * 501, "a\x00b"):
        assert (await client.post(path, json={"body": body}, headers=person.headers)).status_code == 422
    missing = await client.post("/v1/products/999999/questions", json={"body": ASKED}, headers=person.headers)
    assert missing.status_code == 404
    unknown = await client.put(f"/v1/questions/{new_event_id()}/answer", json={"body": "x"}, headers=person.headers)
    assert unknown.status_code == 404
    assert (await client.get(f"{path}?cursor=nonsense")).status_code == 422


async def test_the_same_is_asked_once_and_no_more_than_ten(
    client: AsyncClient, shop: dict[str, int], sign_up: SignUp
) -> None:
    person = await sign_up()
    ids = {(await ask(client, person, shop["choc-1"], f"What of {n}?"))["question_id"] for n in (*range(10), 3)}
    assert len(ids) == 10
    path = f"/v1/products/{shop['choc-1']}/questions"
    full = await client.post(path, json={"body": "And one more?"}, headers=person.headers)
    assert (full.status_code, full.json()["type"].rpartition(":")[2]) == (409, "too-many-questions")
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await client.get(path, params={"limit": 4, **({"cursor": cursor} if cursor else {})})).json()
        seen += [each["question_id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(ids, reverse=True)


async def test_many_at_once_ask_within_bounds_and_one_person_answers_once(
    committed: Database, make_product: MakeProduct, sign_up: SignUp
) -> None:
    person, operator = await sign_up(), await sign_up("operator")
    async with transaction() as session:
        product_id = (await catalog.import_products(session, [make_product("choc-1", "Milk chocolate")]))["choc-1"]

    async def one(number: int) -> UUID | None:
        try:
            async with transaction() as session:
                asked = await questions.ask(session, person.customer_id, product_id, f"What of {number}?")
                return asked.question_id
        except questions.TooManyQuestions:
            return None

    made = [each for each in await asyncio.gather(*map(one, range(20))) if each is not None]
    assert len(made) == questions.MOST_QUESTIONS
    speaker = Principal(operator.customer_id, frozenset({"operator"}), new_event_id())

    async def say(number: int) -> UUID:
        async with transaction() as session:
            return (await questions.answer(session, speaker, made[0], f"Answer {number}")).answer_id

    assert len(set(await asyncio.gather(*map(say, range(8))))) == 1
    async with transaction() as session:
        sent = await session.execute(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'core.send_mail'"))
        assert sent.scalar_one() == 1


def token(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', html)
    assert found
    return found[1]


async def test_the_product_page_takes_questions_and_the_desk_answers(
    client: AsyncClient, shop: dict[str, int], sign_up: SignUp
) -> None:
    asker, operator = await sign_up(), await sign_up("operator")
    page = await client.get(f"/p/{shop['choc-1']}", headers=asker.headers, follow_redirects=True)
    form = {"csrf_token": token(page.text), "body": ASKED}
    assert (await client.post(f"/p/{shop['choc-1']}/questions", data=form, headers=asker.headers)).status_code == 303
    wrong = await client.post(f"/p/{shop['choc-1']}/questions", data=form | {"body": "w" * 501}, headers=asker.headers)
    assert (wrong.status_code, "w" * 501 in wrong.text) == (422, True)
    forged = await client.post(f"/p/{shop['choc-1']}/questions", data={"body": ASKED}, headers=asker.headers)
    assert forged.status_code == 403
    desk = await client.get("/operate/questions", headers=operator.headers)
    assert ASKED in desk.text
    action = re.search(r'action="(/questions/[0-9a-f-]+/answer)"', desk.text)
    assert action
    form = {"csrf_token": token(desk.text), "body": "No nuts.", "product_id": str(shop["choc-1"]), "back": "desk"}
    done = await client.post(action[1], data=form, headers=operator.headers)
    assert (done.status_code, done.headers["location"]) == (303, "/operate/questions")
    assert "No nuts." in (await client.get(f"/p/{shop['choc-1']}", follow_redirects=True)).text


@pytest.mark.parametrize("kind", ["questions", "answers"])
async def test_the_desk_asks_why(
    client: AsyncClient, session: AsyncSession, shop: dict[str, int], sign_up: SignUp, kind: str
) -> None:
    owner, moderator = await buyer(session, sign_up, shop["choc-1"]), await sign_up("moderator")
    asked = await ask(client, owner, shop["choc-1"], "At www.a.org?" if kind == "questions" else ASKED)
    thing = asked["question_id"]
    if kind == "answers":
        thing = (await answer(client, owner, asked["question_id"], "At www.a.org"))["answer_id"]
    desk = await client.get("/operate/questions", headers=moderator.headers)
    form = {"csrf_token": token(desk.text), "decision": "reject"}
    path = f"/operate/{kind}/{thing}"
    refused = await client.post(path, data=form, headers=moderator.headers)
    assert (refused.status_code, "Say why" in refused.text) == (422, True)
    done = await client.post(path, data=form | {"reason": "Advertising"}, headers=moderator.headers)
    assert done.status_code == 303
    assert "www.a.org" not in (await client.get("/operate/questions", headers=moderator.headers)).text
