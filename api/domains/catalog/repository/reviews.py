"""SQL of catalog about reviews."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog.contracts import ReviewSummary, ReviewView
from api.domains.catalog.repository.products import Reader

_COLUMNS = "review_id, product_id, customer_id, rating, title, body, status, reason, helpful, created_at, updated_at"
_OF_PRODUCT = f"SELECT {_COLUMNS} FROM catalog.reviews WHERE product_id = :product_id AND status = 'published'"  # noqa: S608
NEWEST = text(f"""
    {_OF_PRODUCT} AND (CAST(:last AS uuid) IS NULL OR review_id < CAST(:last AS uuid))
    ORDER BY review_id DESC LIMIT :limit
""")
MOST_HELPFUL = text(f"""
    {_OF_PRODUCT} AND (CAST(:last AS uuid) IS NULL OR (helpful, review_id) < (:helpful, CAST(:last AS uuid)))
    ORDER BY helpful DESC, review_id DESC LIMIT :limit
""")
HELD = text(f"""
    SELECT {_COLUMNS} FROM catalog.reviews WHERE status = 'held' ORDER BY updated_at, review_id LIMIT :limit
""")  # noqa: S608
LOCKED = text(f"SELECT {_COLUMNS} FROM catalog.reviews WHERE review_id = :review_id FOR UPDATE")  # noqa: S608
OWN = text(f"""
    SELECT {_COLUMNS} FROM catalog.reviews WHERE product_id = :product_id AND customer_id = :customer_id
""")  # noqa: S608
# Two first reviews of one person at once: the second waits for the first and then changes nothing.
ADD = text(f"""
    INSERT INTO catalog.reviews (review_id, product_id, customer_id, rating, title, body, status)
    VALUES (:review_id, :product_id, :customer_id, :rating, :title, :body, :status)
    ON CONFLICT ON CONSTRAINT uq_reviews_person DO NOTHING RETURNING {_COLUMNS}
""")  # noqa: S608
CHANGE = text(f"""
    UPDATE catalog.reviews SET rating = :rating, title = :title, body = :body, status = :status, reason = NULL,
        updated_at = clock_timestamp()
    WHERE review_id = :review_id RETURNING {_COLUMNS}
""")  # noqa: S608
DECIDE = text(f"""
    UPDATE catalog.reviews SET status = :status, reason = :reason, updated_at = clock_timestamp()
    WHERE review_id = :review_id RETURNING {_COLUMNS}
""")  # noqa: S608
SUMMARIES = text("""
    SELECT product_id, rating, count(*) AS number FROM catalog.reviews
    WHERE product_id = ANY(:ids) AND status = 'published' GROUP BY product_id, rating
""")
VOTE = text("""
    INSERT INTO catalog.review_votes (review_id, customer_id) VALUES (:review_id, :customer_id) ON CONFLICT DO NOTHING
""")
UNVOTE = text("DELETE FROM catalog.review_votes WHERE review_id = :review_id AND customer_id = :customer_id")
VOTED = text("SELECT 1 FROM catalog.review_votes WHERE review_id = :review_id AND customer_id = :customer_id")
BOUGHT = text("SELECT 1 FROM catalog.purchases WHERE product_id = :product_id AND customer_id = :customer_id")
ADD_PURCHASES = text("""
    INSERT INTO catalog.purchases (customer_id, product_id, delivered_at)
    SELECT customer_id, product_id, min(delivered_at)
    FROM unnest(CAST(:customers AS uuid[]), CAST(:products AS bigint[]), CAST(:times AS timestamptz[]))
        AS t (customer_id, product_id, delivered_at)
    GROUP BY customer_id, product_id ORDER BY customer_id, product_id
    ON CONFLICT DO NOTHING
""")


def _view(row: RowMapping) -> ReviewView:
    return ReviewView(**row)


async def _one(reader: Reader, statement: Any, values: dict[str, Any]) -> ReviewView | None:
    row = (await reader.execute(statement, values)).mappings().first()
    return _view(row) if row else None


async def newest(reader: Reader, product_id: int, last: UUID | None, limit: int) -> list[ReviewView]:
    """Published reviews, the latest first; the ids are ordered by time."""
    rows = await reader.execute(NEWEST, {"product_id": product_id, "last": last, "limit": limit})
    return [_view(row) for row in rows.mappings()]


async def most_helpful(
    reader: Reader, product_id: int, helpful: int, last: UUID | None, limit: int
) -> list[ReviewView]:
    """Published reviews, those that helped most people first."""
    values = {"product_id": product_id, "helpful": helpful, "last": last, "limit": limit}
    return [_view(row) for row in (await reader.execute(MOST_HELPFUL, values)).mappings()]


async def held(reader: Reader, limit: int) -> list[ReviewView]:
    """What waits to be looked at, the longest first."""
    return [_view(row) for row in (await reader.execute(HELD, {"limit": limit})).mappings()]


async def locked(session: AsyncSession, review_id: UUID) -> ReviewView | None:
    """One review, which nobody else changes until the transaction ends."""
    return await _one(session, LOCKED, {"review_id": review_id})


async def own(reader: Reader, product_id: int, customer_id: UUID) -> ReviewView | None:
    """What a person wrote about a product, whatever its state."""
    return await _one(reader, OWN, {"product_id": product_id, "customer_id": customer_id})


async def add(session: AsyncSession, values: dict[str, Any]) -> ReviewView | None:
    """A first review; None where the person has one."""
    return await _one(session, ADD, values)


async def change(session: AsyncSession, values: dict[str, Any]) -> ReviewView | None:
    """New rating and words."""
    return await _one(session, CHANGE, values)


async def decide(session: AsyncSession, review_id: UUID, status: str, reason: str | None) -> ReviewView | None:
    """A new state."""
    return await _one(session, DECIDE, {"review_id": review_id, "status": status, "reason": reason})


async def summaries(reader: Reader, ids: Sequence[int]) -> dict[int, ReviewSummary]:
    """Product → summary, for products with a published review."""
    counts: dict[int, list[int]] = {}
    for row in await reader.execute(SUMMARIES, {"ids": list(ids)}):
        counts.setdefault(row.product_id, [0] * 5)[row.rating - 1] = row.number
    return {
        product_id: ReviewSummary(
            sum(five), sum(rating * number for rating, number in enumerate(five, 1)) / sum(five),
            (five[0], five[1], five[2], five[3], five[4]),
        )
        for product_id, five in counts.items()
    }  # fmt: skip


async def set_vote(session: AsyncSession, review_id: UUID, customer_id: UUID, is_helpful: bool) -> None:
    """A person's vote, given or taken back; the same again does nothing."""
    await session.execute(VOTE if is_helpful else UNVOTE, {"review_id": review_id, "customer_id": customer_id})


async def has_bought(reader: Reader, product_id: int, customer_id: UUID) -> bool:
    """Whether the product reached the person."""
    found = await reader.execute(BOUGHT, {"product_id": product_id, "customer_id": customer_id})
    return found.first() is not None


async def add_purchases(session: AsyncSession, rows: Iterable[tuple[UUID, int, datetime]]) -> None:
    """(customer, product, time) of what arrived; known ones stay as they are."""
    values = list(rows)
    if values:
        customers, products, times = (list(column) for column in zip(*values, strict=True))
        await session.execute(ADD_PURCHASES, {"customers": customers, "products": products, "times": times})


async def has_voted(reader: Reader, review_id: UUID, customer_id: UUID) -> bool:
    """Whether the person found the review helpful."""
    found = await reader.execute(VOTED, {"review_id": review_id, "customer_id": customer_id})
    return found.first() is not None
