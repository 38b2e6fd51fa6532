"""Accounts and sign-ins over HTTP."""

import asyncio
import time
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal, verify_access_token
from api.core.keys import signing_key
from api.domains.identity.service import passwords, tokens

PASSWORD = "correct horse battery"
ANNE = {"email": "Anne@Example.org", "display_name": "Anne", "password": PASSWORD}


async def register(client: AsyncClient, **changed: str) -> Response:
    return await client.post("/v1/customers", json=ANNE | changed)


async def sign_in(client: AsyncClient, email: str = "anne@example.org", password: str = PASSWORD) -> Response:
    return await client.post("/v1/tokens", json={"email": email, "password": password})


def slug(answer: Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["type"]).removeprefix("urn:agora:problem:")


async def test_registering_makes_an_account_that_can_sign_in(client: AsyncClient, session: AsyncSession) -> None:
    assert (await register(client)).status_code == 202
    answer = await sign_in(client)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    me = await client.get("/v1/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert me.json()["email"] == "anne@example.org"
    assert me.json()["roles"] == ["customer"]
    events = (await session.execute(text("SELECT type, key, envelope FROM core.outbox ORDER BY id"))).all()
    assert [event.type for event in events] == ["identity.customer_registered", "identity.signed_in"]
    assert {event.key for event in events} == {me.json()["customer_id"]}
    assert not any(b"anne" in bytes(event.envelope).lower() for event in events)


async def test_a_taken_address_gets_the_same_answer_and_keeps_its_password(client: AsyncClient) -> None:
    first = await register(client)
    second = await register(client, password="another password 1", display_name="Mallory")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert (await sign_in(client)).status_code == 201
    assert (await sign_in(client, password="another password 1")).status_code == 401


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"password": "too short"}, "password"),
        ({"email": "no address"}, "email"),
        ({"email": "a b@example.org"}, "email"),
        ({"display_name": "   "}, "display_name"),
        ({"display_name": "nul\x00"}, "display_name"),
        ({"is_admin": "yes"}, "is_admin"),
    ],
)
async def test_an_unusable_registration_is_refused_by_field(
    client: AsyncClient, changed: dict[str, str], field: str
) -> None:
    answer = await register(client, **changed)
    assert answer.status_code == 422
    assert slug(answer) == "invalid-request"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (ANNE | changed)["password"] not in answer.text


async def test_the_password_must_not_be_the_address(client: AsyncClient) -> None:
    answer = await register(client, password="ANNE@example.org")
    assert answer.status_code == 422
    assert "e-mail" in answer.json()["errors"][0]["reason"]


async def test_wrong_credentials_say_the_same_for_every_reason(client: AsyncClient) -> None:
    await register(client)
    wrong = await sign_in(client, password="not her password")
    unknown = await sign_in(client, email="nobody@example.org")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert slug(wrong) == slug(unknown) == "wrong-credentials"
    assert wrong.json()["title"] == unknown.json()["title"]


async def test_an_unknown_account_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = passwords._hasher.verify

    def verify(password: str, password_hash: str) -> bool:
        verified.append(password_hash.rpartition("$")[0].rpartition("$")[0])  # parameters, without salt and hash
        return real(password, password_hash)

    monkeypatch.setattr(passwords._hasher, "verify", verify)
    assert await passwords.fits(PASSWORD, await passwords.hash_password(PASSWORD))
    assert not await passwords.fits(PASSWORD, None)
    assert verified[0] == verified[1]
    assert verified[0].startswith("$argon2id$")


async def test_access_tokens_are_verified_by_the_published_keys(client: AsyncClient) -> None:
    await register(client)
    token = (await sign_in(client)).json()["access_token"]
    published = (await client.get("/.well-known/jwks.json")).json()
    assert "d" not in published["keys"][0]
    decoded = jwt.decode(token, KeySet.import_key_set(published), algorithms=["Ed25519"])
    assert decoded.header["kid"] == published["keys"][0]["kid"]
    assert 0 < decoded.claims["exp"] - time.time() <= 300


async def test_expired_changed_and_foreign_tokens_are_told_apart_from_none(client: AsyncClient) -> None:
    principal = Principal(UUID(int=1), frozenset({"customer"}), UUID(int=2))
    fresh, _ = tokens.sign_access_token(principal)
    assert verify_access_token(fresh) == principal
    expired, _ = tokens.sign_access_token(principal, now=time.time() - 301)
    other = {
        "aud": "another",
        "iss": "agora",
        "sub": str(UUID(int=1)),
        "sid": str(UUID(int=2)),
        "roles": [],
        "exp": 9e9,
    }
    foreign = jwt.encode({"alg": "Ed25519"}, other, signing_key(), algorithms=["Ed25519"])
    invalid = dict.fromkeys((fresh[:-4] + "AAAA", foreign, ""), "token-invalid")
    expected = {expired: "token-expired"} | invalid
    for token, kind in expected.items():
        answer = await client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, slug(answer)) == (401, kind)
        assert answer.headers["www-authenticate"] == "Bearer"
    nobody = await client.get("/v1/me")
    assert (nobody.status_code, slug(nobody)) == (401, "sign-in-needed")


async def test_signing_in_names_the_visitor_that_the_browser_was(client: AsyncClient, session: AsyncSession) -> None:
    await register(client)
    anonymous_id = "0198c0de-0000-7000-8000-000000000001"
    body = {"email": "anne@example.org", "password": PASSWORD}
    await client.post("/v1/tokens", json=body, headers={"X-Agora-Anonymous-Id": anonymous_id})
    query = text("SELECT envelope FROM core.outbox WHERE type = 'identity.signed_in'")
    assert anonymous_id.encode() in bytes((await session.execute(query)).scalar_one())


async def test_a_refresh_token_works_once_and_reuse_ends_the_sign_in(client: AsyncClient) -> None:
    await register(client)
    first = (await sign_in(client)).json()["refresh_token"]
    second = await client.post("/v1/tokens/refresh", json={"refresh_token": first})
    assert second.status_code == 201
    again = await client.post("/v1/tokens/refresh", json={"refresh_token": first})
    assert (again.status_code, slug(again)) == (401, "refresh-refused")
    successor = await client.post("/v1/tokens/refresh", json={"refresh_token": second.json()["refresh_token"]})
    assert successor.status_code == 401


async def test_one_refresh_token_used_twice_at_once_ends_the_sign_in(committed_client: AsyncClient) -> None:
    await register(committed_client)
    first = (await sign_in(committed_client)).json()["refresh_token"]
    answers = await asyncio.gather(
        *(committed_client.post("/v1/tokens/refresh", json={"refresh_token": first}) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 7
    winner = next(answer for answer in answers if answer.status_code == 201).json()["refresh_token"]
    assert (await committed_client.post("/v1/tokens/refresh", json={"refresh_token": winner})).status_code == 401


async def test_signing_out_ends_the_refresh_tokens(client: AsyncClient) -> None:
    await register(client)
    given = (await sign_in(client)).json()
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert (await client.delete("/v1/tokens", headers=headers)).status_code == 204
    assert (await client.post("/v1/tokens/refresh", json={"refresh_token": given["refresh_token"]})).status_code == 401


async def test_two_registrations_of_one_address_at_once_make_one_account(committed_client: AsyncClient) -> None:
    answers = await asyncio.gather(*(register(committed_client) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert (await sign_in(committed_client)).status_code == 201
