"""SQL about everything that content holds on one person: to hand it over, and to forget it."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader

HELD = {
    "creator": text("SELECT name, slug, created_at FROM content.creators WHERE customer_id = :customer_id"),
    "articles": text("""
        SELECT a.article_id, w.role, a.slug, a.title, a.summary, a.body, a.published_at, a.pending, a.reason
        FROM content.authors w JOIN content.articles a USING (article_id)
        WHERE w.customer_id = :customer_id AND w.role <> 'invited' ORDER BY a.created_at"""),
    "versions": text("""
        SELECT article_id, revision_number, title, summary, body, made_at FROM content.revisions
        WHERE author_id = :customer_id ORDER BY article_id, revision_number"""),
}
# An article that others write along goes to the earliest of them.
HEIRS = text("""
    SELECT DISTINCT ON (w.article_id) w.article_id, w.customer_id FROM content.authors w
    JOIN content.authors mine USING (article_id)
    WHERE mine.customer_id = :customer_id AND mine.role = 'owner' AND w.role = 'author'
    ORDER BY w.article_id, w.since
""")
LEAVE = text("DELETE FROM content.authors WHERE customer_id = :customer_id")
INHERIT = text("UPDATE content.authors SET role = 'owner' WHERE article_id = :article_id AND customer_id = :heir_id")
OWNED = text("""
    SELECT a.article_id, a.live_revision IS NOT NULL AS is_live
    FROM content.authors w JOIN content.articles a USING (article_id)
    WHERE w.customer_id = :customer_id AND w.role = 'owner' ORDER BY a.article_id FOR UPDATE OF a
""")
DELETE = text("DELETE FROM content.articles WHERE article_id = :article_id")
UNSIGN = text("""
    UPDATE content.revisions SET author_id = '00000000-0000-0000-0000-000000000000' WHERE author_id = :customer_id
""")
FORGET_CREATOR = text("DELETE FROM content.creators WHERE customer_id = :customer_id")


async def held(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Everything, by what it is."""
    found = {}
    for name, statement in HELD.items():
        rows: Any = await reader.execute(statement, {"customer_id": customer_id})
        found[name] = [dict(row) for row in rows.mappings()]
    return found


async def owned(session: AsyncSession, customer_id: UUID) -> dict[UUID, bool]:
    """Articles of a person, locked, and whether each is published."""
    rows: Any = await session.execute(OWNED, {"customer_id": customer_id})
    return {row.article_id: row.is_live for row in rows.all()}


async def hand_over(session: AsyncSession, customer_id: UUID) -> set[UUID]:
    """Let others have what they write along; which articles these are."""
    rows: Any = await session.execute(HEIRS, {"customer_id": customer_id})
    heirs = {row.article_id: row.customer_id for row in rows.all()}
    await session.execute(LEAVE, {"customer_id": customer_id})
    for article_id, heir_id in heirs.items():
        await session.execute(INHERIT, {"article_id": article_id, "heir_id": heir_id})
    return set(heirs)


async def delete(session: AsyncSession, article_id: UUID) -> None:
    """Forget an article, with its versions and addresses."""
    await session.execute(DELETE, {"article_id": article_id})


async def forget_creator(session: AsyncSession, customer_id: UUID) -> tuple[int, int]:
    """Take a name away, also from versions of others' articles; rows of versions and of names."""
    unsigned: Any = await session.execute(UNSIGN, {"customer_id": customer_id})
    gone: Any = await session.execute(FORGET_CREATOR, {"customer_id": customer_id})
    return int(unsigned.rowcount), int(gone.rowcount)
