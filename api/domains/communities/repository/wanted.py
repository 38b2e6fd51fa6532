"""SQL about what people keep to read again, and what they do not want to see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.contracts import Silenced, SilenceKind

SAVE = text(
    "INSERT INTO communities.saved (customer_id, post_id) VALUES (:customer_id, :post_id) ON CONFLICT DO NOTHING"
)
UNSAVE = text("DELETE FROM communities.saved WHERE customer_id = :customer_id AND post_id = :post_id")
IS_SAVED = text("SELECT 1 FROM communities.saved WHERE customer_id = :customer_id AND post_id = :post_id")
SAVED = text("""
    SELECT post_id, saved_at FROM communities.saved WHERE customer_id = :customer_id
      AND (CAST(:at AS timestamptz) IS NULL OR (saved_at, post_id) < (CAST(:at AS timestamptz), CAST(:last AS uuid)))
    ORDER BY saved_at DESC, post_id DESC LIMIT :limit
""")
SILENCE = text("""
    INSERT INTO communities.silenced (customer_id, other_id, kind) VALUES (:customer_id, :other_id, :kind)
    ON CONFLICT (customer_id, other_id) DO UPDATE SET kind = excluded.kind
""")
HEAR = text("DELETE FROM communities.silenced WHERE customer_id = :customer_id AND other_id = :other_id")
SILENCED = text("""
    SELECT p.handle, s.kind, s.since FROM communities.silenced s JOIN communities.people p ON p.customer_id = s.other_id
    WHERE s.customer_id = :customer_id ORDER BY p.handle LIMIT :limit
""")
KIND = text("SELECT kind FROM communities.silenced WHERE customer_id = :customer_id AND other_id = :other_id")
TERMS = text("SELECT term FROM communities.filters WHERE customer_id = :customer_id ORDER BY term")
SET_TERMS = text("""
    WITH gone AS (
        DELETE FROM communities.filters WHERE customer_id = :customer_id AND term <> ALL(CAST(:terms AS text[])))
    INSERT INTO communities.filters (customer_id, term) SELECT :customer_id, unnest(CAST(:terms AS text[]))
    ON CONFLICT DO NOTHING
""")


async def save(session: AsyncSession, customer_id: UUID, post_id: UUID, is_saved: bool) -> None:
    """Keep a post to read again, or no longer; the same again does nothing."""
    await session.execute(SAVE if is_saved else UNSAVE, {"customer_id": customer_id, "post_id": post_id})


async def is_saved(reader: Reader, customer_id: UUID, post_id: UUID) -> bool:
    """Whether somebody keeps a post."""
    rows: Any = await reader.execute(IS_SAVED, {"customer_id": customer_id, "post_id": post_id})
    return rows.first() is not None


async def saved(
    reader: Reader, customer_id: UUID, after: tuple[str, UUID] | None, limit: int
) -> list[tuple[UUID, datetime]]:
    """(post, when) of what somebody keeps, the latest first, after the one given."""
    at, last = after or (None, None)
    rows: Any = await reader.execute(SAVED, {"customer_id": customer_id, "at": at, "last": last, "limit": limit})
    return [(row.post_id, row.saved_at) for row in rows]


async def silence(session: AsyncSession, customer_id: UUID, other_id: UUID, kind: SilenceKind | None) -> None:
    """Mute or block somebody; None: hear them again."""
    ids = {"customer_id": customer_id, "other_id": other_id}
    if kind is None:
        await session.execute(HEAR, ids)
    else:
        await session.execute(SILENCE, ids | {"kind": kind})


async def silenced(reader: Reader, customer_id: UUID, limit: int) -> list[Silenced]:
    """Whom somebody silenced, by handle."""
    rows: Any = await reader.execute(SILENCED, {"customer_id": customer_id, "limit": limit})
    return [Silenced(**row) for row in rows.mappings()]


async def kind(reader: Reader, customer_id: UUID, other_id: UUID) -> SilenceKind | None:
    """How somebody silenced another one, if they did."""
    rows: Any = await reader.execute(KIND, {"customer_id": customer_id, "other_id": other_id})
    found: SilenceKind | None = rows.scalar_one_or_none()
    return found


async def terms(reader: Reader, customer_id: UUID) -> list[str]:
    """Words that somebody does not want to read."""
    rows: Any = await reader.execute(TERMS, {"customer_id": customer_id})
    return list(rows.scalars())


async def set_terms(session: AsyncSession, customer_id: UUID, terms: Sequence[str]) -> None:
    """Other words."""
    await session.execute(SET_TERMS, {"customer_id": customer_id, "terms": list(terms)})
