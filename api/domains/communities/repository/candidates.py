"""SQL of posts that may be meant for somebody: each source looks at a bounded number of rows, the best first.

What somebody did counts from `since` on. It is read where it was written, so a vote counts in the next answer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from api.core.db import Reader
from api.domains.communities.contracts import FeedCandidate, FeedSource
from api.domains.communities.repository.posts import READABLE

# What they wrote, voted on or may not read is no news to them.
_NEW_TO_THEM = f"""
    p.status = 'published' AND p.author_id <> CAST(:viewer AS uuid) AND {READABLE}
    AND p.post_id <> ALL(CAST(:without AS uuid[]))
    AND NOT EXISTS (SELECT FROM communities.post_votes own WHERE own.post_id = p.post_id
        AND own.customer_id = CAST(:viewer AS uuid) AND own.value <> 0)
"""
_BELONGS = "role IN ('owner', 'moderator', 'member')"
_SINCE = "(CAST(:since AS timestamptz) IS NULL OR {0} > CAST(:since AS timestamptz))"
_HOT = "communities.hot(p.score, p.created_at, now())"
_MINE = (
    f"SELECT community_id FROM communities.members WHERE customer_id = CAST(:viewer AS uuid) AND {_BELONGS} LIMIT 200"  # noqa: S608
)
_LIKED = f"""
    SELECT v.post_id FROM communities.post_votes v WHERE v.customer_id = CAST(:viewer AS uuid) AND v.value = 1
      AND v.post_id <> ALL(CAST(:without AS uuid[])) AND {_SINCE.format("v.cast_at")} ORDER BY v.post_id DESC LIMIT 30
"""  # noqa: S608
_ANSWERED = f"""
    SELECT a.post_id FROM communities.comments a WHERE a.author_id = CAST(:viewer AS uuid) AND a.status = 'published'
      AND a.post_id <> ALL(CAST(:without AS uuid[])) AND {_SINCE.format("a.created_at")}
    ORDER BY a.comment_id DESC LIMIT 50
"""  # noqa: S608


def _newest_in(places: str, order: str) -> TextClause:
    """The newest posts of each of these communities, where `places` gives (community_id, weight)."""
    return text(f"""
        SELECT p.post_id, p.community_id, p.author_id, c.name AS about
        FROM ({places}) m (community_id, weight) JOIN communities.communities c USING (community_id)
        CROSS JOIN LATERAL (
            SELECT p.* FROM communities.posts p WHERE p.community_id = m.community_id AND {_NEW_TO_THEM}
            ORDER BY p.created_at DESC, p.post_id DESC LIMIT 20) p
        ORDER BY {order}, p.created_at DESC, p.post_id DESC LIMIT :k
    """)  # noqa: S608


JOINED = _newest_in(f"SELECT community_id, 1 FROM ({_MINE}) mine", f"{_HOT} DESC")  # noqa: S608
ANSWERED = _newest_in(
    f"""SELECT p.community_id, count(*) FROM ({_ANSWERED}) a JOIN communities.posts p USING (post_id)
        GROUP BY p.community_id ORDER BY count(*) DESC LIMIT 10""",  # noqa: S608
    f"m.weight * {_HOT} DESC",
)
# Communities by the cosine of their members with those of the person's own; of large ones a sample stands for all.
ALIKE = _newest_in(
    f"""WITH mine AS ({_MINE}), beside AS (
            SELECT m.customer_id, count(*) AS shared FROM mine CROSS JOIN LATERAL (
                SELECT customer_id FROM communities.members o WHERE o.community_id = mine.community_id
                  AND o.{_BELONGS} AND o.customer_id <> CAST(:viewer AS uuid) ORDER BY customer_id LIMIT 100) m
            GROUP BY m.customer_id ORDER BY count(*) DESC LIMIT 500)
        SELECT o.community_id, sum(beside.shared) / sqrt(1 + o.members) FROM beside
        JOIN communities.members m USING (customer_id) JOIN communities.communities o USING (community_id)
        WHERE m.{_BELONGS} AND o.visibility <> 'private' AND NOT EXISTS (SELECT FROM communities.members own
            WHERE own.community_id = o.community_id AND own.customer_id = CAST(:viewer AS uuid))
        GROUP BY o.community_id, o.members HAVING count(*) >= 2
        ORDER BY sum(beside.shared) / sqrt(1 + o.members) DESC, o.community_id LIMIT 10""",  # noqa: S608
    "m.weight DESC",
)
# Two at least must have liked it: else a list would tell what one known person voted.
VOTED_ALIKE = text(f"""
    WITH liked AS ({_LIKED}), alike AS (
        SELECT v.customer_id, count(*) AS shared FROM liked CROSS JOIN LATERAL (
            SELECT v.customer_id FROM communities.post_votes v WHERE v.post_id = liked.post_id AND v.value = 1
              AND v.customer_id <> CAST(:viewer AS uuid) LIMIT 100) v
        GROUP BY v.customer_id ORDER BY count(*) DESC LIMIT 100),
    found AS (
        SELECT v.post_id, sum(alike.shared) AS weight FROM alike CROSS JOIN LATERAL (
            SELECT v.post_id FROM communities.post_votes v WHERE v.customer_id = alike.customer_id AND v.value = 1
            ORDER BY v.post_id DESC LIMIT 30) v
        GROUP BY v.post_id HAVING count(*) >= 2)
    SELECT p.post_id, p.community_id, p.author_id, '' AS about FROM found JOIN communities.posts p USING (post_id)
    WHERE {_NEW_TO_THEM} ORDER BY found.weight / sqrt(1 + p.ups) DESC, p.post_id DESC LIMIT :k
""")  # noqa: S608
# Titles of two words in common at least, by the cosine of their words, among the newest posts.
TOPIC = text(f"""
    WITH seeds AS (
        SELECT p.post_id, p.title, tsvector_to_array(ts_filter(p.search, '{{a}}')) AS words
        FROM (SELECT post_id FROM ({_LIKED}) l UNION SELECT post_id FROM ({_ANSWERED}) a) s
        JOIN communities.posts p USING (post_id) WHERE p.status = 'published' AND {READABLE}
        ORDER BY p.post_id DESC LIMIT 8),
    fresh AS (
        SELECT p.post_id, p.community_id, p.author_id, p.search FROM communities.posts p
        WHERE p.status = 'published' AND p.is_open ORDER BY p.created_at DESC, p.post_id DESC LIMIT 500),
    worded AS (SELECT *, tsvector_to_array(ts_filter(search, '{{a}}')) AS words FROM fresh),
    pairs AS (
        SELECT DISTINCT ON (w.post_id) w.post_id, s.title,
            cardinality(common.words) / sqrt(cardinality(w.words)::float8 * cardinality(s.words)) AS likeness
        FROM worded w JOIN seeds s ON s.words && w.words AND s.post_id <> w.post_id
        CROSS JOIN LATERAL (
            SELECT ARRAY(SELECT unnest(w.words) INTERSECT SELECT unnest(s.words)) AS words) common
        WHERE cardinality(common.words) >= 2 ORDER BY w.post_id, likeness DESC)
    SELECT p.post_id, p.community_id, p.author_id, pairs.title AS about
    FROM pairs JOIN communities.posts p USING (post_id) WHERE {_NEW_TO_THEM}
    ORDER BY pairs.likeness DESC, p.post_id DESC LIMIT :k
""")  # noqa: S608
OWNED = text(f"""
    SELECT p.post_id, p.community_id, p.author_id, '' AS about FROM (
        SELECT DISTINCT product_id FROM communities.purchases WHERE customer_id = CAST(:viewer AS uuid)
          AND communities.owns(customer_id, product_id) LIMIT 200) b
    CROSS JOIN LATERAL (SELECT p.* FROM communities.posts p WHERE p.product_id = b.product_id AND {_NEW_TO_THEM}
        ORDER BY p.created_at DESC, p.post_id DESC LIMIT 5) p
    ORDER BY {_HOT} DESC, p.created_at DESC, p.post_id DESC LIMIT :k
""")  # noqa: S608
_FIELDS = "p.post_id, p.community_id, p.author_id, p.scaled, p.score"
# Where little was said of late, the best of all times come after.
POPULAR = text(f"""
    SELECT p.post_id, p.community_id, p.author_id, '' AS about FROM (
        (SELECT {_FIELDS} FROM communities.posts p WHERE p.is_open AND p.scaled > 0 AND {_NEW_TO_THEM}
         ORDER BY p.scaled DESC, p.post_id DESC LIMIT :k)
        UNION
        (SELECT {_FIELDS} FROM communities.posts p WHERE p.is_open AND {_NEW_TO_THEM}
         ORDER BY p.score DESC, p.post_id DESC LIMIT :k)) p
    ORDER BY p.scaled DESC, p.score DESC, p.post_id DESC LIMIT :k
""")  # noqa: S608
OF_THEIR_ACTS: dict[FeedSource, TextClause] = {
    "answered": ANSWERED,
    "joined": JOINED,
    "voted_alike": VOTED_ALIKE,
    "topic": TOPIC,
    "owned": OWNED,
    "alike": ALIKE,
}
SOURCES: dict[FeedSource, TextClause] = {**OF_THEIR_ACTS, "popular": POPULAR}


async def find(
    reader: Reader,
    sources: Sequence[FeedSource],
    viewer: UUID,
    since: datetime | None,
    k: int,
    without: Sequence[UUID],
) -> list[FeedCandidate]:
    """Up to `k` posts of each source, each source's best first; none of `without`, nor what follows from these."""
    found = []
    values = {"viewer": viewer, "since": since, "k": k, "without": list(without)}
    for source in sources:
        statement = SOURCES[source]
        rows: Any = await reader.execute(statement, values)
        found += [FeedCandidate(source=source, **row) for row in rows.mappings()]
    return found
