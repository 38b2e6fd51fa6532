"""SQL about what people began to write."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.contracts import DraftView

_COLUMNS = """
    d.draft_id, c.slug AS community, c.name AS community_name, d.revision, d.kind, d.title, d.body, d.url, d.options,
    d.image_id, d.product_id, d.is_owners_only, d.updated_at
"""
_JOINED = "communities.drafts d JOIN communities.communities c USING (community_id)"
LIST = text(f"""
    SELECT {_COLUMNS} FROM {_JOINED} WHERE d.customer_id = :customer_id ORDER BY d.updated_at DESC LIMIT :limit
""")  # noqa: S608
FIND = text(f"""
    SELECT {_COLUMNS} FROM {_JOINED} WHERE d.customer_id = :customer_id AND d.draft_id = :draft_id
""")  # noqa: S608
COUNT = text("SELECT count(*) FROM communities.drafts WHERE customer_id = :customer_id AND draft_id <> :draft_id")
KEEP = text("""
    INSERT INTO communities.drafts AS d
        (draft_id, customer_id, community_id, kind, title, body, url, options, image_id, product_id,
        is_owners_only)
    VALUES (:draft_id, :customer_id, :community_id, :kind, :title, :body, :url, :options, :image_id, :product_id,
        :is_owners_only)
    ON CONFLICT (draft_id) DO UPDATE SET community_id = excluded.community_id, kind = excluded.kind,
        title = excluded.title, body = excluded.body, url = excluded.url, options = excluded.options,
        image_id = excluded.image_id, product_id = excluded.product_id,
        is_owners_only = excluded.is_owners_only, revision = d.revision + 1, updated_at = clock_timestamp()
    WHERE d.customer_id = excluded.customer_id AND d.revision = :revision
    RETURNING 1
""")
DROP = text("DELETE FROM communities.drafts WHERE customer_id = :customer_id AND draft_id = :draft_id RETURNING 1")


async def of_person(reader: Reader, customer_id: UUID, limit: int) -> list[DraftView]:
    """A person's drafts, the latest first."""
    rows: Any = await reader.execute(LIST, {"customer_id": customer_id, "limit": limit})
    return [DraftView(**row) for row in rows.mappings()]


async def find(reader: Reader, customer_id: UUID, draft_id: UUID) -> DraftView | None:
    """One of a person's drafts."""
    rows: Any = await reader.execute(FIND, {"customer_id": customer_id, "draft_id": draft_id})
    row = rows.mappings().first()
    return None if row is None else DraftView(**row)


async def count_others(reader: Reader, customer_id: UUID, draft_id: UUID) -> int:
    """How many drafts a person has beside this one."""
    rows: Any = await reader.execute(COUNT, {"customer_id": customer_id, "draft_id": draft_id})
    return int(rows.scalar_one())


async def keep(session: AsyncSession, values: dict[str, Any]) -> bool:
    """A new draft, or other words in place of those of `revision`; False where that is not what is there."""
    rows: Any = await session.execute(KEEP, values)
    return rows.first() is not None


async def drop(session: AsyncSession, customer_id: UUID, draft_id: UUID) -> bool:
    """Forget one; False where the person has none such."""
    rows: Any = await session.execute(DROP, {"customer_id": customer_id, "draft_id": draft_id})
    return rows.first() is not None
