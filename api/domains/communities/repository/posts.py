"""SQL about posts: one of them, its words, its poll."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.communities.contracts import Option, PostView, Revision

COLUMNS = """
    p.post_id, p.community_id, c.slug AS community, c.name AS community_name, c.visibility, p.author_id,
    a.handle AS author, p.kind, p.title, p.body, p.body_html, p.url, p.image_id, p.status, p.reason, p.is_locked,
    p.ups, p.downs, p.score, p.comments, p.created_at, p.edited_at, coalesce(v.value, 0) AS vote,
    i.state AS image_state, i.alt AS image_alt, i.width AS image_width, i.height AS image_height, p.preview,
    p.product_id, p.is_owners_only, communities.owns(p.author_id, p.product_id) AS is_bought
"""
JOINED = """
    communities.posts p JOIN communities.communities c USING (community_id)
    JOIN communities.people a ON a.customer_id = p.author_id
    LEFT JOIN communities.post_votes v ON v.post_id = p.post_id AND v.customer_id = CAST(:viewer AS uuid)
    LEFT JOIN core.pictures i ON i.image_id = p.image_id
"""
# In every list: a private community's posts are for its members.
READABLE = """
    (p.is_open OR EXISTS (
        SELECT FROM communities.members m WHERE m.community_id = p.community_id
          AND m.customer_id = CAST(:viewer AS uuid) AND m.role IN ('owner', 'moderator', 'member')))
"""
# What somebody does not want to see: posts of people whom they silenced, and titles with words of their filters.
_WANTED = """
    NOT EXISTS (SELECT FROM communities.silenced s
        WHERE s.customer_id = CAST(:viewer AS uuid) AND s.other_id = p.author_id)
    AND NOT EXISTS (SELECT FROM communities.filters f WHERE f.customer_id = CAST(:viewer AS uuid)
        AND position(' ' || f.term || ' ' IN
            ' ' || regexp_replace(lower(p.title), '[^[:alnum:]]+', ' ', 'g') || ' ') > 0)
"""
FIND = text(f"SELECT {COLUMNS} FROM {JOINED} WHERE p.post_id = :post_id AND {READABLE}")  # noqa: S608
# For the house's own work, whoever reads the community.
BY_ID = text(f"SELECT {COLUMNS} FROM {JOINED} WHERE p.post_id = :post_id")  # noqa: S608
CARDS = text(f"""
    SELECT {COLUMNS} FROM {JOINED} WHERE p.post_id = ANY(:ids) AND p.status = 'published' AND {READABLE}
      AND (CAST(:with_unwanted AS boolean) OR ({_WANTED}))
""")  # noqa: S608
HELD = text(f"""
    SELECT {COLUMNS} FROM {JOINED} WHERE p.community_id = :community_id AND p.status = 'held'
    ORDER BY p.created_at LIMIT :limit
""")  # noqa: S608
BY_AUTHOR = text(f"""
    SELECT {COLUMNS} FROM {JOINED} WHERE p.author_id = :author_id AND p.status = 'published' AND {READABLE}
    ORDER BY p.created_at DESC, p.post_id DESC LIMIT :limit
""")  # noqa: S608
ADD = text("""
    INSERT INTO communities.posts (post_id, community_id, author_id, kind, title, body, body_html, url, image_id,
        product_id, is_owners_only, status, reason, is_open, hot, active, scaled)
    SELECT :post_id, c.community_id, :author_id, :kind, :title, :body, :body_html, :url, :image_id,
        :product_id, :is_owners_only, :status, :reason, c.visibility <> 'private',
        communities.hot(0, now(), now()), communities.hot(0, now(), now()),
        communities.hot(0, now(), now()) / log(2 + c.scaled_size)
    FROM communities.communities c WHERE c.community_id = :community_id
""")
ADD_OPTIONS = text("""
    INSERT INTO communities.poll_options (post_id, option_number, label)
    SELECT :post_id, number, label FROM unnest(CAST(:labels AS text[])) WITH ORDINALITY AS o (label, number)
""")
OPTIONS = text("""
    SELECT o.post_id, o.option_number, o.label, o.votes, v.option_number IS NOT NULL AS is_own
    FROM communities.poll_options o LEFT JOIN communities.poll_votes v
        ON v.post_id = o.post_id AND v.option_number = o.option_number AND v.customer_id = CAST(:viewer AS uuid)
    WHERE o.post_id = ANY(:ids) ORDER BY o.post_id, o.option_number
""")
CHOOSE = text("""
    WITH chosen AS (
        INSERT INTO communities.poll_votes AS v (post_id, customer_id, option_number)
        SELECT post_id, :customer_id, option_number FROM communities.poll_options
        WHERE post_id = :post_id AND option_number = :option_number
        ON CONFLICT (post_id, customer_id) DO UPDATE SET option_number = excluded.option_number
            WHERE v.option_number <> excluded.option_number
        RETURNING old.option_number AS was, new.option_number AS now
    )
    UPDATE communities.poll_options o
    SET votes = votes + CASE WHEN o.option_number = chosen.now THEN 1 ELSE -1 END
    FROM chosen WHERE o.post_id = :post_id AND o.option_number IN (chosen.was, chosen.now)
""")
LOCK = text("SELECT status, author_id, community_id FROM communities.posts WHERE post_id = :post_id FOR UPDATE")
KEEP_REVISION = text("""
    INSERT INTO communities.revisions (subject_id, revision_number, title, body)
    SELECT :subject_id, coalesce((SELECT max(revision_number) FROM communities.revisions
        WHERE subject_id = :subject_id), 0) + 1, CAST(:title AS text), :body
""")
REVISIONS = text("""
    SELECT revision_number, title, body, until FROM communities.revisions WHERE subject_id = :subject_id
    ORDER BY revision_number DESC LIMIT 50
""")
EDIT = text("""
    UPDATE communities.posts SET title = :title, body = :body, body_html = :body_html, status = :status,
        reason = :reason, edited_at = now()
    WHERE post_id = :post_id
""")
SET_STATUS = text("UPDATE communities.posts SET status = :status, reason = :reason WHERE post_id = :post_id")
SET_LOCK = text("UPDATE communities.posts SET is_locked = :is_locked WHERE post_id = :post_id")
WIPE = text("""
    WITH gone AS (DELETE FROM communities.revisions WHERE subject_id = :post_id)
    UPDATE communities.posts SET status = 'deleted', title = '[deleted]', body = '', body_html = '', image_id = NULL,
        url = CASE WHEN kind = 'link' THEN '' END, preview = NULL
    WHERE post_id = :post_id
""")

LINK_OF = text("SELECT url FROM communities.posts WHERE post_id = :post_id AND kind = 'link' AND preview IS NULL")
SET_PREVIEW = text("""
    UPDATE communities.posts SET preview = CAST(:preview AS jsonb)
    WHERE post_id = :post_id AND url = :url AND status <> 'deleted'
""")


async def find(reader: Reader, post_id: UUID, viewer: UUID | None) -> PostView | None:
    """A post that the viewer may read as far as its community goes, whatever its state."""
    rows: Any = await reader.execute(FIND, {"post_id": post_id, "viewer": viewer})
    row = rows.mappings().first()
    return None if row is None else PostView(**row)


async def by_id(reader: Reader, post_id: UUID) -> PostView | None:
    """A post, whoever may read it, whatever its state."""
    rows: Any = await reader.execute(BY_ID, {"post_id": post_id, "viewer": None})
    row = rows.mappings().first()
    return None if row is None else PostView(**row)


async def cards(
    reader: Reader, ids: Sequence[UUID], viewer: UUID | None, *, with_unwanted: bool = False
) -> list[PostView]:
    """Published posts for a list, in the order of the ids; without those that are not for the viewer any more.

    `with_unwanted`: also those of people and with words that the viewer does not want to see.
    """
    rows: Any = await reader.execute(CARDS, {"ids": list(ids), "viewer": viewer, "with_unwanted": with_unwanted})
    found = {row["post_id"]: PostView(**row) for row in rows.mappings()}
    return [found[each] for each in ids if each in found]


async def held(reader: Reader, community_id: UUID, limit: int) -> list[PostView]:
    """Posts that wait for a look, the longest first."""
    values = {"community_id": community_id, "viewer": None, "limit": limit}
    rows: Any = await reader.execute(HELD, values)
    return [PostView(**row) for row in rows.mappings()]


async def by_author(reader: Reader, author_id: UUID, viewer: UUID | None, limit: int) -> list[PostView]:
    """What somebody posted and the viewer may read, the newest first."""
    rows: Any = await reader.execute(BY_AUTHOR, {"author_id": author_id, "viewer": viewer, "limit": limit})
    return [PostView(**row) for row in rows.mappings()]


async def add(session: AsyncSession, values: dict[str, Any], labels: Sequence[str]) -> None:
    """A new post, with the choices of its poll."""
    await session.execute(ADD, values)
    if labels:
        await session.execute(ADD_OPTIONS, {"post_id": values["post_id"], "labels": list(labels)})


async def options(reader: Reader, ids: Sequence[UUID], viewer: UUID | None) -> dict[UUID, tuple[Option, ...]]:
    """Post → the choices of its poll."""
    rows: Any = await reader.execute(OPTIONS, {"ids": list(ids), "viewer": viewer})
    found: dict[UUID, tuple[Option, ...]] = {}
    for post_id, *rest in rows:
        found[post_id] = (*found.get(post_id, ()), Option(*rest))
    return found


async def choose(session: AsyncSession, post_id: UUID, customer_id: UUID, option_number: int) -> None:
    """A person's one vote in a poll, or another one."""
    values = {"post_id": post_id, "customer_id": customer_id, "option_number": option_number}
    await session.execute(CHOOSE, values)


async def lock(session: AsyncSession, post_id: UUID) -> Any | None:
    """Status, author and community, which nobody changes until this transaction ends."""
    rows: Any = await session.execute(LOCK, {"post_id": post_id})
    return rows.first()


async def keep_revision(session: AsyncSession, subject_id: UUID, title: str | None, body: str) -> None:
    """What a post or comment said until now."""
    await session.execute(KEEP_REVISION, {"subject_id": subject_id, "title": title, "body": body})


async def revisions(reader: Reader, subject_id: UUID) -> list[Revision]:
    """What it said before, the newest first."""
    rows: Any = await reader.execute(REVISIONS, {"subject_id": subject_id})
    return [Revision(**row) for row in rows.mappings()]


async def edit(session: AsyncSession, values: dict[str, Any]) -> None:
    """Other words."""
    await session.execute(EDIT, values)


async def set_status(session: AsyncSession, post_id: UUID, status: str, reason: str | None) -> None:
    """Another state."""
    await session.execute(SET_STATUS, {"post_id": post_id, "status": status, "reason": reason})


async def set_lock(session: AsyncSession, post_id: UUID, is_locked: bool) -> None:
    """Close it for comments, or open it again."""
    await session.execute(SET_LOCK, {"post_id": post_id, "is_locked": is_locked})


async def wipe(session: AsyncSession, post_id: UUID) -> None:
    """Deleted by its author: no word of it stays."""
    await session.execute(WIPE, {"post_id": post_id})


async def link_of(reader: Reader, post_id: UUID) -> str | None:
    """Where a post leads that has no preview yet."""
    rows: Any = await reader.execute(LINK_OF, {"post_id": post_id})
    found: str | None = rows.scalar_one_or_none()
    return found


async def set_preview(session: AsyncSession, post_id: UUID, url: str, preview: dict[str, str]) -> None:
    """What the page says to which a post leads."""
    values = {"post_id": post_id, "url": url, "preview": orjson.dumps(preview).decode()}
    await session.execute(SET_PREVIEW, values)
