"""Everything that communities hold on one person: handed over on request, and forgotten."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core import uploads
from api.core.db import Reader
from api.core.outbox import publish
from api.domains.communities.repository import privacy as repository
from ingestion.contracts.communities import CommentWithdrawn, PostWithdrawn


async def export(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """What is held, by what it is, as plain values."""
    return await repository.held(reader, customer_id)


async def forget(session: AsyncSession, customer_id: UUID) -> dict[str, int]:
    """Take away words, votes and pictures of a person, and their name; answers of others stay where they are.

    Counters go down with what they count; again it finds nothing. Returns rows by what they were.
    """
    posts, comments = await repository.published(session, customer_id)
    counts = await repository.forget(session, customer_id)
    counts["pictures"] = await uploads.release_of(session, customer_id)
    gone = {"customer_id": customer_id, "status": "deleted"}
    for post_id, community_id in posts:
        await publish(session, PostWithdrawn(post_id=post_id, community_id=community_id, **gone))
    for comment_id, post_id, community_id in comments:
        await publish(
            session, CommentWithdrawn(comment_id=comment_id, post_id=post_id, community_id=community_id, **gone)
        )
    return counts
