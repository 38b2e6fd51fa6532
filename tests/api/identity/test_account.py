"""Mailed codes, forgotten passwords, a new address, sign-ins: the good way, the refusals, many tries at once."""

import asyncio

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.domains.identity.errors import CodeRefused
from api.domains.identity.service import codes, security
from tests.api.conftest import SignUp
from tests.api.identity.conftest import PASSWORD, age_sign_ins, mailed_code, mails, register, sign_in, slug
from tests.api.statements import counted

NEW = "four other plain words"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_a_new_account_is_mailed_a_code_that_verifies_its_address(
    client: AsyncClient, session: AsyncSession
) -> None:
    anne = await register(client)
    code = await mailed_code(anne.email)
    assert (await anne.ask("GET", "/v1/me")).json()["is_email_verified"] is False
    refused = await anne.ask("POST", "/v1/me/email-verification/code", code=wrong(code))
    assert (refused.status_code, slug(refused)) == (422, "code-refused")
    assert (await anne.ask("POST", "/v1/me/email-verification/code", code=code)).status_code == 204
    assert (await anne.ask("GET", "/v1/me")).json()["is_email_verified"] is True
    again = await anne.ask("POST", "/v1/me/email-verification/code", code=code)
    assert slug(again) == "code-refused"
    events = await session.execute(text("SELECT type FROM core.outbox WHERE type = 'identity.email_verified'"))
    assert len(events.all()) == 1
    stored = (await session.execute(text("SELECT count(*) FROM identity.codes"))).scalar_one()
    assert stored == 0


async def test_asking_again_replaces_the_code(client: AsyncClient) -> None:
    anne = await register(client)
    first = await mailed_code(anne.email)
    assert (await anne.ask("POST", "/v1/me/email-verification")).status_code == 202
    second = await mailed_code(anne.email)
    if first != second:
        assert slug(await anne.ask("POST", "/v1/me/email-verification/code", code=first)) == "code-refused"
    assert (await anne.ask("POST", "/v1/me/email-verification/code", code=second)).status_code == 204


async def test_a_code_is_over_after_fifteen_minutes(client: AsyncClient, session: AsyncSession) -> None:
    anne = await register(client)
    await session.execute(text("UPDATE identity.codes SET expires_at = expires_at - interval '15 minutes'"))
    answer = await anne.ask("POST", "/v1/me/email-verification/code", code=await mailed_code(anne.email))
    assert slug(answer) == "code-refused"


async def test_no_more_than_five_tries_are_judged_however_many_come_at_once(
    committed: Database, sign_up: SignUp
) -> None:
    person = await sign_up()
    async with transaction() as session:
        await codes.send(session, person.customer_id, "verify-email", person.email)
    code = await mailed_code(person.email)

    async def guess(number: int) -> None:
        with pytest.raises(CodeRefused):
            await security.verify_email(person.customer_id, f"{(int(code) + number) % 10**6:06d}")

    await asyncio.gather(*(guess(number) for number in range(1, 13)))
    with pytest.raises(CodeRefused):  # the right one comes too late
        await security.verify_email(person.customer_id, code)


async def test_one_code_is_used_once_however_many_use_it(committed: Database, sign_up: SignUp) -> None:
    person = await sign_up()
    async with transaction() as session:
        await codes.send(session, person.customer_id, "verify-email", person.email)
    code = await mailed_code(person.email)
    done = await asyncio.gather(
        *(security.verify_email(person.customer_id, code) for _ in range(8)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["CodeRefused"] * 7 + ["NoneType"]


async def test_a_forgotten_password_is_replaced_and_every_sign_in_ends(client: AsyncClient) -> None:
    anne = await register(client)
    tokens = (await sign_in(client, anne.email)).json()
    asked = await client.post("/v1/recovery", json={"email": anne.email.upper()})
    assert (asked.status_code, asked.json()) == (202, {"next": "enter-the-code"})
    body = {"email": anne.email, "code": await mailed_code(anne.email), "password": NEW}
    assert (await client.post("/v1/recovery/code", json=body)).status_code == 204
    assert slug(await client.post("/v1/tokens/refresh", json={"refresh_token": tokens["refresh_token"]})) == (
        "refresh-refused"
    )
    assert slug(await sign_in(client, anne.email)) == "wrong-credentials"
    assert (await sign_in(client, anne.email, NEW)).status_code == 201
    assert (await mails(anne.email))[-1]["subject"] == "Your password has changed"
    assert slug(await client.post("/v1/recovery/code", json=body)) == "code-refused"


async def test_recovery_does_not_tell_who_has_an_account(client: AsyncClient) -> None:
    asked = await client.post("/v1/recovery", json={"email": "nobody@example.org"})
    assert (asked.status_code, asked.json()) == (202, {"next": "enter-the-code"})
    assert [mail["subject"] for mail in await mails("nobody@example.org")] == ["This address has no account of Agora"]
    body = {"email": "nobody@example.org", "code": "123456", "password": NEW}
    answer = await client.post("/v1/recovery/code", json=body)
    assert (answer.status_code, slug(answer)) == (422, "code-refused")


async def test_recovery_does_the_same_work_for_every_address(client: AsyncClient) -> None:
    anne = await register(client)
    asked: list[list[str]] = []
    for email in (anne.email, "nobody@example.org"):
        with counted() as statements:
            await client.post("/v1/recovery", json={"email": email})
        asked.append([each for each in statements if "SAVEPOINT" not in each])
    assert asked[0] == asked[1]
    assert any("identity.codes" in each for each in asked[1])


async def test_registering_a_known_address_tells_its_owner_alone(client: AsyncClient) -> None:
    anne = await register(client)
    body = {"email": anne.email, "display_name": "Mallory", "password": NEW}
    answer = await client.post("/v1/customers", json=body)
    assert (answer.status_code, answer.json()) == (202, {"email": anne.email, "next": "sign-in"})
    assert (await mails(anne.email))[-1]["subject"] == "You have an account of Agora already"
    assert (await sign_in(client, anne.email)).status_code == 201


async def test_a_new_address_needs_a_code_and_the_old_one_is_told(client: AsyncClient) -> None:
    anne = await register(client)
    assert (await anne.ask("POST", "/v1/me/email", email="anne@new.example")).status_code == 202
    assert (await anne.ask("GET", "/v1/me")).json()["email"] == anne.email
    code = await mailed_code("anne@new.example")
    assert (await anne.ask("POST", "/v1/me/email/code", code=code)).status_code == 204
    me = (await anne.ask("GET", "/v1/me")).json()
    assert (me["email"], me["is_email_verified"]) == ("anne@new.example", True)
    assert (await mails(anne.email))[-1]["subject"] == "The e-mail address of your account has changed"
    assert (await sign_in(client, "anne@new.example")).status_code == 201


async def test_an_address_with_an_account_cannot_be_taken(client: AsyncClient) -> None:
    anne, ben = await register(client), await register(client, "ben@example.org")
    assert (await anne.ask("POST", "/v1/me/email", email=ben.email)).status_code == 202
    assert (await mails(ben.email))[-1]["subject"] == "This address has an account of Agora"
    # Somebody registers the address between the code and its use.
    assert (await anne.ask("POST", "/v1/me/email", email="later@example.org")).status_code == 202
    code = await mailed_code("later@example.org")
    await register(client, "later@example.org")
    assert slug(await anne.ask("POST", "/v1/me/email/code", code=code)) == "code-refused"
    assert (await anne.ask("GET", "/v1/me")).json()["email"] == anne.email


async def test_what_guards_the_account_needs_a_fresh_sign_in(client: AsyncClient) -> None:
    anne = await register(client)
    await age_sign_ins(2)
    for method, path, body in (
        ("PUT", "/v1/me/password", {"password": NEW}),
        ("POST", "/v1/me/email", {"email": "anne@new.example"}),
        ("POST", "/v1/me/second-factor", {}),
        ("DELETE", "/v1/me/second-factor", {}),
    ):
        answer = await anne.ask(method, path, **body)
        assert (answer.status_code, slug(answer)) == (403, "step-up-needed"), path
    refused = await anne.ask("POST", "/v1/me/confirmation", password="not this one")
    assert slug(refused) == "wrong-credentials"
    assert (await anne.ask("POST", "/v1/me/confirmation", password=PASSWORD)).status_code == 204
    assert (await anne.ask("PUT", "/v1/me/password", password=NEW)).status_code == 200


async def test_a_new_password_ends_all_other_sign_ins(client: AsyncClient) -> None:
    anne = await register(client)
    other = (await sign_in(client, anne.email)).json()
    assert (await anne.ask("PUT", "/v1/me/password", password=NEW)).json() == {"ended": 1}
    refused = await client.post("/v1/tokens/refresh", json={"refresh_token": other["refresh_token"]})
    assert slug(refused) == "refresh-refused"
    [left] = (await anne.ask("GET", "/v1/me/sessions")).json()
    assert left["is_current"] is True
    assert (await mails(anne.email))[-1]["subject"] == "Your password has changed"


async def test_sign_ins_are_listed_and_ended_by_their_owner_alone(client: AsyncClient) -> None:
    anne, ben = await register(client), await register(client, "ben@example.org")
    other = (await sign_in(client, anne.email)).json()
    listed = (await anne.ask("GET", "/v1/me/sessions")).json()
    assert sorted(row["is_current"] for row in listed) == [False, True]
    session_id = next(row["session_id"] for row in listed if not row["is_current"])
    stranger = await ben.ask("DELETE", f"/v1/me/sessions/{session_id}")
    assert (stranger.status_code, slug(stranger)) == (404, "session-not-found")
    assert (await anne.ask("DELETE", f"/v1/me/sessions/{session_id}")).status_code == 204
    refused = await client.post("/v1/tokens/refresh", json={"refresh_token": other["refresh_token"]})
    assert slug(refused) == "refresh-refused"
    assert (await anne.ask("DELETE", f"/v1/me/sessions/{session_id}")).status_code == 404


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short one", "at least 10 characters"),
        ("password123", "anybody would try"),
        ("QWERTYUIOP", "anybody would try"),
        ("aaaaaaaaaaaa", "anybody would try"),
        ("anne.long@example.org", "e-mail address"),
        ("anne.long.name", "e-mail address"),
    ],
    ids=["short", "common", "common-upper", "one-letter", "email", "local-part"],
)
async def test_a_password_that_is_soon_guessed_is_refused_everywhere(
    client: AsyncClient, password: str, reason: str
) -> None:
    email = "anne.long.name@example.org" if password == "anne.long.name" else "anne.long@example.org"
    body = {"email": email, "display_name": "Anne", "password": password}
    answer = await client.post("/v1/customers", json=body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == "password"
    assert reason in error["reason"]
    anne = await register(client, email)
    changed = await anne.ask("PUT", "/v1/me/password", password=password)
    assert changed.status_code == 422
    assert (await sign_in(client, email)).status_code == 201
