"""SQL about communities and who belongs to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.contracts import CommunityView, Member
from api.domains.communities.domain.roles import Standing

_COMMUNITY = """
    community_id, slug, name, description, rules, rules_html, visibility, members, created_at, toxicity_threshold
"""
BY_SLUG = text(f"SELECT {_COMMUNITY} FROM communities.communities WHERE slug = :slug")  # noqa: S608
BY_ID = text(f"SELECT {_COMMUNITY} FROM communities.communities WHERE community_id = :community_id")  # noqa: S608
LARGEST = text(f"""
    SELECT {_COMMUNITY} FROM communities.communities WHERE visibility <> 'private'
      AND (CAST(:members AS integer) IS NULL OR (members, community_id) < (:members, CAST(:last AS uuid)))
    ORDER BY members DESC, community_id DESC LIMIT :limit
""")  # noqa: S608
JOINED = text(f"""
    SELECT {_COMMUNITY} FROM communities.communities WHERE community_id IN (
        SELECT community_id FROM communities.members
        WHERE customer_id = :customer_id AND role IN ('owner', 'moderator', 'member'))
    ORDER BY slug
""")  # noqa: S608
ADD = text(f"""
    INSERT INTO communities.communities
        (community_id, slug, name, description, rules, rules_html, visibility)
    VALUES (:community_id, :slug, :name, :description, :rules, :rules_html, :visibility)
    ON CONFLICT (slug) DO NOTHING RETURNING {_COMMUNITY}
""")  # noqa: S608
CHANGE = text("""
    UPDATE communities.communities SET name = :name, description = :description, rules = :rules,
        rules_html = :rules_html, visibility = :visibility
    WHERE community_id = :community_id
""")
SET_THRESHOLD = text("""
    UPDATE communities.communities SET toxicity_threshold = :threshold WHERE community_id = :community_id
    RETURNING old.toxicity_threshold
""")
STANDING = text("""
    SELECT role, appointed_at FROM communities.members
    WHERE community_id = :community_id AND customer_id = :customer_id
""")
# Whoever writes and whoever bans that person take turns; people who write do not wait for one another.
HOLD = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:community_id || ':' || :customer_id, 6))")
SEIZE = text("SELECT pg_advisory_xact_lock(hashtextextended(:community_id || ':' || :customer_id, 6))")
SET_ROLE = text("""
    INSERT INTO communities.members AS m (community_id, customer_id, role, appointed_at, reason)
    VALUES (:community_id, :customer_id, :role, :appointed_at, :reason)
    ON CONFLICT (community_id, customer_id) DO UPDATE
        SET role = excluded.role, appointed_at = excluded.appointed_at, reason = excluded.reason
""")
FORGET = text("DELETE FROM communities.members WHERE community_id = :community_id AND customer_id = :customer_id")
COUNT = text("""
    UPDATE communities.communities SET members = members + :by WHERE community_id = :community_id
    RETURNING members, scaled_size
""")
RESCALE = text("""
    WITH size AS (
        UPDATE communities.communities SET scaled_size = members WHERE community_id = :community_id RETURNING members)
    UPDATE communities.posts SET scaled = hot / log(2 + (SELECT members FROM size))
    WHERE community_id = :community_id AND status = 'published' AND hot > 0
""")
MEMBERS = text("""
    SELECT m.customer_id, p.handle, m.role, m.appointed_at, m.reason, m.since
    FROM communities.members m JOIN communities.people p USING (customer_id)
    WHERE m.community_id = :community_id AND m.role = ANY(:roles)
    ORDER BY m.role <> 'owner', m.appointed_at, m.since, m.customer_id LIMIT :limit
""")

OPEN_NAMES = text("""
    SELECT community_id, slug, name FROM communities.communities
    WHERE community_id = ANY(:ids) AND visibility <> 'private'
""")


def _one(row: Any) -> CommunityView | None:
    return None if row is None else CommunityView(**row)


async def by_slug(reader: Reader, slug: str) -> CommunityView | None:
    """A community by its address."""
    rows: Any = await reader.execute(BY_SLUG, {"slug": slug})
    return _one(rows.mappings().first())


async def by_id(reader: Reader, community_id: UUID) -> CommunityView | None:
    """A community by its id."""
    rows: Any = await reader.execute(BY_ID, {"community_id": community_id})
    return _one(rows.mappings().first())


async def largest(reader: Reader, members: int | None, last: UUID | None, limit: int) -> list[CommunityView]:
    """Communities that are not private, by members, after the one given."""
    rows: Any = await reader.execute(LARGEST, {"members": members, "last": last, "limit": limit})
    return [CommunityView(**row) for row in rows.mappings()]


async def joined(reader: Reader, customer_id: UUID) -> list[CommunityView]:
    """Those that a person belongs to."""
    rows: Any = await reader.execute(JOINED, {"customer_id": customer_id})
    return [CommunityView(**row) for row in rows.mappings()]


async def add(session: AsyncSession, values: dict[str, Any]) -> CommunityView | None:
    """A new community; None where its address is taken."""
    rows: Any = await session.execute(ADD, values)
    return _one(rows.mappings().first())


async def change(session: AsyncSession, values: dict[str, Any]) -> None:
    """Another name, description, rules, visibility."""
    await session.execute(CHANGE, values)


async def standing(reader: Reader, community_id: UUID, customer_id: UUID | None, *, is_staff: bool) -> Standing:
    """What a person is in a community."""
    if customer_id is None:
        return Standing()
    rows: Any = await reader.execute(STANDING, {"community_id": community_id, "customer_id": customer_id})
    row = rows.first()
    return Standing(row.role, row.appointed_at, is_staff) if row else Standing(is_staff=is_staff)


async def hold_standing(session: AsyncSession, community_id: UUID, customer_id: UUID) -> None:
    """Nobody changes the person's role until this transaction ends."""
    await session.execute(HOLD, {"community_id": str(community_id), "customer_id": str(customer_id)})


async def seize_standing(session: AsyncSession, community_id: UUID, customer_id: UUID) -> None:
    """Wait for what the person is writing, and be the only one to change the role."""
    await session.execute(SEIZE, {"community_id": str(community_id), "customer_id": str(customer_id)})


async def set_role(
    session: AsyncSession,
    community_id: UUID,
    customer_id: UUID,
    role: str | None,
    appointed_at: datetime | None = None,
    reason: str | None = None,
) -> None:
    """Give somebody a role; None: nothing to do with the community any more."""
    ids = {"community_id": community_id, "customer_id": customer_id}
    if role is None:
        await session.execute(FORGET, ids)
    else:
        await session.execute(SET_ROLE, ids | {"role": role, "appointed_at": appointed_at, "reason": reason})


async def count(session: AsyncSession, community_id: UUID, by: int) -> tuple[int, int]:
    """So many members more or fewer; returns how many there are, and the size that scaled ranks stand for."""
    rows: Any = await session.execute(COUNT, {"community_id": community_id, "by": by})
    row = rows.one()
    return row.members, row.scaled_size


async def rescale(session: AsyncSession, community_id: UUID) -> None:
    """Make the scaled ranks of the community's posts of this week those of its present size."""
    await session.execute(RESCALE, {"community_id": community_id})


async def members(reader: Reader, community_id: UUID, roles: list[str], limit: int) -> list[Member]:
    """People with one of these roles, the longest appointed first."""
    rows: Any = await reader.execute(MEMBERS, {"community_id": community_id, "roles": roles, "limit": limit})
    return [Member(**row) for row in rows.mappings()]


async def set_threshold(session: AsyncSession, community_id: UUID, threshold: float | None) -> float | None:
    """From which toxicity a text is held there; what it was before."""
    rows: Any = await session.execute(SET_THRESHOLD, {"community_id": community_id, "threshold": threshold})
    before: float | None = rows.scalar_one()
    return before


async def open_names(reader: Reader, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Community → (slug, name), without private ones."""
    rows: Any = await reader.execute(OPEN_NAMES, {"ids": list(ids)})
    return {row.community_id: (row.slug, row.name) for row in rows}
