"""SQL about what people are told."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import straight
from api.core.db import Reader
from api.domains.communities.contracts import Digest, Notification, NotificationChoices

# Who is told: not whoever wrote it, nobody who may not read it, declined the kind, or silenced its author. Of an answer
# that also mentions its reader they are told once.
TELL = text("""
    INSERT INTO communities.notifications (customer_id, kind, community_id, post_id, comment_id, actor_id)
    SELECT DISTINCT ON (told.customer_id) told.customer_id, told.kind, p.community_id, p.post_id,
        CAST(:comment_id AS uuid), CAST(:actor_id AS uuid)
    FROM communities.posts p CROSS JOIN (
        SELECT CAST(:answered_id AS uuid) AS customer_id, 'reply' AS kind
        UNION ALL
        SELECT customer_id, 'mention' FROM communities.people WHERE handle = ANY(:handles)
    ) told
    WHERE p.post_id = :post_id AND told.customer_id IS NOT NULL AND told.customer_id <> :actor_id
      AND (p.is_open OR EXISTS (SELECT FROM communities.members m WHERE m.community_id = p.community_id
          AND m.customer_id = told.customer_id AND m.role IN ('owner', 'moderator', 'member')))
      AND NOT EXISTS (SELECT FROM communities.notification_choices c
          WHERE c.customer_id = told.customer_id AND told.kind = ANY(c.declined))
      AND NOT EXISTS (SELECT FROM communities.silenced s
          WHERE s.customer_id = told.customer_id AND s.other_id = :actor_id)
    ORDER BY told.customer_id, told.kind DESC
    ON CONFLICT DO NOTHING
""")
TELL_ACT = text("""
    INSERT INTO communities.notifications (customer_id, kind, community_id, post_id, comment_id, act, reason)
    SELECT told.customer_id, 'moderation', CAST(:community_id AS uuid), told.post_id, told.comment_id, :act, :reason
    FROM (
        SELECT author_id AS customer_id, post_id, CAST(NULL AS uuid) AS comment_id FROM communities.posts
        WHERE CAST(:kind AS text) = 'post' AND post_id = :subject_id
        UNION ALL
        SELECT author_id, post_id, comment_id FROM communities.comments
        WHERE CAST(:kind AS text) = 'comment' AND comment_id = :subject_id
        UNION ALL
        SELECT CAST(:subject_id AS uuid), NULL, NULL WHERE CAST(:kind AS text) = 'person'
    ) told
    WHERE told.customer_id <> :actor_id AND NOT EXISTS (SELECT FROM communities.notification_choices c
        WHERE c.customer_id = told.customer_id AND 'moderation' = ANY(c.declined))
""")
# What was said can have gone since, or its community's door have closed: then nobody is told any more. An act of
# moderators stands, without the words of a private community that the person no longer belongs to.
_SEEN = """
    (c.visibility <> 'private' OR EXISTS (SELECT FROM communities.members m WHERE m.community_id = n.community_id
        AND m.customer_id = n.customer_id AND m.role IN ('owner', 'moderator', 'member')))
"""
_JOINED = """
    communities.notifications n JOIN communities.communities c USING (community_id)
    LEFT JOIN communities.posts p USING (post_id) LEFT JOIN communities.comments k USING (comment_id)
"""
_SHOWN = f"""
    (n.kind = 'moderation' OR ({_SEEN} AND p.status = 'published' AND (k.comment_id IS NULL OR k.status = 'published')))
"""
_COLUMNS = f"""
    n.notification_id, n.kind, c.slug AS community, c.name AS community_name, n.post_id, n.comment_id,
    CASE WHEN {_SEEN} THEN p.title END AS title, a.handle AS actor, n.act, n.reason, n.created_at, n.read_at
"""
_LISTED = f"{_JOINED} LEFT JOIN communities.people a ON a.customer_id = n.actor_id"
LIST = text(f"""
    SELECT {_COLUMNS} FROM {_LISTED} WHERE n.customer_id = :customer_id AND {_SHOWN}
      AND (CAST(:last AS uuid) IS NULL OR n.notification_id < CAST(:last AS uuid))
    ORDER BY n.notification_id DESC LIMIT :limit
""")  # noqa: S608
FIND = text(f"""
    SELECT {_COLUMNS} FROM {_LISTED}
    WHERE n.customer_id = :customer_id AND n.notification_id = :notification_id AND {_SHOWN}
""")  # noqa: S608
UNREAD = text(f"""
    SELECT count(*) FROM (SELECT FROM {_JOINED} WHERE n.customer_id = :customer_id AND n.read_at IS NULL AND {_SHOWN}
        LIMIT :most) AS shown
""")  # noqa: S608
UNREAD_OF_MANY = text(f"""
    SELECT n.customer_id, least(count(*), :most) FROM {_JOINED}
    WHERE n.customer_id = ANY(:customer_ids) AND n.read_at IS NULL AND {_SHOWN} GROUP BY n.customer_id
""")  # noqa: S608
MARK = text("""
    UPDATE communities.notifications SET read_at = CASE WHEN :is_read THEN coalesce(read_at, now()) END
    WHERE customer_id = :customer_id AND notification_id = :notification_id RETURNING 1
""")
MARK_UP_TO = text("""
    UPDATE communities.notifications SET read_at = now()
    WHERE customer_id = :customer_id AND read_at IS NULL AND notification_id <= :last
""")
CHOICES = text("SELECT declined, digest FROM communities.notification_choices WHERE customer_id = :customer_id")
CHOOSE = text("""
    INSERT INTO communities.notification_choices (customer_id, declined, digest)
    VALUES (:customer_id, :declined, :digest)
    ON CONFLICT (customer_id) DO UPDATE SET declined = excluded.declined, digest = excluded.digest
""")
# Due is who has not read something for as long as lies between two of their digests.
DUE = text("""
    SELECT DISTINCT n.customer_id FROM communities.notifications n
    LEFT JOIN communities.notification_choices c USING (customer_id)
    WHERE n.read_at IS NULL AND n.mailed_at IS NULL AND coalesce(c.digest, 'weekly') <> 'off'
      AND n.created_at < now() - CASE c.digest WHEN 'daily' THEN interval '1 day' ELSE interval '7 days' END
    ORDER BY 1 LIMIT :limit
""")
TAKE = text(f"""
    WITH taken AS (
        UPDATE communities.notifications SET mailed_at = now()
        WHERE customer_id = :customer_id AND read_at IS NULL AND mailed_at IS NULL RETURNING notification_id)
    SELECT {_COLUMNS} FROM {_LISTED} WHERE n.notification_id IN (SELECT notification_id FROM taken) AND {_SHOWN}
    ORDER BY n.notification_id DESC
""")  # noqa: S608
FORGET = text("""
    DELETE FROM communities.notifications WHERE created_at < now() - CAST(:kept AS interval)
""")
COMMENT = text("""
    SELECT k.post_id, k.author_id, k.body, coalesce(above.author_id, p.author_id) AS answered_id
    FROM communities.comments k JOIN communities.posts p USING (post_id)
    LEFT JOIN communities.comments above ON above.comment_id = k.parent_id
    WHERE k.comment_id = :comment_id
""")
POST = text("SELECT post_id, author_id, body, CAST(NULL AS uuid) AS answered_id FROM communities.posts"
            " WHERE post_id = :post_id")  # fmt: skip


async def words(session: AsyncSession, post_id: UUID | None, comment_id: UUID | None) -> Any:
    """Of a comment, or else a post: post, author, body, and whom it answers."""
    values = {"post_id": post_id, "comment_id": comment_id}
    found: Any = await session.execute(COMMENT if comment_id else POST, values)
    return found.one()


async def tell(session: AsyncSession, values: dict[str, Any]) -> None:
    """Tell whom something answers, and whom it mentions."""
    await session.execute(TELL, values)


async def tell_act(session: AsyncSession, values: dict[str, Any]) -> None:
    """Tell the person, or the author of the words, on which a moderator acted."""
    await session.execute(TELL_ACT, values)


def _views(rows: Any) -> list[Notification]:
    return [Notification(**row) for row in rows.mappings()]


async def of_person(reader: Reader, customer_id: UUID, last: UUID | None, limit: int) -> list[Notification]:
    """What a person was told and may still read, the newest first, after the one given."""
    return _views(await reader.execute(LIST, {"customer_id": customer_id, "last": last, "limit": limit}))


async def find(reader: Reader, customer_id: UUID, notification_id: UUID) -> Notification | None:
    """One of a person's."""
    values = {"customer_id": customer_id, "notification_id": notification_id}
    return next(iter(_views(await reader.execute(FIND, values))), None)


async def unread(reader: Reader, customer_id: UUID, most: int) -> int:
    """How many a person has not read, counted up to `most`."""
    rows = await straight.read(reader, UNREAD, {"customer_id": customer_id, "most": most})
    return int(rows.scalar_one_or_none() or 0)


async def unread_of_many(reader: Reader, customer_ids: Sequence[UUID], most: int) -> dict[UUID, int]:
    """Person → how many they have not read, without those who have read all."""
    rows: Any = await reader.execute(UNREAD_OF_MANY, {"customer_ids": list(customer_ids), "most": most})
    return {row[0]: int(row[1]) for row in rows}


async def mark(session: AsyncSession, customer_id: UUID, notification_id: UUID, is_read: bool) -> bool:
    """Read, or not read; False where it is not this person's."""
    values = {"customer_id": customer_id, "notification_id": notification_id, "is_read": is_read}
    done: Any = await session.execute(MARK, values)
    return done.first() is not None


async def mark_up_to(session: AsyncSession, customer_id: UUID, last: UUID) -> None:
    """Read, this one and all before it."""
    await session.execute(MARK_UP_TO, {"customer_id": customer_id, "last": last})


async def choices(reader: Reader, customer_id: UUID) -> NotificationChoices:
    """What a person wants to be told."""
    row = (await reader.execute(CHOICES, {"customer_id": customer_id})).one_or_none()
    return NotificationChoices(frozenset(row.declined), row.digest) if row else NotificationChoices()


async def choose(session: AsyncSession, customer_id: UUID, declined: Sequence[str], digest: Digest) -> None:
    """Keep what a person wants to be told."""
    await session.execute(CHOOSE, {"customer_id": customer_id, "declined": list(declined), "digest": digest})


async def due(reader: Reader, limit: int) -> list[UUID]:
    """People whose digest is due."""
    rows: Any = await reader.execute(DUE, {"limit": limit})
    return list(rows.scalars())


async def take(session: AsyncSession, customer_id: UUID) -> list[Notification]:
    """What goes into a person's digest now, and so into no other one."""
    return _views(await session.execute(TAKE, {"customer_id": customer_id}))


async def forget(session: AsyncSession, kept: str) -> int:
    """Delete what is older than an interval; how many."""
    done: Any = await session.execute(FORGET, {"kept": kept})
    return int(done.rowcount)
