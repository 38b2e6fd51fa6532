"""SQL of ranked lists: candidates by their stored ranks, editions, and lists by time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import TextClause, text

from api.core.db import Reader
from api.domains.communities.repository.posts import READABLE

Decaying = Literal["hot", "active", "scaled"]
Fixed = Literal["top", "controversial"]
Scope = Literal["open", "some"]  # every community that is not private, or those that are named

_NOW: dict[Decaying, str] = {
    "hot": "communities.hot(p.score, p.created_at, now())",
    "active": "communities.hot(p.score, p.active_at, now())",
    "scaled": "communities.hot(p.score, p.created_at, now()) / log(2 + c.scaled_size)",
}
_WHOLE = "p.post_id, p.community_id, p.hot, p.active, p.scaled, p.score, p.controversial, p.created_at, p.active_at"


def _best(scope: Scope, column: str, where: str) -> str:
    """The first `k` posts by a column, each look at an index. In one community scaled stands as hot does."""
    if scope == "open":
        return f"""
            SELECT {_WHOLE} FROM communities.posts p WHERE p.status = 'published' AND p.is_open AND {where}
            ORDER BY p.{column} DESC, p.post_id DESC LIMIT :k
        """  # noqa: S608
    inner = "hot" if column == "scaled" else column
    return f"""
        SELECT p.* FROM unnest(CAST(:communities AS uuid[])) AS m (community_id) CROSS JOIN LATERAL (
            SELECT {_WHOLE} FROM communities.posts p
            WHERE p.community_id = m.community_id AND p.status = 'published' AND {where}
            ORDER BY p.{inner} DESC, p.post_id DESC LIMIT :k) p
        ORDER BY p.{column} DESC, p.post_id DESC LIMIT :k
    """  # noqa: S608


def _candidates(scope: Scope, rank: Decaying) -> TextClause:
    return text(f"""
        SELECT p.post_id, p.{rank} AS stored, {_NOW[rank]} AS rank
        FROM ({_best(scope, rank, f"p.{rank} > 0")}) p JOIN communities.communities c USING (community_id)
        ORDER BY p.{rank} DESC, p.post_id DESC
    """)  # noqa: S608


_SINCE = "(CAST(:since AS timestamptz) IS NULL OR p.created_at >= CAST(:since AS timestamptz))"
_SCOPES: tuple[Scope, ...] = ("open", "some")
CANDIDATES = {(scope, rank): _candidates(scope, rank) for scope in _SCOPES for rank in _NOW}
FIXED: dict[tuple[Scope, Fixed], TextClause] = {}
for _scope in _SCOPES:
    FIXED[_scope, "top"] = text(f"SELECT post_id FROM ({_best(_scope, 'score', _SINCE)}) p")  # noqa: S608
    FIXED[_scope, "controversial"] = text(
        f"SELECT post_id FROM ({_best(_scope, 'controversial', f'p.controversial > 0 AND {_SINCE}')}) p"  # noqa: S608
    )
# Rows that somebody votes on at this moment are put right by that vote.
REFRESH = text("""
    WITH these AS (
        SELECT post_id FROM communities.posts WHERE post_id = ANY(:ids) ORDER BY post_id FOR UPDATE SKIP LOCKED)
    UPDATE communities.posts p SET hot = communities.hot(p.score, p.created_at, now()),
        active = communities.hot(p.score, p.active_at, now()),
        scaled = communities.hot(p.score, p.created_at, now()) / log(2 + c.scaled_size)
    FROM these, communities.communities c WHERE p.post_id = these.post_id AND c.community_id = p.community_id
""")
ENDED = text("""
    SELECT post_id FROM communities.posts
    WHERE (hot > 0 OR active > 0 OR scaled > 0) AND created_at < now() - interval '7 days'
      AND (active = 0 OR active_at < now() - interval '7 days') ORDER BY created_at LIMIT :limit
""")
_KEYSET = """
    (CAST(:at AS timestamptz) IS NULL
        OR (p.created_at, p.post_id) < (CAST(:at AS timestamptz), CAST(:last AS uuid)))
    AND (CAST(:quiet_since AS timestamptz) IS NULL OR p.active_at <= CAST(:quiet_since AS timestamptz))
"""
_BY_TIME = "ORDER BY p.created_at DESC, p.post_id DESC LIMIT :limit"
NEWEST: dict[Scope, TextClause] = {
    "open": text(f"""
        SELECT p.post_id, p.created_at FROM communities.posts p
        WHERE p.status = 'published' AND p.is_open AND {_KEYSET} {_BY_TIME}
    """),  # noqa: S608
    "some": text(f"""
        SELECT p.post_id, p.created_at FROM unnest(CAST(:communities AS uuid[])) AS m (community_id)
        CROSS JOIN LATERAL (SELECT p.post_id, p.created_at FROM communities.posts p
            WHERE p.community_id = m.community_id AND p.status = 'published' AND {_KEYSET} {_BY_TIME}) p
        {_BY_TIME}
    """),  # noqa: S608
}
SEARCH = text(f"""
    SELECT p.post_id, p.created_at FROM communities.posts p
    WHERE p.status = 'published' AND p.search @@ websearch_to_tsquery('english', :query) AND {READABLE}
      AND (CAST(:community_id AS uuid) IS NULL OR p.community_id = CAST(:community_id AS uuid)) AND {_KEYSET} {_BY_TIME}
""")  # noqa: S608
FRESH = text("""
    SELECT edition_id, made_at, ids[1:CAST(:to AS integer)] AS ids, cardinality(ids) AS size
    FROM communities.editions WHERE list = :list AND made_at > now() - CAST(:fresh AS interval)
    ORDER BY made_at DESC LIMIT 1
""")
OPEN = text("""
    SELECT edition_id, made_at, ids[CAST(:start AS integer) + 1:CAST(:to AS integer)] AS ids, cardinality(ids) AS size
    FROM communities.editions WHERE edition_id = :edition_id AND list = :list
""")
PRINT = text("""
    INSERT INTO communities.editions (edition_id, list, ids, made_at)
    VALUES (:edition_id, :list, CAST(:ids AS uuid[]), now())
    RETURNING edition_id, made_at, ids[1:CAST(:to AS integer)] AS ids, cardinality(ids) AS size
""")
PURGE = text("DELETE FROM communities.editions WHERE made_at < now() - CAST(:kept AS interval)")


async def candidates(
    reader: Reader, scope: Scope, communities: Sequence[UUID], rank: Decaying, k: int
) -> list[tuple[UUID, float, float]]:
    """(post, stored rank, rank of now) of the first `k` by their stored rank, which is never less than that of now."""
    values = {"communities": list(communities), "k": k}
    rows: Any = await reader.execute(CANDIDATES[scope, rank], values)
    return [(row.post_id, row.stored, row.rank) for row in rows]


async def fixed(
    reader: Reader, scope: Scope, communities: Sequence[UUID], rank: Fixed, since: datetime | None, k: int
) -> list[UUID]:
    """The first `k` posts by a rank that only votes change."""
    values = {"communities": list(communities), "since": since, "k": k}
    rows: Any = await reader.execute(FIXED[scope, rank], values)
    return list(rows.scalars())


async def refresh(reader: Reader, ids: Sequence[UUID]) -> None:
    """Put stored ranks down to what they are now."""
    await reader.execute(REFRESH, {"ids": list(ids)})


async def ended(reader: Reader, limit: int) -> list[UUID]:
    """Posts with a stored rank whose week is over."""
    rows: Any = await reader.execute(ENDED, {"limit": limit})
    return list(rows.scalars())


async def newest(
    reader: Reader,
    scope: Scope,
    communities: Sequence[UUID],
    after: tuple[str, UUID] | None,
    quiet_since: datetime | None,
    limit: int,
) -> list[tuple[UUID, datetime]]:
    """Posts with their times, the newest first, after the one given; `quiet_since`: without newer comments."""
    at, last = after or (None, None)
    values = {"communities": list(communities), "at": at, "last": last, "quiet_since": quiet_since, "limit": limit}
    rows: Any = await reader.execute(NEWEST[scope], values)
    return [(row.post_id, row.created_at) for row in rows]


async def search(
    reader: Reader,
    query: str,
    community_id: UUID | None,
    viewer: UUID | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[tuple[UUID, datetime]]:
    """Posts with these words that the viewer may read, the newest first."""
    at, last = after or (None, None)
    values = {"query": query, "community_id": community_id, "viewer": viewer, "at": at, "last": last}
    rows: Any = await reader.execute(SEARCH, values | {"quiet_since": None, "limit": limit})
    return [(row.post_id, row.created_at) for row in rows]


async def fresh_edition(reader: Reader, name: str, fresh: str, to: int) -> Any | None:
    """The newest edition of a list, unless it is too old, with what it lists first."""
    rows: Any = await reader.execute(FRESH, {"list": name, "fresh": fresh, "to": to})
    return rows.first()


async def open_edition(reader: Reader, name: str, edition_id: UUID, start: int, to: int) -> Any | None:
    """What an edition lists from one place on."""
    values = {"list": name, "edition_id": edition_id, "start": start, "to": to}
    rows: Any = await reader.execute(OPEN, values)
    return rows.first()


async def print_edition(reader: Reader, name: str, edition_id: UUID, ids: Sequence[UUID], to: int) -> Any:
    """A list as it is at this moment, to turn pages in."""
    rows: Any = await reader.execute(PRINT, {"list": name, "edition_id": edition_id, "ids": list(ids), "to": to})
    return rows.one()


async def purge_editions(reader: Reader, kept: str) -> None:
    """Forget old editions."""
    await reader.execute(PURGE, {"kept": kept})
