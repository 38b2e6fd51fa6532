"""Reviews: written by buyers, looked at where a rule says so, weighed by other people's votes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.errors import Invalid
from api.core.outbox import publish
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.texts import fitting
from api.domains.catalog.contracts import ReviewSummary, ReviewView
from api.domains.catalog.errors import NotBought, OwnReview, ReviewNotFound
from api.domains.catalog.repository import reviews
from api.domains.catalog.repository.products import Reader
from api.domains.catalog.service import subjects
from api.domains.catalog.service.products import get_product
from api.domains.moderation import facade as moderation
from api.domains.moderation.contracts import Subject
from ingestion.contracts import new_event_id
from ingestion.contracts.catalog import ReviewPublished, ReviewWithdrawn

Order = Literal["helpful", "new"]
LONGEST_TITLE, LONGEST_BODY, LONGEST_REASON = 100, 4000, 500
QUEUE_SHOWN = 100
MOST_VOTES = 2**31 - 1


async def write(
    session: AsyncSession, customer_id: UUID, product_id: int, rating: int, title: str, body: str
) -> ReviewView:
    """A person's review of a product, or their new words for it.

    One that waits or was rejected is looked at again. Raises ProductNotFound, NotBought and Invalid.
    """
    await get_product(session, product_id)
    if not await reviews.has_bought(session, product_id, customer_id):
        raise NotBought
    if not 1 <= rating <= 5:
        raise Invalid("rating", "is 1 to 5")
    title, body = fitting("title", title, LONGEST_TITLE), fitting("body", body, LONGEST_BODY)
    words = {"rating": rating, "title": title, "body": body}
    known = await reviews.own(session, product_id, customer_id)
    review_id = known.review_id if known else new_event_id()
    verdict = await moderation.judge(session, f"{title}\n{body}", "review", customer_id, subject_id=review_id)
    status: str = verdict.status
    first = {
        "review_id": new_event_id() if known else review_id,
        "product_id": product_id,
        "customer_id": customer_id,
        "status": status,
    }
    written = await reviews.add(session, first | words)
    was = None
    if written is None:
        known = await reviews.own(session, product_id, customer_id)
        was = await reviews.locked(session, known.review_id) if known else None
        if was is None:
            raise ReviewNotFound
        if was.status != "published":
            status = "held"
        written = await reviews.change(session, words | {"review_id": was.review_id, "status": status})
    if written is not None and status == "held":
        await moderation.hold(session, subjects.of_review(written), verdict)
    return await _tell(session, was, written)


async def _tell(session: AsyncSession, was: ReviewView | None, now: ReviewView | None) -> ReviewView:
    if now is None:
        raise ReviewNotFound
    ids = {"review_id": now.review_id, "product_id": now.product_id, "customer_id": now.customer_id}
    if now.status == "published":
        await publish(session, ReviewPublished(**ids, rating=now.rating))
    elif was is not None and was.status == "published":
        await publish(session, ReviewWithdrawn(**ids))
    return now


async def decide(
    session: AsyncSession, operator_id: UUID, review_id: UUID, is_published: bool, reason: str = ""
) -> ReviewView:
    """Publish a review, or reject it with a reason; the same again does nothing. Raises ReviewNotFound, Invalid."""
    why = None if is_published else fitting("reason", reason, LONGEST_REASON, shortest=1)
    status = "published" if is_published else "rejected"
    was = await reviews.locked(session, review_id)
    if was is None:
        raise ReviewNotFound
    if was.status == status:
        return was
    await record_act(session, operator_id, f"reviews.{'publish' if is_published else 'reject'}", f"review:{review_id}")
    subject = subjects.of_review(was)
    await moderation.settle(session, subject, operator_id, "approve" if is_published else "remove", why or "")
    if is_published and was.status == "rejected":
        await moderation.take_back(session, "review", review_id, operator_id)
    return await set_status(session, was, status, why)


async def set_status(session: AsyncSession, was: ReviewView, status: str, why: str | None) -> ReviewView:
    """Another state of a review that is locked, and all that follows."""
    return await _tell(session, was, await reviews.decide(session, was.review_id, status, why))


async def to_report(session: AsyncSession, review_id: UUID) -> Subject:
    """A review that everybody reads. Raises ReviewNotFound."""
    found = await reviews.locked(session, review_id)
    if found is None or found.status != "published":
        raise ReviewNotFound
    return subjects.of_review(found)


async def vote(session: AsyncSession, customer_id: UUID, review_id: UUID, is_helpful: bool) -> ReviewView:
    """Find a review helpful, or no longer; one vote a person. Raises ReviewNotFound, OwnReview."""
    review = await reviews.locked(session, review_id)
    if review is None or review.status != "published":
        raise ReviewNotFound
    if review.customer_id == customer_id:
        raise OwnReview
    await reviews.set_vote(session, review_id, customer_id, is_helpful)
    return await reviews.locked(session, review_id) or review


async def list_reviews(
    reader: Reader, product_id: int, order: Order, cursor: str | None, limit: int
) -> Page[ReviewView]:
    """Published reviews of a product. Raises Invalid for a cursor of another list."""
    helpful, last = _position(cursor)
    if order == "new":
        rows = await reviews.newest(reader, product_id, last, limit + 1)
    else:
        rows = await reviews.most_helpful(reader, product_id, helpful, last, limit + 1)
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(shown, encode_cursor(shown[-1].helpful, str(shown[-1].review_id)) if more else None)


def _position(cursor: str | None) -> tuple[int, UUID | None]:
    if not cursor:
        return 0, None
    helpful, last = decode_cursor(cursor, int, str)
    try:
        if not 0 <= helpful <= MOST_VOTES:
            raise ValueError
        return helpful, UUID(last)
    except ValueError:
        raise Invalid("cursor", "is not a cursor of this list") from None


async def queue(reader: Reader) -> list[ReviewView]:
    """What waits to be looked at, the longest first."""
    return await reviews.held(reader, QUEUE_SHOWN)


async def own_review(reader: Reader, product_id: int, customer_id: UUID) -> ReviewView | None:
    """What the person wrote about the product, if anything, whatever its state."""
    return await reviews.own(reader, product_id, customer_id)


async def may_review(reader: Reader, product_id: int, customer_id: UUID) -> bool:
    """Whether the product reached this person."""
    return await reviews.has_bought(reader, product_id, customer_id)


async def review_summary(reader: Reader, product_ids: Sequence[int]) -> dict[int, ReviewSummary]:
    """Product → count, average and histogram of its published reviews; none for a product without any."""
    return await reviews.summaries(reader, product_ids)


async def note_delivered(session: AsyncSession, rows: Iterable[tuple[UUID, int, datetime]]) -> None:
    """(customer, product, time) of what reached people: from now on they may review it."""
    await reviews.add_purchases(session, rows)


async def switch_vote(session: AsyncSession, customer_id: UUID, review_id: UUID) -> ReviewView:
    """Give a vote that is not there, take back one that is. Raises ReviewNotFound, OwnReview."""
    await reviews.locked(session, review_id)
    is_there = await reviews.has_voted(session, review_id, customer_id)
    return await vote(session, customer_id, review_id, not is_there)
