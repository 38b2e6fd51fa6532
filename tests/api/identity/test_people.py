"""Operators give roles and take them, and read who did what."""

from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.domains.identity import facade
from tests.api.identity.conftest import Person, age_sign_ins, register, sign_in, slug


async def operator(client: AsyncClient) -> Person:
    """Somebody who signed in just now with the role."""
    await register(client, "op@example.org")
    async with transaction() as session:
        await facade.grant_role(session, "op@example.org", "operator")
    tokens = (await sign_in(client, "op@example.org")).json()
    return Person(client, "op@example.org", {"Authorization": f"Bearer {tokens['access_token']}"})


async def test_a_role_is_given_and_taken_and_both_are_on_record(client: AsyncClient, session: AsyncSession) -> None:
    op = await operator(client)
    await register(client, "mo@example.org")
    [found] = (await op.ask("GET", "/v1/operate/people?query=MO@")).json()
    path = f"/v1/operate/people/{found['customer_id']}/roles"
    assert sorted((await op.ask("PUT", f"{path}/moderator")).json()["roles"]) == ["customer", "moderator"]
    assert (await op.ask("PUT", f"{path}/moderator")).status_code == 200
    staff = (await op.ask("GET", "/v1/operate/people")).json()
    assert {person["email"] for person in staff} == {"op@example.org", "mo@example.org"}
    tokens = (await sign_in(client, "mo@example.org")).json()
    moderator = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await client.get("/v1/operate/reviews", headers=moderator)).status_code == 200
    assert (await op.ask("DELETE", f"{path}/moderator")).json()["roles"] == ["customer"]
    acts = (await op.ask("GET", f"/v1/operate/audit?subject=customer:{found['customer_id']}")).json()["items"]
    assert [(act["action"], act["details"]) for act in acts] == [
        ("identity.take_role", {"role": "moderator"}),
        ("identity.give_role", {"role": "moderator"}),
    ]
    by_op = (await op.ask("GET", f"/v1/operate/audit?actor_id={acts[0]['actor_id']}&limit=1")).json()
    assert by_op["items"][0]["entry_id"] == acts[0]["entry_id"]
    following = (await op.ask("GET", f"/v1/operate/audit?limit=1&cursor={by_op['next_cursor']}")).json()
    assert following["items"][0]["entry_id"] == acts[1]["entry_id"]


async def test_what_operators_may_not(client: AsyncClient) -> None:
    op = await operator(client)
    me = (await op.ask("GET", "/v1/me")).json()["customer_id"]
    refused = await op.ask("PUT", f"/v1/operate/people/{me}/roles/executive")
    assert (refused.status_code, slug(refused)) == (409, "own-roles")
    nobody = "00000000-0000-7000-8000-000000000000"
    assert slug(await op.ask("PUT", f"/v1/operate/people/{nobody}/roles/seller")) == "customer-not-found"
    assert (await op.ask("PUT", f"/v1/operate/people/{nobody}/roles/emperor")).status_code == 422
    await age_sign_ins(2)
    assert slug(await op.ask("PUT", f"/v1/operate/people/{nobody}/roles/seller")) == "step-up-needed"


async def test_the_beginning_of_an_address_is_no_pattern(client: AsyncClient) -> None:
    op = await operator(client)
    assert (await op.ask("GET", "/v1/operate/people?query=%25")).json() == []
    assert (await op.ask("GET", "/v1/operate/people?query=_p")).json() == []
