"""A person's address book."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from api.core.db import Database, transaction
from api.domains.identity import facade
from api.domains.identity.errors import TooManyAddresses
from tests.api.conftest import SignUp
from tests.api.identity.conftest import register, slug

HOME: dict[str, Any] = {
    "name": "Anne Example", "line1": "12 Elm Street", "city": "Springfield", "region": "OR", "postal_code": "97477",
    "country": "us",
}  # fmt: skip


async def test_the_first_address_is_the_default_and_another_can_become_it(client: AsyncClient) -> None:
    anne = await register(client)
    home = (await anne.ask("POST", "/v1/me/addresses", **HOME)).json()
    assert (home["is_default"], home["country"], home["line2"]) == (True, "US", "")
    work = (await anne.ask("POST", "/v1/me/addresses", **HOME | {"line1": "1 Office Park", "is_default": True})).json()
    listed = (await anne.ask("GET", "/v1/me/addresses")).json()
    assert [(row["address_id"], row["is_default"]) for row in listed] == [
        (work["address_id"], True),
        (home["address_id"], False),
    ]
    assert (await anne.ask("DELETE", f"/v1/me/addresses/{work['address_id']}")).status_code == 204
    [left] = (await anne.ask("GET", "/v1/me/addresses")).json()
    assert (left["address_id"], left["is_default"]) == (home["address_id"], True)


async def test_the_same_address_is_kept_once_and_can_be_written_anew(client: AsyncClient) -> None:
    anne = await register(client)
    once = (await anne.ask("POST", "/v1/me/addresses", **HOME)).json()
    again = (await anne.ask("POST", "/v1/me/addresses", **HOME | {"line1": " 12 Elm Street "})).json()
    assert again["address_id"] == once["address_id"]
    moved = await anne.ask("PUT", f"/v1/me/addresses/{once['address_id']}", **HOME | {"line1": "14 Elm Street"})
    assert (moved.json()["line1"], moved.json()["is_default"]) == ("14 Elm Street", True)


async def test_another_persons_address_is_not_there(client: AsyncClient) -> None:
    anne, ben = await register(client), await register(client, "ben@example.org")
    home = (await anne.ask("POST", "/v1/me/addresses", **HOME)).json()["address_id"]
    for answer in (
        await ben.ask("GET", f"/v1/me/addresses/{home}"),
        await ben.ask("PUT", f"/v1/me/addresses/{home}", **HOME),
        await ben.ask("DELETE", f"/v1/me/addresses/{home}"),
        await anne.ask("GET", f"/v1/me/addresses/{uuid4()}"),
    ):
        assert (answer.status_code, slug(answer)) == (404, "address-not-found")
    assert (await anne.ask("GET", f"/v1/me/addresses/{home}")).json()["line1"] == "12 Elm Street"


@pytest.mark.parametrize(
    ("field", "value"),
    [("country", "XX"), ("country", "Germany"), ("name", " "), ("line1", "x" * 201), ("phone", "call me"),
     ("postal_code", ""), ("city", "a\nb"), ("region", "no spaces")],
    ids=["no-country", "name-of-country", "blank", "long", "phone", "no-code", "control", "region"],
)  # fmt: skip
async def test_an_address_that_cannot_be_sent_to_is_refused(client: AsyncClient, field: str, value: str) -> None:
    anne = await register(client)
    answer = await anne.ask("POST", "/v1/me/addresses", **HOME | {field: value})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_no_more_than_twenty_are_kept_however_fast_they_come(committed: Database, sign_up: SignUp) -> None:
    person = await sign_up()

    async def keep(number: int) -> bool:
        try:
            async with transaction() as session:
                await facade.keep_address(session, person.customer_id, **HOME | {"line1": f"{number} Elm Street"})
        except TooManyAddresses:
            return False
        return True

    kept = await asyncio.gather(*(keep(number) for number in range(30)))
    assert sum(kept) == 20
    async with committed.reading() as connection:
        found = await facade.addresses(connection, person.customer_id)
    assert (len(found), sum(address.is_default for address in found)) == (20, 1)
