"""SQL about who writes."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.content.contracts import Author, AuthorRole, Creator

_CREATOR = "customer_id, name, slug"
FIND = text(f"SELECT {_CREATOR} FROM content.creators WHERE customer_id = :customer_id")  # noqa: S608
BY_SLUG = text(f"SELECT {_CREATOR} FROM content.creators WHERE slug = :slug")  # noqa: S608
NAME = text("""
    INSERT INTO content.creators (customer_id, name, slug)
    SELECT :customer_id, :name, :slug
    WHERE NOT EXISTS (SELECT FROM content.creators WHERE slug = :slug AND customer_id <> :customer_id)
    ON CONFLICT (customer_id) DO UPDATE SET name = excluded.name, slug = excluded.slug RETURNING 1
""")
LIST = text("""
    SELECT c.customer_id, c.name, c.slug, w.role FROM content.authors w JOIN content.creators c USING (customer_id)
    WHERE w.article_id = :article_id ORDER BY w.role <> 'owner', w.since
""")
SET = text("""
    INSERT INTO content.authors (article_id, customer_id, role) VALUES (:article_id, :customer_id, :role)
    ON CONFLICT (article_id, customer_id) DO UPDATE SET role = excluded.role
""")
DROP = text("DELETE FROM content.authors WHERE article_id = :article_id AND customer_id = :customer_id RETURNING 1")


async def find(reader: Reader, customer_id: UUID) -> Creator | None:
    """A creator by account."""
    rows: Any = await reader.execute(FIND, {"customer_id": customer_id})
    row = rows.mappings().first()
    return None if row is None else Creator(**row)


async def by_slug(reader: Reader, slug: str) -> Creator | None:
    """A creator by the name in addresses."""
    rows: Any = await reader.execute(BY_SLUG, {"slug": slug})
    row = rows.mappings().first()
    return None if row is None else Creator(**row)


async def name(session: AsyncSession, customer_id: UUID, name: str, slug: str) -> bool:
    """Let somebody write under a name; False where another person does."""
    rows: Any = await session.execute(NAME, {"customer_id": customer_id, "name": name, "slug": slug})
    return rows.first() is not None


async def of_article(reader: Reader, article_id: UUID) -> list[Author]:
    """Everybody of an article, the owner first, those who were invited as well."""
    rows: Any = await reader.execute(LIST, {"article_id": article_id})
    return [Author(**row) for row in rows.mappings()]


async def set_role(session: AsyncSession, article_id: UUID, customer_id: UUID, role: AuthorRole) -> None:
    """What somebody is to an article from now on."""
    await session.execute(SET, {"article_id": article_id, "customer_id": customer_id, "role": role})


async def drop(session: AsyncSession, article_id: UUID, customer_id: UUID) -> bool:
    """Nothing any more; False where they were nothing."""
    rows: Any = await session.execute(DROP, {"article_id": article_id, "customer_id": customer_id})
    return rows.first() is not None
