"""SQL about comments: threads by the path that leads to each, one page of a tree at a time."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.contracts import CommentView

Sort = Literal["best", "new", "controversial", "old"]

_OWN = """
    comment_id, post_id, parent_id, path, depth, author_id, body, body_html, status, reason, ups, downs, replies,
    best, controversial, created_at, edited_at
"""
# In the order of CommentView. A handle each by the index: a join would read all people for a page of comments.
SHOWN = """
    s.comment_id, s.post_id, s.parent_id, s.path, s.depth, s.author_id,
    (SELECT handle FROM communities.people a WHERE a.customer_id = s.author_id) AS author, s.body, s.body_html,
    s.status, s.reason, s.ups, s.downs, s.replies, s.best, s.controversial, s.created_at, s.edited_at,
    coalesce(v.value, 0) AS vote,
    communities.owns(s.author_id, (SELECT product_id FROM communities.posts o WHERE o.post_id = s.post_id))
        AS is_bought,
    EXISTS (SELECT FROM communities.silenced q
        WHERE q.customer_id = CAST(:viewer AS uuid) AND q.other_id = s.author_id) AS is_silenced
"""
JOINED = """
    LEFT JOIN communities.comment_votes v
        ON v.comment_id = s.comment_id AND v.customer_id = CAST(:viewer AS uuid)
"""
_PLACED = "status IN ('published', 'removed', 'deleted')"
# Each order, and where it goes on after a comment; one that votes move goes on in an edition.
_ORDERS: dict[Sort, tuple[str, str]] = {
    "best": ("best DESC, comment_id DESC", ""),
    "controversial": ("controversial DESC, comment_id DESC", ""),
    "new": ("comment_id DESC", "comment_id < CAST(:last AS uuid)"),
    "old": ("comment_id", "comment_id > CAST(:last AS uuid)"),
}


def _tree(sort: Sort, roots: Literal["first", "after", "named"]) -> TextClause:
    """Some answers of `parent`, and below each of them fewer and fewer: every step down is a look into an index."""
    order, after = _ORDERS[sort]
    which = {
        "first": "parent_id = :parent",
        "after": f"parent_id = :parent AND {after}",
        "named": "comment_id = ANY(:ids)",
    }
    return text(f"""
        WITH RECURSIVE shown AS (
            (SELECT {_OWN}, 0 AS level FROM communities.comments
             WHERE {which[roots]} AND {_PLACED} ORDER BY {order} LIMIT :limit)
            UNION ALL
            SELECT below.* FROM shown CROSS JOIN LATERAL (
                SELECT {", ".join(f"c.{name.strip()}" for name in _OWN.split(","))}, shown.level + 1
                FROM communities.comments c WHERE c.parent_id = shown.comment_id AND c.{_PLACED}
                ORDER BY {", ".join(f"c.{part.strip()}" for part in order.split(","))}
                LIMIT CASE shown.level WHEN 0 THEN 3 WHEN 1 THEN 2 ELSE 1 END) below
            WHERE shown.level < :levels)
        SELECT {SHOWN} FROM shown s {JOINED} ORDER BY s.level, s.{order.replace(", ", ", s.")}
    """)  # noqa: S608


TREES: dict[tuple[Sort, bool], TextClause] = {}
for _sort in ("new", "old"):
    TREES[_sort, True], TREES[_sort, False] = _tree(_sort, "first"), _tree(_sort, "after")
TREES_OF = {sort: _tree(sort, "named") for sort in _ORDERS}
RANKED = {
    sort: text(f"""
        SELECT comment_id FROM communities.comments WHERE parent_id = :parent AND {_PLACED}
        ORDER BY {_ORDERS[sort][0]} LIMIT :limit
    """)  # noqa: S608
    for sort in _ORDERS
}
BESIDE = text(f"""
    SELECT comment_id FROM communities.comments
    WHERE parent_id = :parent AND {_PLACED} AND comment_id < :below AND comment_id <> ALL(CAST(:ids AS uuid[]))
    ORDER BY comment_id DESC LIMIT :limit
""")  # noqa: S608
FIND = text(f"SELECT {SHOWN} FROM communities.comments s {JOINED} WHERE s.comment_id = ANY(:ids)")  # noqa: S608
HELD = text(f"""
    SELECT {SHOWN} FROM communities.comments s {JOINED} JOIN communities.posts p USING (post_id)
    WHERE p.community_id = :community_id AND s.status = 'held' ORDER BY s.comment_id LIMIT :limit
""")  # noqa: S608
BY_AUTHOR = text(f"""
    SELECT {SHOWN} FROM communities.comments s {JOINED} JOIN communities.posts p USING (post_id)
    WHERE s.author_id = :author_id AND s.status = 'published' AND p.status = 'published' AND (p.is_open OR EXISTS (
        SELECT FROM communities.members m WHERE m.community_id = p.community_id
          AND m.customer_id = CAST(:viewer AS uuid) AND m.role IN ('owner', 'moderator', 'member')))
    ORDER BY s.comment_id DESC LIMIT :limit
""")  # noqa: S608
ADD = text("""
    INSERT INTO communities.comments
        (comment_id, post_id, parent_id, path, author_id, body, body_html, status, reason)
    VALUES (:comment_id, :post_id, :parent_id, CAST(:path AS uuid[]), :author_id, :body, :body_html, :status, :reason)
""")
LOCK = text("""
    SELECT comment_id, post_id, parent_id, author_id, status, body FROM communities.comments
    WHERE comment_id = :comment_id FOR UPDATE
""")
COUNT_REPLY = text("""
    UPDATE communities.comments SET replies = replies + 1
    WHERE comment_id = :comment_id AND (status = 'published' OR NOT :is_new) RETURNING 1
""")
# A comment brings its post up in `active`, within two days and unless the author answers themselves.
COUNT_COMMENT = text("""
    UPDATE communities.posts p SET comments = comments + 1, active_at = stirred.at,
        active = communities.hot(score, stirred.at, now())
    FROM (SELECT post_id AS id, CASE WHEN now() - created_at < interval '2 days' AND author_id <> :author_id
            THEN now() ELSE active_at END AS at FROM communities.posts WHERE post_id = :post_id) stirred
    WHERE p.post_id = stirred.id AND (NOT :is_new OR (p.status = 'published' AND NOT p.is_locked)) RETURNING 1
""")
UNCOUNT_COMMENT = text("UPDATE communities.posts SET comments = comments - 1 WHERE post_id = :post_id")
EDIT = text("""
    UPDATE communities.comments SET body = :body, body_html = :body_html, status = :status, reason = :reason,
        edited_at = now() WHERE comment_id = :comment_id
""")
SET_STATUS = text("UPDATE communities.comments SET status = :status, reason = :reason WHERE comment_id = :comment_id")
WIPE = text("""
    WITH gone AS (DELETE FROM communities.revisions WHERE subject_id = :comment_id)
    UPDATE communities.comments SET status = 'deleted', body = '', body_html = '' WHERE comment_id = :comment_id
""")
REMOVE = text("""
    WITH gone AS (DELETE FROM communities.revisions WHERE subject_id = :comment_id)
    DELETE FROM communities.comments WHERE comment_id = :comment_id
""")


async def tree(
    reader: Reader,
    parent: UUID,
    sort: Sort,
    after: UUID | None,
    limit: int,
    levels: int,
    viewer: UUID | None,
) -> list[CommentView]:
    """Answers of `parent` after the one given, by time, and what stands below them, level by level."""
    values = {"parent": parent, "last": after, "limit": limit, "levels": levels, "viewer": viewer}
    rows: Any = await reader.execute(TREES[sort, after is None], values)
    return [CommentView(*row) for row in rows]


async def trees(reader: Reader, ids: Sequence[UUID], sort: Sort, levels: int, viewer: UUID | None) -> list[CommentView]:
    """These answers in their order, and what stands below them, level by level."""
    values = {"ids": list(ids), "limit": len(ids), "levels": levels, "viewer": viewer}
    rows: Any = await reader.execute(TREES_OF[sort], values)
    place = {comment_id: number for number, comment_id in enumerate(ids)}
    found = [CommentView(*row) for row in rows]
    return sorted(found, key=lambda each: place.get(each.comment_id, len(ids)))


async def ranked(reader: Reader, parent: UUID, sort: Sort, limit: int) -> list[UUID]:
    """The first answers of `parent` in an order."""
    rows: Any = await reader.execute(RANKED[sort], {"parent": parent, "limit": limit})
    return list(rows.scalars())


async def beside(reader: Reader, parent: UUID, ids: Sequence[UUID], below: UUID, limit: int) -> list[UUID]:
    """Answers of `parent` that are none of these and older than one, the newest first."""
    values = {"parent": parent, "ids": list(ids), "below": below, "limit": limit}
    rows: Any = await reader.execute(BESIDE, values)
    return list(rows.scalars())


async def find(reader: Reader, ids: Sequence[UUID], viewer: UUID | None) -> dict[UUID, CommentView]:
    """Comments by id, whatever their state."""
    rows: Any = await reader.execute(FIND, {"ids": list(ids), "viewer": viewer})
    return {row.comment_id: CommentView(*row) for row in rows}


async def held(reader: Reader, community_id: UUID, limit: int) -> list[CommentView]:
    """Comments that wait for a look, the longest first."""
    rows: Any = await reader.execute(HELD, {"community_id": community_id, "viewer": None, "limit": limit})
    return [CommentView(*row) for row in rows]


async def by_author(reader: Reader, author_id: UUID, viewer: UUID | None, limit: int) -> list[CommentView]:
    """What somebody answered and the viewer may read, the newest first."""
    rows: Any = await reader.execute(BY_AUTHOR, {"author_id": author_id, "viewer": viewer, "limit": limit})
    return [CommentView(*row) for row in rows]


async def add(session: AsyncSession, values: dict[str, Any]) -> None:
    """A new comment."""
    await session.execute(ADD, values)


async def lock(session: AsyncSession, comment_id: UUID) -> Any | None:
    """A comment that nobody changes until this transaction ends."""
    rows: Any = await session.execute(LOCK, {"comment_id": comment_id})
    return rows.first()


async def place(
    session: AsyncSession, post_id: UUID, parent_id: UUID, author_id: UUID, *, is_new: bool, is_back: bool
) -> bool:
    """Count a comment where it stands; False where the post or the parent takes nothing new any more.

    `is_back`: it had its place all the time, and can be read again.
    """
    if parent_id != post_id and not is_back:
        rows: Any = await session.execute(COUNT_REPLY, {"comment_id": parent_id, "is_new": is_new})
        if rows.first() is None:
            return False
    rows = await session.execute(COUNT_COMMENT, {"post_id": post_id, "author_id": author_id, "is_new": is_new})
    return rows.first() is not None


async def uncount(session: AsyncSession, post_id: UUID) -> None:
    """One comment less that can be read."""
    await session.execute(UNCOUNT_COMMENT, {"post_id": post_id})


async def edit(session: AsyncSession, values: dict[str, Any]) -> None:
    """Other words."""
    await session.execute(EDIT, values)


async def set_status(session: AsyncSession, comment_id: UUID, status: str, reason: str | None) -> None:
    """Another state."""
    await session.execute(SET_STATUS, {"comment_id": comment_id, "status": status, "reason": reason})


async def wipe(session: AsyncSession, comment_id: UUID) -> None:
    """Deleted by its author: no word of it stays."""
    await session.execute(WIPE, {"comment_id": comment_id})


async def remove(session: AsyncSession, comment_id: UUID) -> None:
    """Forget a comment that never had a place in its thread."""
    await session.execute(REMOVE, {"comment_id": comment_id})
