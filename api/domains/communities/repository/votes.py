"""SQL of votes: row, counters, ranks, event and answer in one statement, so that no two of them can drift apart."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.core.outbox import as_values, insert_as_cte
from api.core.straight import Alone
from api.domains.communities.contracts import CommentView, PostView
from api.domains.communities.domain.brigading import Pair
from api.domains.communities.repository import comments, posts
from ingestion.contracts import Event

# Who may vote: not the author, nobody who is banned, and where a community is not public its members alone.
_ALLOWED = """
    {table}.author_id <> :customer_id AND CASE WHEN c.visibility = 'public'
        THEN NOT EXISTS (SELECT FROM communities.members m WHERE m.community_id = c.community_id
            AND m.customer_id = :customer_id AND m.role = 'banned')
        ELSE EXISTS (SELECT FROM communities.members m WHERE m.community_id = c.community_id
            AND m.customer_id = :customer_id AND m.role IN ('owner', 'moderator', 'member')) END
"""
# What was voted before comes from the row itself, under its lock: two votes of one person at once count as the last.
_CAST = """
    cast_now AS (
        INSERT INTO communities.{votes} AS v ({id}, customer_id, value)
        SELECT {id}, :customer_id, :value FROM allowed WHERE :value <> 0
            OR EXISTS (SELECT FROM communities.{votes} k WHERE k.{id} = allowed.{id} AND k.customer_id = :customer_id)
        ON CONFLICT ({id}, customer_id) DO UPDATE SET value = excluded.value, cast_at = now()
            WHERE v.value <> excluded.value
        RETURNING {id}, coalesce(old.value, 0) AS was, new.value AS now
    )
"""
_DIFFERENCE = """
    (cast_now.now = 1)::integer - (cast_now.was = 1)::integer AS ups,
    (cast_now.now = -1)::integer - (cast_now.was = -1)::integer AS downs
"""
# What a vote's event says of the thing's place, until the statement has found it.
A_POST, A_COMMUNITY = UUID(int=1), UUID(int=2)
_PLACED = f"replace(:events, '{A_COMMUNITY}', (SELECT CAST(community_id AS text) FROM allowed))"  # noqa: S608
_DEEPER = f"replace({_PLACED}, '{A_POST}', (SELECT CAST(post_id AS text) FROM allowed))"  # noqa: S608
_TOLD = "EXISTS (SELECT FROM cast_now)"
ON_POST = text(f"""
    WITH allowed AS (
        SELECT p.post_id, p.community_id FROM communities.posts p JOIN communities.communities c USING (community_id)
        WHERE p.post_id = :id AND p.status = 'published' AND {_ALLOWED.format(table="p")}
    ), {_CAST.format(votes="post_votes", id="post_id")}, {insert_as_cte(_TOLD, _PLACED)},
    changed AS (SELECT cast_now.post_id, {_DIFFERENCE} FROM cast_now),
    counted AS (
    UPDATE communities.posts p SET ups = p.ups + changed.ups, downs = p.downs + changed.downs,
        hot = communities.hot(p.ups - p.downs + changed.ups - changed.downs, p.created_at, now()),
        active = communities.hot(p.ups - p.downs + changed.ups - changed.downs, p.active_at, now()),
        scaled = communities.hot(p.ups - p.downs + changed.ups - changed.downs, p.created_at, now())
            / log(2 + c.scaled_size)
    FROM changed, communities.communities c
    WHERE p.post_id = changed.post_id AND c.community_id = p.community_id
    RETURNING p.ups, p.downs)
    SELECT {posts.COLUMNS}, counted.ups AS ups_now, counted.downs AS downs_now
    FROM counted CROSS JOIN {posts.JOINED} WHERE p.post_id = :id
""")  # noqa: S608
ON_COMMENT = text(f"""
    WITH allowed AS (
        SELECT k.comment_id, p.post_id, c.community_id
        FROM communities.comments k JOIN communities.posts p USING (post_id)
            JOIN communities.communities c USING (community_id)
        WHERE k.comment_id = :id AND k.status = 'published' AND p.status = 'published'
          AND {_ALLOWED.format(table="k")}
    ), {_CAST.format(votes="comment_votes", id="comment_id")}, {insert_as_cte(_TOLD, _DEEPER)},
    changed AS (SELECT cast_now.comment_id, {_DIFFERENCE} FROM cast_now),
    counted AS (
    UPDATE communities.comments k SET ups = k.ups + changed.ups, downs = k.downs + changed.downs
    FROM changed WHERE k.comment_id = changed.comment_id RETURNING k.ups, k.downs)
    SELECT {comments.SHOWN}, counted.ups AS ups_now, counted.downs AS downs_now
    FROM counted CROSS JOIN communities.comments s {comments.JOINED} WHERE s.comment_id = :id
""")  # noqa: S608

_RECENT = """
    recent AS (
        SELECT post_id AS thing, customer_id, value, cast_at FROM communities.post_votes
        WHERE cast_at > :since AND value <> 0
        UNION ALL
        SELECT comment_id, customer_id, value, cast_at FROM communities.comment_votes
        WHERE cast_at > :since AND value <> 0)
"""
PAIRS = text(f"""
    WITH {_RECENT}, few AS (SELECT thing FROM recent GROUP BY thing HAVING count(*) BETWEEN 2 AND :most_voters)
    SELECT a.customer_id AS one, b.customer_id AS other, array_agg(a.thing) AS things
    FROM few JOIN recent a USING (thing) JOIN recent b USING (thing, value)
    WHERE a.customer_id < b.customer_id
      AND b.cast_at BETWEEN a.cast_at - CAST(:together AS interval) AND a.cast_at + CAST(:together AS interval)
    GROUP BY 1, 2 HAVING count(*) >= :shared LIMIT 10000
""")  # noqa: S608
COUNTS = text(f"""
    WITH {_RECENT}
    SELECT customer_id, count(*) AS votes FROM recent WHERE customer_id = ANY(:people) GROUP BY customer_id
""")  # noqa: S608
KINDS = text("""
    SELECT CASE WHEN p.post_id IS NULL THEN 'comment' ELSE 'post' END AS kind, t.thing
    FROM unnest(CAST(:things AS uuid[])) WITH ORDINALITY AS t (thing, place)
    LEFT JOIN communities.posts p ON p.post_id = t.thing ORDER BY t.place
""")


async def cast_on_post(
    alone: Alone | AsyncSession, post_id: UUID, customer_id: UUID, value: int, event: Event
) -> PostView | None:
    """Count a vote; returns the post with it, or None where nothing changed: the same again, or not allowed."""
    row = await _cast(alone, ON_POST, post_id, customer_id, value, event)
    return None if row is None else PostView(**row)


async def cast_on_comment(
    alone: Alone | AsyncSession, comment_id: UUID, customer_id: UUID, value: int, event: Event
) -> CommentView | None:
    """The same for a comment."""
    row = await _cast(alone, ON_COMMENT, comment_id, customer_id, value, event)
    return None if row is None else CommentView(**row)


async def _cast(
    alone: Alone | AsyncSession, statement: Any, subject_id: UUID, customer_id: UUID, value: int, event: Event
) -> dict[str, Any] | None:
    values = {"id": subject_id, "customer_id": customer_id, "viewer": customer_id, "value": value}
    rows: Any = await alone.execute(statement, values | as_values([event]))
    row = rows.mappings().first()
    if row is None:
        return None
    fields = dict(row)
    ups, downs = fields.pop("ups_now"), fields.pop("downs_now")
    counters = {"ups": ups, "downs": downs, "vote": value}
    return fields | counters | ({"score": ups - downs} if "score" in fields else {})


async def pairs(reader: Reader, since: datetime, together: timedelta, shared: int, most_voters: int) -> list[Pair]:
    """Accounts that gave the same vote to `shared` things or more since a time, each within `together`."""
    values = {"since": since, "together": together, "shared": shared, "most_voters": most_voters}
    rows: Any = await reader.execute(PAIRS, values)
    return [Pair(row.one, row.other, frozenset(row.things)) for row in rows]


async def counts(reader: Reader, since: datetime, people: Collection[UUID]) -> dict[UUID, int]:
    """How many votes each of these people gave since a time."""
    rows: Any = await reader.execute(COUNTS, {"since": since, "people": list(people)})
    return {row.customer_id: row.votes for row in rows}


async def kinds(reader: Reader, things: Sequence[UUID]) -> list[tuple[str, UUID]]:
    """(post or comment, id) of things, in their order."""
    rows: Any = await reader.execute(KINDS, {"things": list(things)})
    return [(row.kind, row.thing) for row in rows]
