"""Creators who write, over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from tests.api.conftest import SignedUp, SignUp

Json = dict[str, Any]
Creator = Callable[[str], Awaitable[SignedUp]]


class Desk:
    """What authors and readers do; every call fails unless it gets the status that it wants."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client

    async def send(self, person: SignedUp | None, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """One request of JSON."""
        headers = person.headers if person else None
        answer = await self.client.request(method, f"/v1{path}", json=body, headers=headers)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else {}

    async def write(
        self, person: SignedUp, article_id: object = None, version: int = 0, status: int = 200, **words: Any
    ) -> Json:
        """Words kept."""
        said = {"version": version, "title": "Tea at home", "body": "Water first."} | words
        found: Json = await self.send(person, "PUT", f"/me/articles/{article_id or uuid4()}", said, status)
        return found

    async def publish(self, person: SignedUp, article: Json, status: int = 200, **more: Any) -> Json:
        """Its present version brought out."""
        body = {"version": article["version"]} | more
        path = f"/me/articles/{article['article_id']}/publication"
        found: Json = await self.send(person, "PUT", path, body, status)
        return found

    async def read(self, slug: str, status: int = 200) -> Json:
        """As anybody reads it."""
        found: Json = await self.send(None, "GET", f"/articles/{slug}", status=status)
        return found


@pytest.fixture
def desk(client: AsyncClient) -> Desk:
    """The desk, rolled back after the test."""
    return Desk(client)


@pytest.fixture
def creator(sign_up: SignUp, desk: Desk) -> Creator:
    """`await creator("Ada Writes")`: somebody who writes under this name."""

    async def make(name: str) -> SignedUp:
        person = await sign_up("creator")
        await desk.send(person, "PUT", "/me/creator", {"name": name})
        return person

    return make
