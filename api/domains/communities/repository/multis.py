"""SQL about multi-communities: a person's own named sets of communities."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.contracts import CommunityView, Multi

# Two acts of one person on their sets take turns, so that bounds hold.
TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtextextended(:owner_id, 7))")
_FIELDS = "m.multi_id, m.owner_id, p.handle AS owner, m.slug, m.name, m.is_public"
_JOINED = "communities.multis m JOIN communities.people p ON p.customer_id = m.owner_id"
OWN = text(f"SELECT {_FIELDS} FROM {_JOINED} WHERE m.owner_id = :owner_id ORDER BY m.name, m.slug")  # noqa: S608
PUBLIC = text(f"""
    SELECT {_FIELDS} FROM {_JOINED} WHERE m.owner_id = :owner_id AND m.is_public ORDER BY m.name, m.slug
""")  # noqa: S608
FIND = text(f"SELECT {_FIELDS} FROM {_JOINED} WHERE p.handle = :handle AND m.slug = :slug")  # noqa: S608
COUNT = text("SELECT count(*) FROM communities.multis WHERE owner_id = :owner_id AND slug <> :slug")
PUT = text("""
    INSERT INTO communities.multis AS m (multi_id, owner_id, slug, name, is_public)
    VALUES (:multi_id, :owner_id, :slug, :name, :is_public)
    ON CONFLICT (owner_id, slug) DO UPDATE SET name = excluded.name, is_public = excluded.is_public
    RETURNING multi_id
""")
PLACE = text("""
    WITH gone AS (
        DELETE FROM communities.multi_places WHERE multi_id = :multi_id
          AND community_id <> ALL(CAST(:communities AS uuid[])))
    INSERT INTO communities.multi_places (multi_id, community_id)
    SELECT :multi_id, unnest(CAST(:communities AS uuid[])) ON CONFLICT DO NOTHING
""")
DELETE = text("DELETE FROM communities.multis WHERE owner_id = :owner_id AND slug = :slug RETURNING multi_id")
# A private community is for its members: to others the set is without it.
OF = text("""
    SELECT c.community_id, c.slug, c.name, c.description, c.rules, c.rules_html, c.visibility, c.members, c.created_at,
        c.toxicity_threshold
    FROM communities.multi_places i JOIN communities.communities c USING (community_id)
    WHERE i.multi_id = :multi_id AND (c.visibility <> 'private' OR EXISTS (
        SELECT FROM communities.members m WHERE m.community_id = c.community_id
          AND m.customer_id = CAST(:viewer AS uuid) AND m.role IN ('owner', 'moderator', 'member')))
    ORDER BY c.slug
""")
READABLE = text("""
    SELECT c.slug, c.community_id FROM communities.communities c
    WHERE c.slug = ANY(CAST(:slugs AS text[])) AND (c.visibility <> 'private' OR EXISTS (
        SELECT FROM communities.members m WHERE m.community_id = c.community_id
          AND m.customer_id = CAST(:viewer AS uuid) AND m.role IN ('owner', 'moderator', 'member')))
""")


async def take_turns(session: AsyncSession, owner_id: UUID) -> None:
    """Nobody else changes this person's sets until this transaction ends."""
    await session.execute(TAKE_TURNS, {"owner_id": str(owner_id)})


async def of_person(reader: Reader, owner_id: UUID, *, is_own: bool) -> list[Multi]:
    """A person's sets; not `is_own`: the public ones."""
    rows: Any = await reader.execute(OWN if is_own else PUBLIC, {"owner_id": owner_id})
    return [Multi(**row) for row in rows.mappings()]


async def find(reader: Reader, handle: str, slug: str) -> Multi | None:
    """One of them, by its owner's handle and its address."""
    rows: Any = await reader.execute(FIND, {"handle": handle, "slug": slug})
    row = rows.mappings().first()
    return None if row is None else Multi(**row)


async def count_others(reader: Reader, owner_id: UUID, slug: str) -> int:
    """How many sets a person has beside this one."""
    return int((await reader.execute(COUNT, {"owner_id": owner_id, "slug": slug})).scalar_one())


async def put(session: AsyncSession, values: dict[str, Any], communities: Sequence[UUID]) -> None:
    """Make a set, or another one of it."""
    rows: Any = await session.execute(PUT, values)
    await session.execute(PLACE, {"multi_id": rows.scalar_one(), "communities": list(communities)})


async def delete(session: AsyncSession, owner_id: UUID, slug: str) -> bool:
    """Take a set away; False where there is none."""
    rows: Any = await session.execute(DELETE, {"owner_id": owner_id, "slug": slug})
    return rows.scalar_one_or_none() is not None


async def communities_of(reader: Reader, multi_id: UUID, viewer: UUID | None) -> list[CommunityView]:
    """What belongs to a set, as far as the viewer may know of it."""
    rows: Any = await reader.execute(OF, {"multi_id": multi_id, "viewer": viewer})
    return [CommunityView(**row) for row in rows.mappings()]


async def readable(reader: Reader, slugs: Sequence[str], viewer: UUID) -> dict[str, UUID]:
    """Address → community, for those of these that the viewer reads."""
    rows: Any = await reader.execute(READABLE, {"slugs": list(slugs), "viewer": viewer})
    return {row.slug: row.community_id for row in rows}
