"""SQL of policies: every version is kept, the last one of a slug holds."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.moderation.contracts.policies import PolicyView

_NEWEST = text("SELECT DISTINCT ON (slug) * FROM moderation.policies ORDER BY slug, version DESC")
_VERSIONS = text("SELECT * FROM moderation.policies WHERE slug = :slug ORDER BY version DESC LIMIT 200")
_BY_TITLE = text("SELECT * FROM moderation.policies WHERE title = :title ORDER BY version DESC LIMIT 1")
# A second writer of the same version finds it taken: whoever was first is in force.
_ADD = text("""
    INSERT INTO moderation.policies (slug, version, title, body, severity, change_note, changed_by)
    VALUES (:slug, :version, :title, :body, :severity, :change_note, :changed_by)
    ON CONFLICT (slug, version) DO NOTHING RETURNING *
""")


async def newest(reader: Reader) -> list[PolicyView]:
    """Every policy as it holds."""
    return [PolicyView(**row) for row in (await reader.execute(_NEWEST)).mappings()]


async def versions(reader: Reader, slug: str) -> list[PolicyView]:
    """All of one, the newest first."""
    return [PolicyView(**row) for row in (await reader.execute(_VERSIONS, {"slug": slug})).mappings()]


async def by_title(reader: Reader, title: str) -> PolicyView | None:
    """The version that holds."""
    row = (await reader.execute(_BY_TITLE, {"title": title})).mappings().one_or_none()
    return None if row is None else PolicyView(**row)


async def add(session: AsyncSession, values: dict[str, Any]) -> PolicyView | None:
    """A new version; None where somebody made that version first."""
    row = (await session.execute(_ADD, values)).mappings().one_or_none()
    return None if row is None else PolicyView(**row)
