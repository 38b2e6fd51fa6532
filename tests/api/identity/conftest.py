"""People who registered and signed in by themselves, and the mails that they are sent."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import text

from api.core.db import reading, transaction

PASSWORD = "correct horse battery"


@dataclass
class Person:
    """Somebody with an account and an access token."""

    client: AsyncClient
    email: str
    headers: dict[str, str]

    async def ask(self, method: str, path: str, **json: Any) -> Response:
        """A request of theirs."""
        return await self.client.request(method, path, headers=self.headers, json=json or None)


async def sign_in(client: AsyncClient, email: str, password: str = PASSWORD) -> Response:
    return await client.post("/v1/tokens", json={"email": email, "password": password})


async def register(client: AsyncClient, email: str = "anne@example.org", password: str = PASSWORD) -> Person:
    """A new person, signed in."""
    body = {"email": email, "display_name": "Anne", "password": password}
    assert (await client.post("/v1/customers", json=body)).status_code == 202
    answer = await sign_in(client, email, password)
    assert answer.status_code == 201, answer.text
    return Person(client, email, {"Authorization": f"Bearer {answer.json()['access_token']}"})


async def mails(to: str) -> list[dict[str, str]]:
    """What is queued for an address, oldest first."""
    statement = "SELECT args->'args' FROM procrastinate_jobs WHERE task_name = 'core.send_mail' ORDER BY id"
    async with reading() as connection:
        found = [row[0] for row in await connection.execute(text(statement))]
    return [mail for mail in found if mail["to"] == to]


async def mailed_code(to: str) -> str:
    """The code of the newest mail."""
    found = re.search(r"\b\d{6}\b", (await mails(to))[-1]["body"])
    assert found is not None
    return found.group()


async def age_sign_ins(hours: int) -> None:
    """As if everybody had signed in so long ago."""
    async with transaction() as session:
        statement = "UPDATE identity.sessions SET confirmed_at = now() - make_interval(hours => :hours)"
        await session.execute(text(statement), {"hours": hours})


def slug(answer: Response) -> str:
    """The type of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"]).removeprefix("urn:agora:problem:")


Register = Callable[..., Awaitable[Person]]
