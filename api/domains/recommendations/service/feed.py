"""A person's own feed of the forum: candidates of communities → one order → places → reasons → impression.

It needs no model: what somebody did a second ago speaks at once, because it is read where it was written.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.auth import Visitor
from api.core.buffered import get_buffer
from api.core.db import transaction
from api.core.errors import Invalid
from api.core.paging import decode_cursor, encode_cursor
from api.domains.communities import facade as communities
from api.domains.recommendations.contracts import FeedView, RecommendedPost
from api.domains.recommendations.domain.feed import diversify, fuse, reason
from api.domains.recommendations.domain.policy import USUAL
from api.domains.recommendations.domain.shelf import place
from api.domains.recommendations.repository import feeds as repository
from api.domains.recommendations.repository.feeds import Place
from api.domains.recommendations.service.recommend import LOT
from api.domains.recommendations.service.taste import word_of
from ingestion.contracts import new_event_id
from ingestion.contracts.recommendations import FeedServed, PostImpression

LIST = "for-you"
LONGEST_FEED = 100
OF_EACH_SOURCE = 60
KEPT = "3 hours"


async def for_you(
    connection: AsyncConnection, visitor: Visitor, customer_id: UUID, cursor: str | None = None, limit: int = 20
) -> FeedView:
    """Posts for a person, the best first, each with its reason; nothing that they may not read or do not want to see.

    Who chose not to be known gets what is popular with everybody. What is shown is logged as an impression. Raises
    Invalid for a cursor of another list.
    """
    is_personal, reset_at = await word_of(connection, visitor)
    removed = await repository.removed(connection, customer_id)
    if cursor:
        recommendation_id, start = _place_of(cursor)
        places = await repository.find(connection, recommendation_id, customer_id)
        if places is None:
            raise Invalid("cursor", "is of a list that is no longer kept; begin again")
    else:
        recommendation_id, start = new_event_id(), 0
        found = await communities.feed_candidates(
            connection, customer_id, reset_at, OF_EACH_SOURCE, removed, is_personal=is_personal
        )
        ranked = diversify(fuse(found), LONGEST_FEED, USUAL)
        places = [
            Place(
                each.candidate.post_id, each.candidate.source, reason(each.candidate.source, each.candidate.about),
                round(each.candidate.score, 6), position, each.propensity, each.pool_rank, each.pool_size,
            )
            for position, each in enumerate(place(ranked, LONGEST_FEED, USUAL, LOT), start=1)
        ]  # fmt: skip
        await repository.keep(connection, recommendation_id, customer_id, places)
    shown: list[tuple[Place, RecommendedPost]] = []
    while len(shown) < limit and start < len(places):
        part = {each.post_id: each for each in places[start : start + limit - len(shown)]}
        start += len(part)
        # What was taken out since is not shown on further pages either.
        wanted = [post_id for post_id in part if post_id not in removed]
        for post in await communities.cards(connection, wanted, customer_id):
            at = part[post.post_id]
            shown.append((at, RecommendedPost(post, at.reason, at.source, at.position)))
    more = encode_cursor(LIST, str(recommendation_id), start) if start < len(places) else None
    _record(recommendation_id, visitor, [at for at, _ in shown], is_personal=is_personal)
    return FeedView(recommendation_id, is_personal, [post for _, post in shown], more)


def _place_of(cursor: str) -> tuple[UUID, int]:
    name, recommendation_id, start = decode_cursor(cursor, str, str, int)
    try:
        if name != LIST or not 0 < start <= LONGEST_FEED:
            raise ValueError
        return UUID(recommendation_id), start
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None


def _record(recommendation_id: UUID, visitor: Visitor, shown: list[Place], *, is_personal: bool) -> None:
    if not shown:
        return
    items = tuple(
        PostImpression(
            position=each.position,
            post_id=each.post_id,
            source=each.source,
            score=each.score,
            propensity=each.propensity,
            pool_rank=each.pool_rank,
            pool_size=each.pool_size,
        )
        for each in shown
    )
    get_buffer().add(
        FeedServed(
            recommendation_id=recommendation_id,
            anonymous_id=visitor.anonymous_id,
            customer_id=visitor.customer_id,
            is_personal=is_personal,
            items=items,
        )
    )


async def sweep_feeds() -> int:
    """Forget feeds whose pages nobody turns any more."""
    async with transaction() as session:
        return await repository.purge(session, KEPT)
