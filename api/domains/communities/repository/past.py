"""SQL of posts, comments and votes from elsewhere: many rows at once, each only where it is not there yet."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

COMMUNITIES = text("""
    WITH made AS (
        INSERT INTO communities.communities (community_id, slug, name, visibility, members)
        SELECT *, 'public', 1 FROM unnest(CAST(:ids AS uuid[]), CAST(:slugs AS text[]), CAST(:names AS text[]))
        ON CONFLICT DO NOTHING RETURNING community_id)
    INSERT INTO communities.members (community_id, customer_id, role, appointed_at)
    SELECT community_id, :owner_id, 'owner', now() FROM made RETURNING community_id
""")
IDS = text("SELECT slug, community_id FROM communities.communities WHERE slug = ANY(:slugs)")
PLACES = text("SELECT post_id, community_id FROM communities.posts WHERE post_id = ANY(:ids)")
PEOPLE = text("""
    INSERT INTO communities.people (customer_id, handle)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:handles AS text[])) ON CONFLICT DO NOTHING
""")
# Their week is over: no rank that falls by time has anything to say of them.
POSTS = text("""
    INSERT INTO communities.posts (post_id, community_id, author_id, kind, title, body, body_html, url, status,
        is_open, created_at, active_at)
    SELECT r.post_id, r.community_id, r.author_id, CASE WHEN r.url IS NULL THEN 'text' ELSE 'link' END, r.title, r.body,
        r.body_html, r.url, 'published', c.visibility <> 'private', r.at, r.at
    FROM unnest(CAST(:post_id AS uuid[]), CAST(:community_id AS uuid[]), CAST(:author_id AS uuid[]),
        CAST(:title AS text[]), CAST(:body AS text[]), CAST(:body_html AS text[]), CAST(:url AS text[]),
        CAST(:at AS timestamptz[]))
        AS r (post_id, community_id, author_id, title, body, body_html, url, at)
    JOIN communities.communities c USING (community_id)
    ON CONFLICT DO NOTHING RETURNING post_id
""")
COMMENTS = text("""
    INSERT INTO communities.comments (comment_id, post_id, parent_id, path, author_id, body, body_html, status,
        created_at)
    SELECT r.comment_id, r.post_id, coalesce(r.parent_id, r.post_id),
        CASE WHEN r.parent_id IS NULL THEN '{}' ELSE ARRAY[r.parent_id] END, r.author_id, r.body, r.body_html,
        'published', r.at
    FROM unnest(CAST(:comment_id AS uuid[]), CAST(:post_id AS uuid[]), CAST(:parent_id AS uuid[]),
        CAST(:author_id AS uuid[]), CAST(:body AS text[]), CAST(:body_html AS text[]), CAST(:at AS timestamptz[]))
        AS r (comment_id, post_id, parent_id, author_id, body, body_html, at)
    ON CONFLICT DO NOTHING RETURNING comment_id
""")
COUNT_COMMENTS = text("""
    WITH counted AS (
        SELECT post_id, count(*) AS comments FROM communities.comments
        WHERE post_id = ANY(:posts) AND status = 'published' GROUP BY post_id),
    answered AS (
        SELECT parent_id, count(*) AS replies FROM communities.comments
        WHERE parent_id = ANY(:parents) AND status IN ('published', 'removed', 'deleted') GROUP BY parent_id),
    replied AS (
        UPDATE communities.comments c SET replies = answered.replies FROM answered
        WHERE c.comment_id = answered.parent_id)
    UPDATE communities.posts p SET comments = counted.comments FROM counted WHERE p.post_id = counted.post_id
""")


def _votes(kind: str) -> str:
    return f"""
        WITH fresh AS (
            INSERT INTO communities.{kind}_votes ({kind}_id, customer_id, value, cast_at)
            SELECT * FROM unnest(CAST(:{kind}_id AS uuid[]), CAST(:voter_id AS uuid[]), CAST(:value AS smallint[]),
                CAST(:at AS timestamptz[]))
            ON CONFLICT DO NOTHING RETURNING {kind}_id, customer_id, value),
        counted AS (
            SELECT {kind}_id, count(*) FILTER (WHERE value = 1) AS ups, count(*) FILTER (WHERE value = -1) AS downs
            FROM fresh GROUP BY {kind}_id),
        changed AS (
            UPDATE communities.{kind}s t SET ups = t.ups + counted.ups, downs = t.downs + counted.downs
            FROM counted WHERE t.{kind}_id = counted.{kind}_id)
        SELECT {kind}_id, customer_id FROM fresh
    """  # noqa: S608


VOTES = {"post": text(_votes("post")), "comment": text(_votes("comment"))}


async def add_communities(session: AsyncSession, names: Mapping[str, tuple[UUID, str]], owner_id: UUID) -> set[UUID]:
    """Slug → id and name, with their owner; returns those that are new."""
    values = {
        "ids": [each[0] for each in names.values()],
        "slugs": list(names),
        "names": [each[1] for each in names.values()],
        "owner_id": owner_id,
    }
    rows: Any = await session.execute(COMMUNITIES, values)
    return set(rows.scalars())


async def ids_of(session: AsyncSession, slugs: Sequence[str]) -> dict[str, UUID]:
    """Slug → community."""
    rows: Any = await session.execute(IDS, {"slugs": list(slugs)})
    return {row.slug: row.community_id for row in rows}


async def places_of(session: AsyncSession, post_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Post → community."""
    rows: Any = await session.execute(PLACES, {"ids": list(post_ids)})
    return {row.post_id: row.community_id for row in rows}


async def add_people(session: AsyncSession, handles: Mapping[UUID, str]) -> None:
    """Account → how it is called; who has a name keeps it."""
    await session.execute(PEOPLE, {"ids": list(handles), "handles": list(handles.values())})


async def add_posts(session: AsyncSession, columns: Mapping[str, Sequence[Any]]) -> set[UUID]:
    """Those that are new."""
    rows: Any = await session.execute(POSTS, columns)
    return set(rows.scalars())


async def add_comments(session: AsyncSession, columns: Mapping[str, Sequence[Any]]) -> set[UUID]:
    """Those that are new; the counters of what they answer follow."""
    rows: Any = await session.execute(COMMENTS, columns)
    fresh = set(rows.scalars())
    parents = [each for each in columns["parent_id"] if each is not None]
    await session.execute(COUNT_COMMENTS, {"posts": list(columns["post_id"]), "parents": parents})
    return fresh


async def add_votes(session: AsyncSession, kind: str, columns: Mapping[str, Sequence[Any]]) -> set[tuple[UUID, UUID]]:
    """(thing, voter) of those that are new; the counters follow."""
    rows: Any = await session.execute(VOTES[kind], columns)
    return {tuple(row) for row in rows}
