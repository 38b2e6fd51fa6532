"""SQL about everything that communities hold on one person: to hand it over, and to forget it."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader

HELD = {
    "person": "SELECT handle, about, created_at FROM communities.people WHERE customer_id = :customer_id",
    "memberships": """
        SELECT c.slug, m.role, m.reason, m.since FROM communities.members m JOIN communities.communities c
            USING (community_id) WHERE m.customer_id = :customer_id ORDER BY m.since""",
    "posts": """
        SELECT post_id, kind, title, body, url, status, reason, product_id, created_at, edited_at
        FROM communities.posts WHERE author_id = :customer_id ORDER BY created_at""",
    "comments": """
        SELECT comment_id, post_id, body, status, reason, created_at, edited_at FROM communities.comments
        WHERE author_id = :customer_id ORDER BY comment_id""",
    "earlier_words": """
        SELECT r.subject_id, r.title, r.body, r.until FROM communities.revisions r WHERE r.subject_id IN (
            SELECT post_id FROM communities.posts WHERE author_id = :customer_id
            UNION ALL SELECT comment_id FROM communities.comments WHERE author_id = :customer_id)""",
    "votes_on_posts": "SELECT post_id, value, cast_at FROM communities.post_votes WHERE customer_id = :customer_id",
    "votes_on_comments": """
        SELECT comment_id, value, cast_at FROM communities.comment_votes WHERE customer_id = :customer_id""",
    "poll_votes": "SELECT post_id, option_number FROM communities.poll_votes WHERE customer_id = :customer_id",
    "drafts": """
        SELECT kind, title, body, url, options, updated_at FROM communities.drafts WHERE customer_id = :customer_id""",
    "notifications": """
        SELECT kind, post_id, comment_id, act, reason, created_at, read_at FROM communities.notifications
        WHERE customer_id = :customer_id ORDER BY notification_id""",
    "notification_choices": """
        SELECT declined, digest FROM communities.notification_choices WHERE customer_id = :customer_id""",
    "saved_posts": "SELECT post_id, saved_at FROM communities.saved WHERE customer_id = :customer_id",
    "silenced_people": "SELECT kind, since FROM communities.silenced WHERE customer_id = :customer_id",
    "sets_of_communities": """
        SELECT m.slug, m.name, m.is_public, m.created_at, array(
            SELECT c.slug FROM communities.multi_places i JOIN communities.communities c USING (community_id)
            WHERE i.multi_id = m.multi_id ORDER BY c.slug) AS communities
        FROM communities.multis m WHERE m.owner_id = :customer_id""",
    "unwanted_words": "SELECT term FROM communities.filters WHERE customer_id = :customer_id",
    "purchases": """
        SELECT order_id, product_id, delivered, returned FROM communities.purchases WHERE customer_id = :customer_id""",
    "trust": """
        SELECT days, posts, comments, reviews, orders, ups, downs, removed, sales, cancelled, refunded, disputed, score,
            level FROM communities.trust
        WHERE customer_id = :customer_id""",
    "acts_as_moderator": """
        SELECT act, subject_kind, reason, acted_at FROM communities.acts WHERE actor_id = :customer_id""",
    "pictures": """
        SELECT image_id, alt, kept_by, state, created_at FROM core.pictures WHERE owner_id = :customer_id""",
}
PUBLISHED_POSTS = text("""
    SELECT post_id, community_id FROM communities.posts WHERE author_id = :customer_id AND status = 'published'
    ORDER BY post_id FOR UPDATE
""")
PUBLISHED_COMMENTS = text("""
    SELECT k.comment_id, k.post_id, p.community_id FROM communities.comments k JOIN communities.posts p USING (post_id)
    WHERE k.author_id = :customer_id AND k.status = 'published' ORDER BY k.comment_id FOR UPDATE OF k
""")
# In this order: what counters stand for goes together with them.
FORGET = {
    "votes": """
        WITH gone AS (DELETE FROM communities.post_votes WHERE customer_id = :customer_id RETURNING post_id, value)
        UPDATE communities.posts p SET ups = ups - (value = 1)::integer, downs = downs - (value = -1)::integer
        FROM gone WHERE p.post_id = gone.post_id""",
    "votes_on_comments": """
        WITH gone AS (
            DELETE FROM communities.comment_votes WHERE customer_id = :customer_id RETURNING comment_id, value)
        UPDATE communities.comments k SET ups = ups - (value = 1)::integer, downs = downs - (value = -1)::integer
        FROM gone WHERE k.comment_id = gone.comment_id""",
    "poll_votes": """
        WITH gone AS (
            DELETE FROM communities.poll_votes WHERE customer_id = :customer_id RETURNING post_id, option_number)
        UPDATE communities.poll_options o SET votes = votes - 1
        FROM gone WHERE (o.post_id, o.option_number) = (gone.post_id, gone.option_number)""",
    "earlier_words": """
        DELETE FROM communities.revisions WHERE subject_id IN (
            SELECT post_id FROM communities.posts WHERE author_id = :customer_id
            UNION ALL SELECT comment_id FROM communities.comments WHERE author_id = :customer_id)""",
    "unplaced_comments": """
        DELETE FROM communities.comments WHERE author_id = :customer_id AND status IN ('held', 'rejected')""",
    "comment_counts": """
        UPDATE communities.posts p SET comments = p.comments - gone.count
        FROM (SELECT post_id, count(*) AS count FROM communities.comments
            WHERE author_id = :customer_id AND status = 'published' GROUP BY post_id ORDER BY post_id) gone
        WHERE p.post_id = gone.post_id""",
    "comments": """
        UPDATE communities.comments SET status = 'deleted', body = '', body_html = '', reason = NULL
        WHERE author_id = :customer_id AND status <> 'deleted'""",
    "posts": """
        UPDATE communities.posts SET status = 'deleted', title = '[deleted]', body = '', body_html = '', reason = NULL,
            image_id = NULL, preview = NULL, url = CASE WHEN kind = 'link' THEN '' END
        WHERE author_id = :customer_id AND status <> 'deleted'""",
    "drafts": "DELETE FROM communities.drafts WHERE customer_id = :customer_id",
    "notifications": """
        DELETE FROM communities.notifications WHERE customer_id = :customer_id OR actor_id = :customer_id""",
    "notification_choices": "DELETE FROM communities.notification_choices WHERE customer_id = :customer_id",
    "silenced": "DELETE FROM communities.silenced WHERE customer_id = :customer_id OR other_id = :customer_id",
    "saved": "DELETE FROM communities.saved WHERE customer_id = :customer_id",
    "sets_of_communities": "DELETE FROM communities.multis WHERE owner_id = :customer_id",
    "filters": "DELETE FROM communities.filters WHERE customer_id = :customer_id",
    "purchases": "DELETE FROM communities.purchases WHERE customer_id = :customer_id",
    "trust": "DELETE FROM communities.trust WHERE customer_id = :customer_id",
    "trust_votes": "DELETE FROM communities.trust_votes WHERE voter_id = :customer_id",
    "trust_days": "DELETE FROM communities.trust_days WHERE customer_id = :customer_id",
    "trust_things": "DELETE FROM communities.trust_things WHERE author_id = :customer_id",
    "person": """
        UPDATE communities.people SET handle = 'gone-' || substr(md5(random()::text), 1, 12), about = '',
            is_handle_chosen = true WHERE customer_id = :customer_id""",
}
# Communities go to their earliest moderator; each has one owner at any moment, so the old one goes first.
HEIRS = text("""
    SELECT DISTINCT ON (m.community_id) m.community_id, m.customer_id FROM communities.members m
    JOIN communities.members mine USING (community_id)
    WHERE mine.customer_id = :customer_id AND mine.role = 'owner' AND m.role = 'moderator'
    ORDER BY m.community_id, m.appointed_at
""")
LEAVE = text("""
    WITH gone AS (
        DELETE FROM communities.members WHERE customer_id = :customer_id AND role <> 'banned'
        RETURNING community_id, role)
    UPDATE communities.communities c SET members = members - 1 FROM gone
    WHERE c.community_id = gone.community_id AND gone.role IN ('owner', 'moderator', 'member')
""")
INHERIT = text("""
    UPDATE communities.members SET role = 'owner'
    WHERE community_id = :community_id AND customer_id = :customer_id
""")
_HELD = {name: text(statement) for name, statement in HELD.items()}
_FORGET = {name: text(statement) for name, statement in FORGET.items()}


async def held(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Everything, by what it is."""
    found = {}
    for name, statement in _HELD.items():
        rows: Any = await reader.execute(statement, {"customer_id": customer_id})
        found[name] = [dict(row) for row in rows.mappings()]
    return found


async def published(session: AsyncSession, customer_id: UUID) -> tuple[list[Any], list[Any]]:
    """(post, community) and (comment, post, community) of what others can read, locked."""
    ids = {"customer_id": customer_id}
    posts: Any = await session.execute(PUBLISHED_POSTS, ids)
    comments: Any = await session.execute(PUBLISHED_COMMENTS, ids)
    return list(posts.all()), list(comments.all())


async def forget(session: AsyncSession, customer_id: UUID) -> dict[str, int]:
    """Take it all away, counters with what they count; rows by what they were. A ban stays, under an id alone."""
    ids = {"customer_id": customer_id}
    heirs: Any = await session.execute(HEIRS, ids)
    inherited = [{"community_id": row.community_id, "customer_id": row.customer_id} for row in heirs.all()]
    left: Any = await session.execute(LEAVE, ids)
    counts = {"memberships": int(left.rowcount)}
    for heir in inherited:
        await session.execute(INHERIT, heir)
    for name, statement in _FORGET.items():
        done: Any = await session.execute(statement, ids)
        counts[name] = int(done.rowcount)
    return counts
