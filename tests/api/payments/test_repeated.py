"""What the desk does once however often it is asked with one key: gift cards, payments by hand, answers to a bank."""

import asyncio
import re
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.payments import facade as payments
from api.domains.payments.service import intents
from tests.api.conftest import SignUp
from tests.api.payments.conftest import Make, books, refund_part
from tests.api.payments.test_http import PAGE, csrf, send

CARDS = "/v1/operate/gift-cards"
CODE = re.compile(r"[2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}")


async def test_a_gift_card_is_issued_once_per_key_and_its_code_stored_nowhere(
    client: AsyncClient, sign_up: SignUp, session: AsyncSession
) -> None:
    operator, other = await sign_up("operator"), await sign_up("operator")
    first, again = [await send(client, CARDS, operator, "k", amount_minor=800) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    code = first.json()["code"]
    assert CODE.fullmatch(code)
    assert (await payments.gift_card(code.lower())).balance_minor == 800
    theirs = await send(client, CARDS, other, "k", amount_minor=800)
    assert theirs.json()["code"] != code
    assert await books() == {
        f"gift_card:{first.json()['gift_card_id']}": -800,
        f"gift_card:{theirs.json()['gift_card_id']}": -800,
        "goodwill": 1600,
    }
    stored = (await session.execute(text("SELECT convert_from(body, 'utf8') FROM core.idempotency_keys"))).scalars()
    digits = code.replace("-", "")
    assert not [body for body in stored if code in body or digits in body]
    acts = (await session.execute(text("SELECT details::text FROM core.audit_log"))).scalars().all()
    assert len(acts) == 2
    assert not [act for act in acts if code in act]


async def test_a_gift_card_that_is_refused(client: AsyncClient, sign_up: SignUp) -> None:
    operator, customer = await sign_up("operator"), await sign_up()
    missing = await client.post(CARDS, json={"amount_minor": 800}, headers=operator.headers)
    assert (missing.status_code, missing.json()["type"]) == (400, "urn:agora:problem:idempotency-key-missing")
    await send(client, CARDS, operator, "k", amount_minor=800)
    assert (await send(client, CARDS, operator, "k", amount_minor=900)).status_code == 422
    assert (await send(client, CARDS, customer, amount_minor=800)).status_code == 403
    past = await send(client, CARDS, operator, amount_minor=800, expires_at="2020-01-01T00:00:00Z")
    naive = await send(client, CARDS, operator, amount_minor=800, expires_at="2040-01-01T00:00:00")
    assert (past.status_code, naive.status_code) == (422, 422)


async def test_one_key_at_once_issues_one_card(committed_client: AsyncClient, sign_up: SignUp) -> None:
    operator = await sign_up("operator")
    answers = await asyncio.gather(*(send(committed_client, CARDS, operator, "k", amount_minor=500) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["code"] for answer in answers if answer.status_code == 201}) == 1
    assert (await books())["goodwill"] == 500


async def test_money_paid_by_hand_is_noted_once(client: AsyncClient, make: Make, sign_up: SignUp) -> None:
    operator = await sign_up("operator")
    cash = await make(500, "cash_on_delivery")
    await payments.confirm(cash, "")
    await payments.capture(cash.payment_id)
    refund_id = await refund_part(cash.payment_id, 200)
    path = f"/v1/operate/payments/{cash.payment_id}/refunds/{refund_id}/paid-out"
    assert (await client.post(path, headers=operator.headers)).status_code == 400
    for _ in range(2):
        done = await client.post(path, headers=operator.headers | {"Idempotency-Key": "k"})
        assert (done.status_code, done.content) == (204, b"")
    assert await books() == {"cash": 300, "sales": -500, "refunds": 200}
    other = await client.post(path, headers=operator.headers | {"Idempotency-Key": "other"})
    assert other.status_code == 409


async def test_a_bank_is_answered_once(client: AsyncClient, pay: Make, sign_up: SignUp) -> None:
    operator = await sign_up("operator")
    payment = await pay(500, token="tok_dispute")
    await intents.refresh(payment.payment_id)
    (dispute,) = (await client.get("/v1/operate/disputes", headers=operator.headers)).json()
    path = f"/v1/operate/disputes/{dispute['dispute_id']}/evidence"
    assert (await client.post(path, json={"evidence": "Signed."}, headers=operator.headers)).status_code == 400
    first, again = [await send(client, path, operator, "k", evidence="Signed for.") for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert (await send(client, path, operator, "k", evidence="Something else.")).status_code == 422
    assert (await send(client, path, operator, evidence="And again.")).status_code == 409


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"amount": "2,5,0"}, "Enter an amount such as 25.00"),
        ({"amount": "25", "last_day": "soon"}, "Enter a day such as 2030-12-31"),
        ({"amount": "25", "last_day": "2020-01-01"}, "This day has passed"),
    ],
)
async def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(
    client: AsyncClient, sign_up: SignUp, typed: dict[str, str], told: str
) -> None:
    operator = await sign_up("operator")
    form = {"csrf_token": await csrf(client, "/operate/gift-cards", operator), "idempotency_key": str(uuid4())}
    wrong = await client.post("/operate/gift-cards", data=form | typed, headers=operator.headers | PAGE)
    assert (wrong.status_code, told in wrong.text) == (422, True)
    assert f'value="{typed["amount"]}"' in wrong.text
    assert await books() == {}


async def test_the_page_issues_a_card_once_per_form(client: AsyncClient, sign_up: SignUp) -> None:
    operator, customer = await sign_up("operator"), await sign_up()
    page = "/operate/gift-cards"
    form = {"csrf_token": await csrf(client, page, operator), "idempotency_key": "k", "amount": "12.50"}
    form["last_day"] = "2040-05-01"
    shown = [await client.post(page, data=form, headers=operator.headers | PAGE) for _ in range(2)]
    codes = [CODE.findall(each.text) for each in shown]
    assert codes[0] == codes[1]
    (code,) = codes[0]
    assert (await payments.gift_card(code)).balance_minor == 1250
    other = await client.post(page, data=form | {"amount": "99"}, headers=operator.headers | PAGE)
    assert (other.status_code, "was used with another request" in other.text) == (422, True)
    listed = (await client.get(page, headers=operator.headers | PAGE)).text
    assert (f"…{code[-4:]}" in listed, "$12.50" in listed, CODE.findall(listed)) == (True, True, [])
    assert (await client.get(page, headers=customer.headers | PAGE)).status_code == 403
