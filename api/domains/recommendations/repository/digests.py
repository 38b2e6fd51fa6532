"""Who got the last mail of what fits them when."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader

_TAKE = text("""
    INSERT INTO recommendations.digests (customer_id, sent_at)
    SELECT customer_id, now() FROM unnest(CAST(:people AS uuid[])) AS customer_id ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET sent_at = excluded.sent_at
        WHERE recommendations.digests.sent_at <= now() - make_interval(days => :days)
    RETURNING customer_id
""")

_DUE = text("""
    SELECT person.customer_id FROM unnest(CAST(:people AS uuid[])) AS person (customer_id)
    LEFT JOIN recommendations.digests AS last USING (customer_id)
    WHERE last.sent_at IS NULL OR last.sent_at <= now() - make_interval(days => :days)
""")


async def due(reader: Reader, people: Sequence[UUID], days: int) -> list[UUID]:
    """Those of these people who got none for so long."""
    return list((await reader.execute(_DUE, {"people": list(people), "days": days})).scalars())


async def take_due(session: AsyncSession, people: Sequence[UUID], days: int) -> list[UUID]:
    """Those of these people who got none for so long; from now on they have got it, whoever else asks."""
    return list((await session.execute(_TAKE, {"people": list(people), "days": days})).scalars())
