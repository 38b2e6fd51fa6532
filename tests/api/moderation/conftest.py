"""A forum to moderate, and the news of moderation handed to whoever owns the words."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.core.inbox import ReceivedEvent
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductImport
from api.domains.catalog.handlers import HANDLERS as OF_CATALOG
from api.domains.communities.handlers import HANDLERS as OF_COMMUNITIES
from api.domains.content.handlers import HANDLERS as OF_CONTENT
from ingestion.contracts import EVENT_TYPES, new_event_id
from tests.api.communities.conftest import Forum, forum, named
from tests.api.conftest import SignedUp

__all__ = ["forum", "named"]

Json = dict[str, Any]
Hear = Callable[[], Awaitable[int]]


@pytest.fixture
def hear() -> Hear:
    """`await hear()`: what moderation has told since the last time reaches the owners of words; how much that was."""
    heard: set[UUID] = set()

    async def hand_over() -> int:
        return await deliver(heard)

    return hand_over


async def deliver(heard: set[UUID]) -> int:
    """Hand over all that moderation has told but what was `heard`, which grows by it; how much that was."""
    async with transaction() as session:
        rows = await session.execute(
            text(
                "SELECT event_id, type, occurred_at, envelope FROM core.outbox"
                " WHERE type IN ('moderation.case_decided', 'moderation.decision_undone') ORDER BY id"
            )
        )
        new = [row for row in rows if row.event_id not in heard]
        for row in new:
            heard.add(row.event_id)
            await _hand(session, row.event_id, row.type, row.occurred_at, bytes(row.envelope))
    return len(new)


async def _hand(session: Any, event_id: UUID, event_type: str, at: datetime, envelope: bytes) -> None:
    data = EVENT_TYPES[event_type].model_validate(orjson.loads(envelope)["data"])
    for handlers in (OF_COMMUNITIES, OF_CATALOG, OF_CONTENT):
        await handlers[event_type](session, [ReceivedEvent(event_id, at, data)])


class Desk:
    """What a moderator does, by JSON; every call fails unless it gets the status that it wants."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def send(self, person: SignedUp, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """One request."""
        headers = person.headers | {"Idempotency-Key": new_event_id().hex}
        answer = await self._client.request(method, f"/v1{path}", json=body, headers=headers)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else {}

    async def cases(self, moderator: SignedUp, query: str = "") -> list[Json]:
        """The queue."""
        found: list[Json] = (await self.send(moderator, "GET", f"/operate/cases{query}"))["items"]
        return found

    async def case_of(self, moderator: SignedUp, subject_id: str) -> Json:
        """The open case of a thing."""
        [found] = [each for each in await self.cases(moderator) if each["subject_id"] == subject_id]
        return found

    async def decide(self, moderator: SignedUp, case: Json, act: str, status: int = 200, **more: Any) -> Json:
        """A decision."""
        path = f"/operate/cases/{case['case_id']}/decision"
        found: Json = await self.send(moderator, "POST", path, {"act": act, **more}, status)
        return found


@pytest.fixture
def desk(client: AsyncClient) -> Desk:
    """The desk of moderators."""
    return Desk(client)


async def status_of(forum: Forum, person: SignedUp, post: Json) -> str:
    """What state a post is in for somebody."""
    return str((await forum.send(person, "GET", f"/posts/{post['post_id']}"))["status"])


@pytest.fixture
async def product_id(session: AsyncSession) -> int:
    """A product to ask about."""
    tea = ProductImport("tea-1", "Green tea · 20 ct", "Grocery", "Tea", "Tea bags", "National", "20 ct", 499)
    return (await catalog.import_products(session, [tea]))["tea-1"]
