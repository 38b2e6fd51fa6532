"""The second factor: turned on with a code, asked for at every sign-in, codes that hold once, and the way back in."""

import asyncio
import time

import pyotp
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Database
from api.domains.identity.domain import matching_step
from api.domains.identity.errors import SecondFactorRefused
from api.domains.identity.service import second_factor
from tests.api.identity.conftest import PASSWORD, Person, age_sign_ins, mails, register, sign_in, slug


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


async def turn_on(person: Person) -> tuple[str, list[str]]:
    """(secret, recovery codes); the code of the step before was used, so that the present one is free."""
    secret = (await person.ask("POST", "/v1/me/second-factor")).json()["secret"]
    answer = await person.ask("POST", "/v1/me/second-factor/code", code=code_of(secret, -1))
    assert answer.status_code == 200, answer.text
    return secret, answer.json()["recovery_codes"]


async def challenge_of(client: AsyncClient, email: str) -> str:
    answer = await sign_in(client, email)
    assert (answer.status_code, slug(answer)) == (401, "second-factor-needed")
    return str(answer.json()["challenge"])


async def answer(client: AsyncClient, challenge: str, code: str) -> Response:
    return await client.post("/v1/tokens/second-factor", json={"challenge": challenge, "code": code})


async def test_it_is_asked_for_at_every_sign_in_once_it_is_on(client: AsyncClient) -> None:
    anne = await register(client)
    begun = (await anne.ask("POST", "/v1/me/second-factor")).json()
    assert begun["uri"].startswith("otpauth://totp/Agora:anne%40example.org?secret=")
    assert (await sign_in(client, anne.email)).status_code == 201  # not before it was confirmed
    refused = await anne.ask("POST", "/v1/me/second-factor/code", code="000000")
    assert (refused.status_code, slug(refused)) == (401, "second-factor-refused")
    done = await anne.ask("POST", "/v1/me/second-factor/code", code=code_of(begun["secret"], -1))
    assert len(set(done.json()["recovery_codes"])) == 10
    assert (await mails(anne.email))[-1]["subject"] == "The second factor is on"
    challenge = await challenge_of(client, anne.email)
    tokens = await answer(client, challenge, code_of(begun["secret"]))
    assert tokens.status_code == 201
    me = await client.get("/v1/me", headers={"Authorization": f"Bearer {tokens.json()['access_token']}"})
    assert (me.json()["has_second_factor"], me.json()["recovery_codes_left"]) == (True, 10)


async def test_a_code_holds_once_and_a_challenge_too(client: AsyncClient) -> None:
    anne = await register(client)
    secret, _ = await turn_on(anne)
    code = code_of(secret)
    first = await challenge_of(client, anne.email)
    assert (await answer(client, first, code)).status_code == 201
    assert slug(await answer(client, first, code_of(secret, 1))) == "second-factor-refused"
    assert slug(await answer(client, await challenge_of(client, anne.email), code)) == "second-factor-refused"


async def test_five_tries_end_a_challenge(client: AsyncClient) -> None:
    anne = await register(client)
    secret, _ = await turn_on(anne)
    challenge = await challenge_of(client, anne.email)
    for _ in range(5):
        assert slug(await answer(client, challenge, "not one")) == "second-factor-refused"
    assert slug(await answer(client, challenge, code_of(secret))) == "second-factor-refused"


async def test_a_challenge_is_over_after_five_minutes(client: AsyncClient, session: AsyncSession) -> None:
    anne = await register(client)
    secret, _ = await turn_on(anne)
    challenge = await challenge_of(client, anne.email)
    await session.execute(text("UPDATE identity.challenges SET expires_at = expires_at - interval '5 minutes'"))
    assert slug(await answer(client, challenge, code_of(secret))) == "second-factor-refused"


async def test_a_recovery_code_lets_in_once_and_the_owner_is_told(client: AsyncClient) -> None:
    anne = await register(client)
    _, recovery = await turn_on(anne)
    typed = recovery[0].upper().replace("-", " ")
    assert (await answer(client, await challenge_of(client, anne.email), typed)).status_code == 201
    assert "9 are left" in (await mails(anne.email))[-1]["subject"]
    assert slug(await answer(client, await challenge_of(client, anne.email), recovery[0])) == "second-factor-refused"
    renewed = (await anne.ask("POST", "/v1/me/second-factor/recovery-codes")).json()["recovery_codes"]
    assert (await mails(anne.email))[-1]["subject"] == "The recovery codes were renewed"
    assert slug(await answer(client, await challenge_of(client, anne.email), recovery[1])) == "second-factor-refused"
    assert (await answer(client, await challenge_of(client, anne.email), renewed[0])).status_code == 201


async def test_confirming_who_one_is_needs_it_too(client: AsyncClient) -> None:
    anne = await register(client)
    secret, _ = await turn_on(anne)
    await age_sign_ins(2)
    refused = await anne.ask("POST", "/v1/me/confirmation", password=PASSWORD)
    assert slug(refused) == "second-factor-refused"
    assert slug(await anne.ask("DELETE", "/v1/me/second-factor")) == "step-up-needed"
    done = await anne.ask("POST", "/v1/me/confirmation", password=PASSWORD, code=code_of(secret))
    assert done.status_code == 204
    assert (await anne.ask("DELETE", "/v1/me/second-factor")).status_code == 204
    assert (await mails(anne.email))[-1]["subject"] == "The second factor is off"
    assert (await sign_in(client, anne.email)).status_code == 201


async def test_it_cannot_be_replaced_while_it_is_on_nor_ended_while_it_is_off(client: AsyncClient) -> None:
    anne = await register(client)
    assert slug(await anne.ask("DELETE", "/v1/me/second-factor")) == "second-factor-off"
    assert slug(await anne.ask("POST", "/v1/me/second-factor/recovery-codes")) == "second-factor-off"
    await turn_on(anne)
    assert slug(await anne.ask("POST", "/v1/me/second-factor")) == "second-factor-on"


async def test_the_secret_does_not_stand_in_the_database(client: AsyncClient, session: AsyncSession) -> None:
    anne = await register(client)
    secret, recovery = await turn_on(anne)
    row = (await session.execute(text("SELECT * FROM identity.second_factors"))).one()
    assert secret.encode() not in bytes(row.sealed_secret)
    hashes = (await session.execute(text("SELECT code_hash FROM identity.recovery_codes"))).scalars().all()
    assert not any(code.replace("-", "").encode() in bytes(each) for code in recovery for each in hashes)


async def test_one_code_lets_one_of_many_in(committed: Database, committed_client: AsyncClient) -> None:
    anne = await register(committed_client)
    secret, _ = await turn_on(anne)
    challenges = [await challenge_of(committed_client, anne.email) for _ in range(6)]
    code = code_of(secret)
    done = await asyncio.gather(*(second_factor.meet(each, code) for each in challenges), return_exceptions=True)
    assert sum(isinstance(each, SecondFactorRefused) for each in done) == 5


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off(late: int) -> None:
    secret = pyotp.random_base32()
    now = 1_800_000_015.0
    assert matching_step(secret, pyotp.TOTP(secret).at(int(now) + 30 * late), now) == int(now) // 30 + late
    assert matching_step(secret, pyotp.TOTP(secret).at(int(now) + 90), now) is None
