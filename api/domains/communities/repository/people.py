"""SQL about how people are called."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.contracts import Karma, Person

_PERSON = "customer_id, handle, about, is_handle_chosen, created_at"
FIND = text(f"SELECT {_PERSON} FROM communities.people WHERE customer_id = :customer_id")  # noqa: S608
BY_HANDLE = text(f"SELECT {_PERSON} FROM communities.people WHERE handle = :handle")  # noqa: S608
ADD = text("INSERT INTO communities.people (customer_id, handle) VALUES (:customer_id, :handle) ON CONFLICT DO NOTHING")
NAME = text("""
    UPDATE communities.people SET handle = :handle, is_handle_chosen = true
    WHERE customer_id = :customer_id AND NOT is_handle_chosen
      AND NOT EXISTS (SELECT FROM communities.people WHERE handle = :handle AND customer_id <> :customer_id)
    RETURNING 1
""")
DESCRIBE = text("UPDATE communities.people SET about = :about WHERE customer_id = :customer_id")
# What is said among the members of a private community is told to nobody else, as a number neither.
KARMA = text("""
    SELECT (SELECT coalesce(sum(p.ups - p.downs), 0) FROM communities.posts p
            WHERE p.author_id = :customer_id AND p.status = 'published' AND p.is_open)::bigint AS posts,
        (SELECT coalesce(sum(k.ups - k.downs), 0) FROM communities.comments k
            JOIN communities.posts p USING (post_id)
            WHERE k.author_id = :customer_id AND k.status = 'published' AND p.is_open)::bigint AS comments
""")
HANDLES = text("SELECT customer_id, handle FROM communities.people WHERE customer_id = ANY(:ids)")
KNOWN = text("SELECT handle FROM communities.people WHERE handle = ANY(:handles)")


def _one(row: Any) -> Person | None:
    return None if row is None else Person(**row)


async def find(reader: Reader, customer_id: UUID) -> Person | None:
    """A person by account."""
    rows: Any = await reader.execute(FIND, {"customer_id": customer_id})
    return _one(rows.mappings().first())


async def by_handle(reader: Reader, handle: str) -> Person | None:
    """A person by handle."""
    rows: Any = await reader.execute(BY_HANDLE, {"handle": handle})
    return _one(rows.mappings().first())


async def add(session: AsyncSession, customer_id: UUID, handle: str) -> None:
    """A person with the handle given, unless either is known."""
    await session.execute(ADD, {"customer_id": customer_id, "handle": handle})


async def name(session: AsyncSession, customer_id: UUID, handle: str) -> bool:
    """Give a person the handle of their choice, once; whether it could be had."""
    done: Any = await session.execute(NAME, {"customer_id": customer_id, "handle": handle})
    return done.first() is not None


async def describe(session: AsyncSession, customer_id: UUID, about: str) -> None:
    """What a person says of themselves."""
    await session.execute(DESCRIBE, {"customer_id": customer_id, "about": about})


async def karma(reader: Reader, customer_id: UUID) -> Karma:
    """Votes on a person's posts and comments that everybody reads."""
    rows: Any = await reader.execute(KARMA, {"customer_id": customer_id})
    return Karma(**rows.mappings().one())


async def known(reader: Reader, handles: Sequence[str]) -> set[str]:
    """Those of the handles that somebody has."""
    rows: Any = await reader.execute(KNOWN, {"handles": list(handles)})
    return set(rows.scalars())


async def handles(reader: Reader, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Account → how it is called here, of those that are known."""
    rows: Any = await reader.execute(HANDLES, {"ids": list(ids)})
    return {row.customer_id: row.handle for row in rows}
