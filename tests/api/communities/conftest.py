"""A forum to write in: communities, posts and comments by people of a test, over HTTP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Principal
from api.domains.communities.service import people
from ingestion.contracts import new_event_id
from tests.api.conftest import SignedUp, SignUp

Json = dict[str, Any]


def principal(person: SignedUp, *roles: str) -> Principal:
    """Somebody as a service gets them."""
    return Principal(person.customer_id, frozenset({"customer", *roles}), new_event_id())


@dataclass(frozen=True, slots=True)
class Forum:
    """What people do; every call fails unless it gets the status that it wants."""

    client: AsyncClient

    async def send(self, person: SignedUp | None, method: str, path: str, body: Any = None, status: int = 200) -> Json:
        """One request of JSON."""
        headers = person.headers if person else None
        answer: Response = await self.client.request(method, f"/v1{path}", json=body, headers=headers)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        found: Json = answer.json() if answer.content else {}
        return found

    async def found(self, person: SignedUp, slug: str, visibility: str = "public") -> Json:
        """A community."""
        return await self.send(
            person, "POST", "/communities", {"slug": slug, "name": slug.title(), "visibility": visibility}, 201
        )

    async def join(self, person: SignedUp, slug: str) -> str:
        """The role that somebody gets."""
        return str((await self.send(person, "PUT", f"/communities/{slug}/membership"))["role"])

    async def post(self, person: SignedUp, slug: str, title: str = "A thought", status: int = 201, **more: Any) -> Json:
        """A post."""
        return await self.send(person, "POST", f"/communities/{slug}/posts", {"title": title, **more}, status)

    async def comment(
        self, person: SignedUp, post: Json, body: str = "Indeed.", parent: Json | None = None, status: int = 201
    ) -> Json:
        """An answer."""
        parent_id = parent and parent["comment_id"]
        path = f"/posts/{post['post_id']}/comments"
        return await self.send(person, "POST", path, {"body": body, "parent_id": parent_id}, status)

    async def vote(self, person: SignedUp, thing: Json, value: int, status: int = 200) -> Json:
        """A vote on a post or a comment."""
        kind = "comment" if "comment_id" in thing else "post"
        path = f"/{kind}s/{thing[f'{kind}_id']}/vote"
        return await self.send(person, "PUT", path, {"value": value}, status)

    async def act(self, person: SignedUp, path: str, act: str, reason: str = "Because", status: int = 200) -> Json:
        """An act of a moderator on `/posts/…`, `/comments/…` or `/communities/…/people/…`."""
        return await self.send(person, "POST", f"{path}/moderation", {"act": act, "reason": reason}, status)

    async def log(self, slug: str, person: SignedUp | None = None) -> list[Json]:
        """The community's log."""
        items: list[Json] = (await self.send(person, "GET", f"/communities/{slug}/log"))["items"]
        return items


@pytest.fixture
def forum(client: AsyncClient) -> Forum:
    """The forum, rolled back after the test."""
    return Forum(client)


Named = Callable[..., Awaitable[SignedUp]]


@pytest.fixture
def named(sign_up: SignUp, session: AsyncSession) -> Named:
    """`await named("ada")`: somebody with this handle."""

    async def make(handle: str, *roles: str) -> SignedUp:
        person = await sign_up(*roles)
        await people.choose(session, person.customer_id, handle)
        return person

    return make


async def counters_hold(session: AsyncSession) -> None:
    """Every counter says what its rows say."""
    for what, sql in COUNTED.items():
        rows = (await session.execute(text(sql))).all()
        assert rows == [], (what, rows)


COUNTED = {
    "votes on posts": """
        SELECT p.post_id, p.ups, p.downs FROM communities.posts p LEFT JOIN communities.post_votes v USING (post_id)
        GROUP BY p.post_id HAVING p.ups <> count(*) FILTER (WHERE v.value = 1)
            OR p.downs <> count(*) FILTER (WHERE v.value = -1)
    """,
    "votes on comments": """
        SELECT c.comment_id FROM communities.comments c LEFT JOIN communities.comment_votes v USING (comment_id)
        GROUP BY c.comment_id HAVING c.ups <> count(*) FILTER (WHERE v.value = 1)
            OR c.downs <> count(*) FILTER (WHERE v.value = -1)
    """,
    "comments of posts": """
        SELECT p.post_id, p.comments FROM communities.posts p
        LEFT JOIN communities.comments c ON c.post_id = p.post_id AND c.status = 'published'
        GROUP BY p.post_id HAVING p.comments <> count(c.comment_id)
    """,
    "replies of comments": """
        SELECT c.comment_id, c.replies FROM communities.comments c
        LEFT JOIN communities.comments r ON r.parent_id = c.comment_id
            AND r.status IN ('published', 'removed', 'deleted')
        GROUP BY c.comment_id HAVING c.replies <> count(r.comment_id)
    """,
    "members": """
        SELECT c.slug, c.members FROM communities.communities c LEFT JOIN communities.members m
            ON m.community_id = c.community_id AND m.role IN ('owner', 'moderator', 'member')
        GROUP BY c.community_id HAVING c.members <> count(m.customer_id)
    """,
    "polls": """
        SELECT o.post_id, o.option_number FROM communities.poll_options o
        LEFT JOIN communities.poll_votes v USING (post_id, option_number)
        GROUP BY o.post_id, o.option_number HAVING o.votes <> count(v.customer_id)
    """,
}


def ids(items: list[Json], kind: str = "post_id") -> list[UUID]:
    """What a list shows."""
    return [UUID(each[kind]) for each in items]
