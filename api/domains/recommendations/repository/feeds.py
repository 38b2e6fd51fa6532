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


async def purge(session: AsyncSession, kept: str) -> int:
    """Forget old ones."""
    done: Any = await session.execute(_PURGE, {"kept": kept})
    return int(done.rowcount)
