"""SQL of feeds as they were answered: turning their pages shows each post once, whatever happens meanwhile."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader

_KEEP = text("""
    INSERT INTO recommendations.feeds (recommendation_id, customer_id, places)
    VALUES (:recommendation_id, :customer_id, CAST(:places AS jsonb))
""")
_FIND = text("""
    SELECT places FROM recommendations.feeds WHERE recommendation_id = :recommendation_id AND customer_id = :customer_id
""")
_REMOVED = text("""
    SELECT post_id FROM recommendations.removed_posts WHERE customer_id = :customer_id
    ORDER BY removed_at DESC, post_id
""")
_REMOVE = text("""
    INSERT INTO recommendations.removed_posts (customer_id, post_id) VALUES (:customer_id, :post_id)
    ON CONFLICT DO NOTHING RETURNING post_id
""")
_RESTORE = text("""
    DELETE FROM recommendations.removed_posts WHERE customer_id = :customer_id AND post_id = :post_id RETURNING post_id
""")
_COUNT = text("SELECT count(*) FROM recommendations.removed_posts WHERE customer_id = :customer_id")
_PURGE = text("DELETE FROM recommendations.feeds WHERE made_at < now() - CAST(:kept AS interval)")


@dataclass(frozen=True, slots=True)
class Place:
    """One post of a feed at its place, which counts from 1; as `Impression` has it for products."""

    post_id: UUID
    source: str
    reason: str
    score: float
    position: int
    propensity: float
    pool_rank: int | None
    pool_size: int | None


async def keep(reader: Reader, recommendation_id: UUID, customer_id: UUID, places: Sequence[Place]) -> None:
    """A feed, to turn pages in."""
    rows = orjson.dumps([asdict(each) for each in places]).decode()
    values = {"recommendation_id": recommendation_id, "customer_id": customer_id, "places": rows}
    await reader.execute(_KEEP, values)


async def find(reader: Reader, recommendation_id: UUID, customer_id: UUID) -> list[Place] | None:
    """A feed that was answered to this person; None where it is another's or no longer kept."""
    rows: Any = await reader.execute(_FIND, {"recommendation_id": recommendation_id, "customer_id": customer_id})
    found = rows.scalar_one_or_none()
    return None if found is None else [Place(**{**each, "post_id": UUID(each["post_id"])}) for each in found]


async def removed(reader: Reader, customer_id: UUID) -> list[UUID]:
    """What a person does not want in their feed, the latest first."""
    return list((await reader.execute(_REMOVED, {"customer_id": customer_id})).scalars())


async def count_removed(reader: Reader, customer_id: UUID) -> int:
    """How much that is."""
    return int((await reader.execute(_COUNT, {"customer_id": customer_id})).scalar_one())


async def remove(session: AsyncSession, customer_id: UUID, post_id: UUID) -> bool:
    """Want a post no more; False where it was so already."""
    found = await session.execute(_REMOVE, {"customer_id": customer_id, "post_id": post_id})
    return found.scalar_one_or_none() is not None


async def restore(session: AsyncSession, customer_id: UUID, post_id: UUID) -> bool:
    """Want it again; False where it was so already."""
    found = await session.execute(_RESTORE, {"customer_id": customer_id, "post_id": post_id})
    return found.scalar_one_or_none() is not None


async def purge(session: AsyncSession, kept: str) -> int:
    """Forget old ones."""
    done: Any = await session.execute(_PURGE, {"kept": kept})
    return int(done.rowcount)
