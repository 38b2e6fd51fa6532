"""What a person does not want in their own feed of the forum: single posts, and what follows from these."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Visitor
from api.core.db import Reader
from api.core.outbox import publish
from api.domains.communities import facade as communities
from api.domains.recommendations.errors import NoSuchPost, TooManyRemovals
from api.domains.recommendations.repository import feeds as repository
from api.domains.recommendations.schemas import RemovedPost
from ingestion.contracts.recommendations import PostRemoved, PostRestored

MOST_REMOVED = 500


async def remove(
    session: AsyncSession, customer_id: UUID, post_id: UUID, recommendation_id: UUID | None = None
) -> None:
    """Show a post in the person's own feed no more, nor what follows from it. Once more changes nothing.

    Raises NoSuchPost for one that they may not read, and TooManyRemovals.
    """
    if not await communities.cards(session, [post_id], customer_id):
        raise NoSuchPost
    if await repository.count_removed(session, customer_id) >= MOST_REMOVED:
        raise TooManyRemovals
    if await repository.remove(session, customer_id, post_id):
        told = PostRemoved(customer_id=customer_id, post_id=post_id, recommendation_id=recommendation_id)
        await publish(session, told)


async def restore(session: AsyncSession, customer_id: UUID, post_id: UUID) -> None:
    """Let it stand in the feed again."""
    if await repository.restore(session, customer_id, post_id):
        await publish(session, PostRestored(customer_id=customer_id, post_id=post_id))


async def listed(reader: Reader, visitor: Visitor) -> list[RemovedPost]:
    """What a person took out of their feed and may still read, the latest first."""
    if visitor.customer_id is None:
        return []
    ids = await repository.removed(reader, visitor.customer_id)
    posts = await communities.cards(reader, ids, visitor.customer_id)
    return [RemovedPost(post_id=each.post_id, title=each.title) for each in posts]
