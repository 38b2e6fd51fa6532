"""Posts, comments and votes from elsewhere: written in bulk with their own times, nobody is notified.

They are past and were published elsewhere: no rule judges them before, readers report them as any other.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.markdown import to_html
from api.core.outbox import publish_many
from api.domains.communities.contracts import PastComment, PastPost, PastVote
from api.domains.communities.repository import past as repository
from ingestion.contracts.communities import CommentPublished, CommentVoted, CommunityFounded, PostPublished, PostVoted


async def import_communities(session: AsyncSession, names: dict[str, tuple[UUID, str]], owner_id: UUID) -> int:
    """Those that are new."""
    fresh, now = await repository.add_communities(session, names, owner_id), datetime.now(UTC)
    founded = {
        each: {"community_id": str(each), "slug": slug, "visibility": "public", "customer_id": str(owner_id)}
        for slug, (each, _) in names.items()
    }
    return await publish_many(session, ((CommunityFounded, str(each), founded[each], now) for each in sorted(fresh)))


async def import_posts(session: AsyncSession, rows: Sequence[PastPost]) -> int:
    """Those that are new."""
    communities = await repository.ids_of(session, sorted({row.community for row in rows}))
    await repository.add_people(session, {row.author_id: row.author for row in rows})
    columns = _columns(rows, "post_id", "author_id", "title", "body", "url", "at")
    columns["community_id"] = [communities[row.community] for row in rows]
    columns["body_html"] = [to_html(row.body) for row in rows]
    fresh = await repository.add_posts(session, columns)

    def data(row: PastPost) -> dict[str, Any]:
        community_id = str(communities[row.community])
        return {
            "post_id": str(row.post_id), "community_id": community_id, "customer_id": str(row.author_id),
            "kind": "text" if row.url is None else "link",
        }  # fmt: skip

    return await publish_many(
        session, ((PostPublished, str(row.post_id), data(row), row.at) for row in rows if row.post_id in fresh)
    )


async def import_comments(session: AsyncSession, rows: Sequence[PastComment]) -> int:
    """Those that are new."""
    places = await repository.places_of(session, sorted({row.post_id for row in rows}))
    await repository.add_people(session, {row.author_id: row.author for row in rows})
    columns = _columns(rows, "comment_id", "post_id", "parent_id", "author_id", "body", "at")
    columns["body_html"] = [to_html(row.body) for row in rows]
    fresh = await repository.add_comments(session, columns)

    def data(row: PastComment) -> dict[str, Any]:
        return {
            "comment_id": str(row.comment_id), "post_id": str(row.post_id),
            "parent_id": str(row.parent_id or row.post_id), "community_id": str(places[row.post_id]),
            "customer_id": str(row.author_id),
        }  # fmt: skip

    return await publish_many(
        session, ((CommentPublished, str(row.post_id), data(row), row.at) for row in rows if row.comment_id in fresh)
    )


async def import_votes(session: AsyncSession, rows: Sequence[PastVote]) -> int:
    """Those that are new."""
    places = await repository.places_of(session, sorted({row.post_id for row in rows}))

    def data(row: PastVote) -> dict[str, Any]:
        on_comment = {"comment_id": str(row.comment_id)} if row.comment_id else {}
        return {
            **on_comment, "post_id": str(row.post_id), "community_id": str(places[row.post_id]),
            "customer_id": str(row.voter_id), "value": row.value,
        }  # fmt: skip

    on_posts = [row for row in rows if row.comment_id is None]
    on_comments = [row for row in rows if row.comment_id is not None]
    new = 0
    about: Callable[[PastVote], UUID]
    for kind, event, part, about in (
        ("post", PostVoted, on_posts, lambda row: row.post_id),
        ("comment", CommentVoted, on_comments, lambda row: row.comment_id or row.post_id),
    ):
        columns = _columns(part, f"{kind}_id", "voter_id", "value", "at")
        fresh = await repository.add_votes(session, kind, columns)
        told = [(event, str(row.post_id), data(row), row.at) for row in part if (about(row), row.voter_id) in fresh]
        new += await publish_many(session, told)
    return new


def _columns(rows: Sequence[Any], *names: str) -> dict[str, list[Any]]:
    return {name: [getattr(row, name) for row in rows] for name in names}
