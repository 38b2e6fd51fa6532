"""SQL about everything that recommendations hold on one person: to hand it over, and to forget it."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader

HELD = {
    "choices": text("""
        SELECT is_personalised, reset_at, said_at FROM recommendations.choices WHERE person_id = :customer_id"""),
    "removals": text("""
        SELECT product_id, removed_at FROM recommendations.removals WHERE person_id = :customer_id
        ORDER BY product_id"""),
    "removed_posts": text("""
        SELECT post_id, removed_at FROM recommendations.removed_posts WHERE customer_id = :customer_id
        ORDER BY removed_at, post_id"""),
    "digests": text("SELECT sent_at FROM recommendations.digests WHERE customer_id = :customer_id"),
    "feeds": text("""
        SELECT recommendation_id, places, made_at FROM recommendations.feeds WHERE customer_id = :customer_id
        ORDER BY made_at, recommendation_id"""),
}
FORGET = {
    "choices": text("DELETE FROM recommendations.choices WHERE person_id = :customer_id"),
    "removals": text("DELETE FROM recommendations.removals WHERE person_id = :customer_id"),
    "removed_posts": text("DELETE FROM recommendations.removed_posts WHERE customer_id = :customer_id"),
    "digests": text("DELETE FROM recommendations.digests WHERE customer_id = :customer_id"),
    "feeds": text("DELETE FROM recommendations.feeds WHERE customer_id = :customer_id"),
}


async def held(reader: Reader, customer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """The rows on a person, by what they are."""
    return {
        name: [dict(row) for row in (await reader.execute(statement, {"customer_id": customer_id})).mappings()]
        for name, statement in HELD.items()
    }


async def forget(session: AsyncSession, customer_id: UUID) -> dict[str, int]:
    """Take them away; how many there were, by what they were."""
    counts: dict[str, int] = {}
    for name, statement in FORGET.items():
        done: Any = await session.execute(statement, {"customer_id": customer_id})
        counts[name] = int(done.rowcount)
    return counts
