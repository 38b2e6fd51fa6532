"""SQL about what moderators did."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.contracts import Act

ADD = text("""
    INSERT INTO communities.acts (act_id, community_id, actor_id, act, subject_kind, subject_id, reason, before, undoes)
    VALUES (:act_id, :community_id, :actor_id, :act, :subject_kind, :subject_id, :reason, CAST(:before AS jsonb),
        :undoes)
    ON CONFLICT (undoes) DO NOTHING RETURNING 1
""")
LIST = text("""
    SELECT a.act_id, p.handle AS actor, a.act, a.subject_kind, a.subject_id,
        CASE a.subject_kind WHEN 'person' THEN subject.handle WHEN 'post' THEN post.title END AS subject,
        a.reason, a.undoes, EXISTS (SELECT FROM communities.acts u WHERE u.undoes = a.act_id) AS is_undone, a.acted_at
    FROM communities.acts a JOIN communities.people p ON p.customer_id = a.actor_id
    LEFT JOIN communities.people subject ON a.subject_kind = 'person' AND subject.customer_id = a.subject_id
    LEFT JOIN communities.posts post ON a.subject_kind = 'post' AND post.post_id = a.subject_id
        AND post.status = 'published'
    WHERE a.community_id = :community_id AND (CAST(:last AS uuid) IS NULL OR a.act_id < CAST(:last AS uuid))
    ORDER BY a.act_id DESC LIMIT :limit
""")
FIND = text("""
    SELECT act_id, community_id, actor_id, act, subject_kind, subject_id, before, undoes
    FROM communities.acts WHERE act_id = :act_id
""")
NEWER = text("""
    SELECT 1 FROM communities.acts WHERE subject_id = :subject_id AND community_id = :community_id
      AND act_id > :act_id LIMIT 1
""")


async def add(session: AsyncSession, values: dict[str, Any], before: dict[str, Any] | None) -> bool:
    """One more entry; False where the act that it takes back was taken back already."""
    kept = None if before is None else orjson.dumps(before, default=str).decode()
    done: Any = await session.execute(ADD, values | {"before": kept})
    return done.first() is not None


async def entries(reader: Reader, community_id: UUID, last: UUID | None, limit: int) -> list[Act]:
    """The newest acts first."""
    rows: Any = await reader.execute(LIST, {"community_id": community_id, "last": last, "limit": limit})
    return [Act(**row) for row in rows.mappings()]


async def find(session: AsyncSession, act_id: UUID) -> Any | None:
    """One act, as it was noted."""
    rows: Any = await session.execute(FIND, {"act_id": act_id})
    return rows.first()


async def is_newest(session: AsyncSession, community_id: UUID, subject_id: UUID, act_id: UUID) -> bool:
    """Whether nothing was done to the subject since."""
    values = {"community_id": community_id, "subject_id": subject_id, "act_id": act_id}
    rows: Any = await session.execute(NEWER, values)
    return rows.first() is None
