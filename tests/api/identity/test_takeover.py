"""What somebody could still hold when an account changes hands, and changes that cross each other."""

import asyncio

import pyotp
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database, transaction
from api.domains.identity.errors import SecondFactorIsOn, SecondFactorRefused
from api.domains.identity.service import second_factor, security
from tests.api.conftest import SignUp
from tests.api.identity.conftest import PASSWORD, mailed_code, register, sign_in, slug
from tests.api.identity.test_second_factor import answer, challenge_of, code_of, turn_on

NEW = "four other plain words"


async def test_a_code_for_the_old_address_does_not_recover_the_account_at_the_new_one(client: AsyncClient) -> None:
    anne = await register(client)
    await client.post("/v1/recovery", json={"email": anne.email})
    stale = await mailed_code(anne.email)
    await anne.ask("POST", "/v1/me/email", email="anne@new.example")
    fresh = await mailed_code("anne@new.example")
    assert (await anne.ask("POST", "/v1/me/email/code", code=fresh)).status_code == 204
    body = {"email": "anne@new.example", "code": stale, "password": NEW}
    assert slug(await client.post("/v1/recovery/code", json=body)) == "code-refused"
    assert (await sign_in(client, "anne@new.example", PASSWORD)).status_code == 201


async def test_a_new_password_ends_the_codes_that_were_on_their_way(client: AsyncClient, session: AsyncSession) -> None:
    anne = await register(client)
    await client.post("/v1/recovery", json={"email": anne.email})
    stale = await mailed_code(anne.email)
    assert (await anne.ask("PUT", "/v1/me/password", password=NEW)).status_code == 200
    body = {"email": anne.email, "code": stale, "password": "five more plain words"}
    assert slug(await client.post("/v1/recovery/code", json=body)) == "code-refused"
    purposes = (await session.execute(text("SELECT purpose FROM identity.codes"))).scalars().all()
    assert purposes == ["verify-email"]  # it gives nothing but the mark that the address is theirs


async def test_a_new_password_ends_a_sign_in_that_waits_for_the_second_factor(client: AsyncClient) -> None:
    anne = await register(client)
    secret, _ = await turn_on(anne)
    challenge = await challenge_of(client, anne.email)
    assert (await anne.ask("PUT", "/v1/me/password", password=NEW)).status_code == 200
    assert slug(await answer(client, challenge, code_of(secret))) == "second-factor-refused"


async def test_of_people_who_claim_one_address_at_once_one_gets_it(committed: Database, sign_up: SignUp) -> None:
    people = [await sign_up() for _ in range(6)]
    codes = []
    for person in people:
        async with transaction() as session:
            await security.ask_email_change(session, person.customer_id, "wanted@example.org")
        codes.append(await mailed_code("wanted@example.org"))
    done = await asyncio.gather(
        *(security.change_email(person.customer_id, code) for person, code in zip(people, codes, strict=True)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in done) == ["CodeRefused"] * 5 + ["NoneType"]


async def test_the_secret_that_is_turned_on_is_the_one_whose_code_was_given(
    committed: Database, sign_up: SignUp
) -> None:
    person = await sign_up()
    async with transaction() as session:
        shown = await second_factor.begin(session, person.customer_id, person.email)

    async def confirm() -> bool:
        try:
            async with transaction() as session:
                await second_factor.confirm(session, person.customer_id, person.email, code_of(shown.secret, -1))
        except SecondFactorRefused:
            return False
        return True

    async def begin_again() -> None:
        try:
            async with transaction() as session:
                await second_factor.begin(session, person.customer_id, person.email)
        except SecondFactorIsOn:
            pass

    is_on, *_ = await asyncio.gather(confirm(), *(begin_again() for _ in range(4)))
    if is_on:
        await second_factor.check(person.customer_id, pyotp.TOTP(shown.secret).now())
    else:
        with pytest.raises(SecondFactorRefused):
            await second_factor.check(person.customer_id, pyotp.TOTP(shown.secret).now())


async def test_a_code_of_mail_does_not_serve_another_purpose(client: AsyncClient) -> None:
    anne = await register(client)
    code = await mailed_code(anne.email)
    body = {"email": anne.email, "code": code, "password": NEW}
    assert slug(await client.post("/v1/recovery/code", json=body)) == "code-refused"
    assert slug(await anne.ask("POST", "/v1/me/email/code", code=code)) == "code-refused"
