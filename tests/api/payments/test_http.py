"""Payments over HTTP: the customer's own, the operator's desk, and what each may not see."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.payments import facade as payments
from api.domains.payments.service import intents
from tests.api.conftest import SignedUp, SignUp
from tests.api.payments.conftest import Make, books, refund_part
from tests.gateway_process import RunningGateway

PAGE = {"Accept": "text/html"}


def keyed(person: SignedUp, key: str | None = None) -> dict[str, str]:
    return person.headers | {"Idempotency-Key": key or str(uuid4())}


async def send(client: AsyncClient, path: str, person: SignedUp, key: str | None = None, **body: Any) -> Response:
    return await client.post(path, json=body, headers=keyed(person, key))


async def csrf(client: AsyncClient, path: str, person: SignedUp) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', (await client.get(path, headers=person.headers | PAGE)).text)
    assert found
    return found[1]


async def test_a_customer_pays_after_a_refusal(client: AsyncClient, make: Make, sign_up: SignUp) -> None:
    anne, ben = await sign_up(), await sign_up()
    payment = await make(500, customer_id=anne.customer_id)
    path = f"/v1/payments/{payment.payment_id}"
    shown = (await client.get(path, headers=anne.headers)).json()
    assert (shown["status"], shown["method"]) == ("requires_confirmation", "card")
    assert "cancelled" in shown["next_states"]
    of_order = f"/v1/payments?order_id={payment.order_id}"
    assert (await client.get(of_order, headers=anne.headers)).json() == [shown]
    assert (await client.get(of_order, headers=ben.headers)).json() == []
    refused = (await send(client, f"{path}/confirm", anne, token="tok_declined")).json()
    assert (refused["status"], refused["intent_status"]) == ("declined", "requires_payment_method")
    assert refused["next_states"] == ["requires_confirmation", "cancelled"]
    for _ in range(2):
        paid = await send(client, f"{path}/confirm", anne, "one key", token="tok_ok")
        assert (paid.status_code, paid.json()["status"], paid.json()["captured_minor"]) == (200, "succeeded", 500)
    again = await send(client, f"{path}/confirm", anne, token="tok_ok")
    assert (again.status_code, again.json()["type"]) == (409, "urn:agora:problem:illegal-payment-move")
    for answer in (
        await client.get(path, headers=ben.headers),
        await send(client, f"{path}/confirm", ben, token="tok_ok"),
        await client.get(f"/v1/payments/{uuid4()}", headers=anne.headers),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:agora:problem:payment-not-found")
    assert (await client.get(path)).status_code == 401
    assert (await client.post(f"{path}/confirm", json={}, headers=anne.headers)).status_code == 400


async def test_the_key_stands_for_the_meaning_of_the_body(client: AsyncClient, make: Make, sign_up: SignUp) -> None:
    anne = await sign_up()
    payment = await make(500, customer_id=anne.customer_id)
    path = f"/v1/payments/{payment.payment_id}/confirm"
    headers = keyed(anne, "k") | {"Content-Type": "application/json"}
    first = await client.post(path, content='{"token": "tok_ok", "method": "card"}', headers=headers)
    same = await client.post(path, content='{"method":"card",  "token":"tok_ok"}', headers=headers)
    other = await client.post(path, content='{"method":"card","token":"tok_slow"}', headers=headers)
    assert (first.status_code, same.status_code, same.headers["idempotency-replayed"]) == (200, 200, "true")
    assert (other.status_code, other.json()["type"]) == (422, "urn:agora:problem:idempotency-key-reused")


async def test_unreached_nothing_is_charged(
    client: AsyncClient, make: Make, sign_up: SignUp, paying_gateway: RunningGateway
) -> None:
    anne = await sign_up()
    payment = await make(500, customer_id=anne.customer_id)
    path = f"/v1/payments/{payment.payment_id}/confirm"
    paying_gateway.stop()
    try:
        assert (await send(client, path, anne, "k", token="tok_ok")).status_code == 503
    finally:
        paying_gateway.start()
    assert (await send(client, path, anne, "k", token="tok_ok")).json()["status"] == "succeeded"


async def test_wallet_and_gift_card(client: AsyncClient, make: Make, sign_up: SignUp, session: AsyncSession) -> None:
    anne, operator = await sign_up(), await sign_up("operator")
    card = (await send(client, "/v1/operate/gift-cards", operator, amount_minor=800)).json()
    path = f"/v1/operate/wallets/{anne.customer_id}/credits"
    for _ in range(2):
        assert (await send(client, path, operator, "k", amount_minor=300)).json() == {"balances": {"USD": 300}}
    assert (await send(client, path, anne, amount_minor=300)).status_code == 403
    payment = await make(500, customer_id=anne.customer_id)
    confirm = f"/v1/payments/{payment.payment_id}/confirm"
    assert (await send(client, confirm, anne, method="wallet")).json()["reason"] == "insufficient_funds"
    paid = await send(client, confirm, anne, method="gift_card", token=card["code"])
    assert (paid.json()["status"], paid.json()["method"]) == ("succeeded", "gift_card")
    left = await client.post("/v1/gift-cards/balance", json={"code": card["code"]}, headers=anne.headers)
    assert left.json()["balance_minor"] == 300
    assert (await client.get("/v1/wallet", headers=anne.headers)).json() == {"balances": {"USD": 300}}
    unknown = await client.post("/v1/gift-cards/balance", json={"code": "x"}, headers=anne.headers)
    assert unknown.status_code == 404
    acts = await session.execute(text("SELECT action FROM core.audit_log ORDER BY entry_id"))
    assert list(acts.scalars()) == ["payments.issue_gift_card", "payments.credit_wallet"]


async def test_an_operator_refunds_and_captures(
    client: AsyncClient, pay: Make, make: Make, sign_up: SignUp, session: AsyncSession
) -> None:
    operator = await sign_up("operator")
    payment = await pay(500)
    path = f"/v1/operate/payments/{payment.payment_id}"
    for _ in range(2):
        made = await send(client, f"{path}/refunds", operator, "k", amount_minor=200, reason="damaged")
        assert (made.status_code, made.json()["status"]) == (201, "succeeded")
    much = await send(client, f"{path}/refunds", operator, amount_minor=301, reason="damaged")
    assert (much.status_code, much.json()["refundable_minor"]) == (409, 300)
    file = (await client.get(path, headers=operator.headers)).json()
    assert (file["refundable_minor"], len(file["refunds"]), len(file["ledger"])) == (300, 1, 4)
    listed = (await client.get("/v1/operate/payments?limit=1", headers=operator.headers)).json()
    assert listed["items"][0]["payment"]["payment_id"] == str(payment.payment_id)
    held = await make(900, capture="manual")
    await payments.record(session, held.payment_id, await payments.confirm(held, "tok_ok"))
    await session.commit()
    too_much = await send(client, f"/v1/operate/payments/{held.payment_id}/capture", operator, amount_minor=901)
    assert too_much.status_code == 422
    taken = await send(client, f"/v1/operate/payments/{held.payment_id}/capture", operator, amount_minor=700)
    assert taken.json()["captured_minor"] == 700
    first = (await client.get("/v1/operate/payments?limit=1", headers=operator.headers)).json()
    rest = await client.get(f"/v1/operate/payments?cursor={first['next_cursor']}", headers=operator.headers)
    assert [row["payment"]["payment_id"] for row in rest.json()["items"]] == [str(payment.payment_id)]
    acts = await session.execute(text("SELECT action, details FROM core.audit_log ORDER BY entry_id"))
    assert [row.action for row in acts] == ["payments.refund", "payments.capture"]


@pytest.mark.parametrize(
    "path", ["payments", f"payments/{UUID(int=1)}", "disputes", f"disputes/{UUID(int=1)}", "reconciliations"]
)
async def test_the_desk_is_for_operators(client: AsyncClient, sign_up: SignUp, path: str) -> None:
    customer, operator = await sign_up(), await sign_up("operator")
    assert (await client.get(f"/v1/operate/{path}")).status_code == 401
    assert (await client.get(f"/v1/operate/{path}", headers=customer.headers)).status_code == 403
    expected = 404 if "/" in path else 200
    assert (await client.get(f"/v1/operate/{path}", headers=operator.headers)).status_code == expected
    page = path.replace("reconciliations", "reconciliation")
    assert (await client.get(f"/operate/{page}", headers=customer.headers | PAGE)).status_code == 403
    assert (await client.get(f"/operate/{page}", headers=operator.headers | PAGE)).status_code == expected


async def test_the_customers_page_leads_to_the_bank_and_back(
    client: AsyncClient, make: Make, sign_up: SignUp, paying_gateway: RunningGateway
) -> None:
    anne, ben = await sign_up(), await sign_up()
    payment = await make(1250, customer_id=anne.customer_id)
    path = f"/payments/{payment.payment_id}"
    form = {"csrf_token": await csrf(client, path, anne), "idempotency_key": "k"}
    nothing = await client.post(f"{path}/confirm", data=form, headers=anne.headers | PAGE)
    assert (nothing.status_code, "Choose how you would like to pay" in nothing.text) == (422, True)
    no_code = await client.post(f"{path}/confirm", data=form | {"choice": "gift_card"}, headers=anne.headers | PAGE)
    assert "Enter the code of the gift card" in no_code.text
    sent = await client.post(f"{path}/confirm", data=form | {"choice": "tok_action"}, headers=anne.headers | PAGE)
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    page = (await client.get(path, headers=anne.headers | PAGE)).text
    assert "Continue at your bank" in page
    now = await intents.get(payment.payment_id)
    paying_gateway.decide(now.next_action_url, "confirm")
    back = await client.get(f"{path}/return", headers=anne.headers | PAGE)
    assert back.status_code == 303
    assert "Paid" in (await client.get(path, headers=anne.headers | PAGE)).text
    assert await books() == {"gateway": 1250, "sales": -1250}
    for hidden in (path, f"{path}/return"):
        assert (await client.get(hidden, headers=ben.headers | PAGE)).status_code == 404


async def test_refunds_that_wait_for_a_person_come_first(
    client: AsyncClient, pay: Make, make: Make, sign_up: SignUp
) -> None:
    operator = await sign_up("operator")
    failing, cash, good = await pay(500, token="tok_refund_fails"), await make(300, "cash_on_delivery"), await pay(900)
    await payments.confirm(cash, "")
    await payments.capture(cash.payment_id)
    for payment in (failing, cash, good):
        await refund_part(payment.payment_id, 100)
    await payments.sweep_refunds()
    listed = (await client.get("/v1/operate/refunds", headers=operator.headers)).json()
    assert {(row["refund"]["status"], row["is_open"]) for row in listed[:2]} == {("failed", True), ("pending", True)}
    assert [(row["refund"]["status"], row["is_open"]) for row in listed[2:]] == [("succeeded", False)]
    page = (await client.get("/operate/refunds?status=failed", headers=operator.headers | PAGE)).text
    assert "Give it back in another way" in page
    assert "Pay it, then say so" not in page
    assert (await client.get("/operate/refunds?status=lost", headers=operator.headers | PAGE)).status_code == 422
    customer = await sign_up()
    assert (await client.get("/v1/operate/refunds", headers=customer.headers)).status_code == 403


async def test_the_operators_pages(client: AsyncClient, pay: Make, sign_up: SignUp, session: AsyncSession) -> None:
    operator = await sign_up("operator")
    payment = await pay(500, token="tok_dispute")
    other = await pay(800)
    await intents.refresh(payment.payment_id)
    as_operator = operator.headers | PAGE
    listed = (await client.get("/operate/payments?status=succeeded", headers=as_operator)).text
    assert f"/operate/payments/{payment.payment_id}" in listed
    path = f"/operate/payments/{other.payment_id}"
    form = {"csrf_token": await csrf(client, path, operator), "refund_id": str(uuid4())}
    wrong = await client.post(f"{path}/refund", data=form | {"amount": "1,5,0"}, headers=as_operator)
    assert (wrong.status_code, "Enter an amount such as 12.50" in wrong.text) == (422, True)
    much = await client.post(f"{path}/refund", data=form | {"amount": "8.01", "reason": "x"}, headers=as_operator)
    assert 'value="8.01"' in much.text
    done = await client.post(f"{path}/refund", data=form | {"amount": "2.50", "reason": "late"}, headers=as_operator)
    assert done.status_code == 303
    shown = (await client.get(path, headers=as_operator)).text
    assert "late" in shown
    assert "$5.50" in shown  # what is left
    disputes = (await client.get("/operate/disputes", headers=as_operator)).text
    found = re.search(r"/operate/disputes/([0-9a-f-]{36})", disputes)
    assert found
    dispute = f"/operate/disputes/{found[1]}"
    token = {"csrf_token": await csrf(client, dispute, operator)}
    empty = await client.post(f"{dispute}/evidence", data=token, headers=as_operator)
    assert "Write what the bank should know" in empty.text
    sent = await client.post(f"{dispute}/evidence", data=token | {"evidence": "Signed for."}, headers=as_operator)
    assert sent.status_code == 303
    assert "Signed for." in (await client.get(dispute, headers=as_operator)).text
    assert "No day compared yet" in (await client.get("/operate/reconciliation", headers=as_operator)).text
    day = (await client.get("/v1/operate/payments", headers=operator.headers)).json()["items"][0]["created_at"][:10]
    await client.post(f"/v1/operate/reconciliations/{day}", headers=operator.headers)
    assert day in (await client.get("/operate/reconciliation", headers=as_operator)).text
