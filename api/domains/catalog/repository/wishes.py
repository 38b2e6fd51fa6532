"""SQL of wishlists."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader

LOCK_LIST = text("SELECT pg_advisory_xact_lock(hashtextextended('catalog.wishes:' || :customer_id, 0))")
COUNT = text("SELECT count(*) FROM catalog.wishes WHERE customer_id = :customer_id")
ADD = text("""
    INSERT INTO catalog.wishes (customer_id, variant_id, known_price_minor, wished_price_minor)
    VALUES (:customer_id, :variant_id, :price_minor, :price_minor)
    ON CONFLICT ON CONSTRAINT uq_wishes_person DO NOTHING RETURNING wish_id
""")
REMOVE = text("""
    DELETE FROM catalog.wishes WHERE customer_id = :customer_id AND variant_id = :variant_id RETURNING wish_id
""")
LIST = text("""
    SELECT variant_id, wished_price_minor, wished_at FROM catalog.wishes WHERE customer_id = :customer_id
    ORDER BY wish_id DESC
""")
IS_WISHED = text("""
    SELECT EXISTS (SELECT FROM catalog.wishes WHERE customer_id = :customer_id AND variant_id = :variant_id)
""")
# Two workers that tell of one fall at once take different people: who is told knows the price from then on.
TAKE = text("""
    UPDATE catalog.wishes w SET known_price_minor = :price_minor FROM (
        SELECT wish_id, known_price_minor AS was FROM catalog.wishes
        WHERE variant_id = :variant_id AND known_price_minor > :price_minor
        ORDER BY wish_id LIMIT :most FOR UPDATE SKIP LOCKED
    ) AS found
    WHERE w.wish_id = found.wish_id RETURNING w.customer_id, found.was
""")
WISHERS = text("SELECT customer_id, variant_id FROM catalog.wishes WHERE variant_id = ANY(:ids) ORDER BY wish_id")


async def add(session: AsyncSession, customer_id: UUID, variant_id: int, price_minor: int) -> tuple[bool, int]:
    """Whether the wish is new, and how many the person has then; one writer of a list at a time."""
    await session.execute(LOCK_LIST, {"customer_id": str(customer_id)})
    values = {"customer_id": customer_id, "variant_id": variant_id, "price_minor": price_minor}
    is_new = (await session.execute(ADD, values)).first() is not None
    return is_new, (await session.execute(COUNT, {"customer_id": customer_id})).scalar_one()


async def remove(session: AsyncSession, customer_id: UUID, variant_id: int) -> bool:
    """False when it was not on the list."""
    values = {"customer_id": customer_id, "variant_id": variant_id}
    return (await session.execute(REMOVE, values)).first() is not None


async def of_person(reader: Reader, customer_id: UUID) -> list[tuple[int, int, datetime]]:
    """(variant, price when it was wished for, time), the latest first."""
    rows = await reader.execute(LIST, {"customer_id": customer_id})
    return [(row.variant_id, row.wished_price_minor, row.wished_at) for row in rows]


async def is_wished(reader: Reader, customer_id: UUID, variant_id: int) -> bool:
    """Whether it is on the person's list."""
    found: bool = (await reader.execute(IS_WISHED, {"customer_id": customer_id, "variant_id": variant_id})).scalar_one()
    return found


async def take_untold(session: AsyncSession, variant_id: int, price_minor: int, most: int) -> dict[UUID, int]:
    """At most so many people who know a higher price only, each with that price; from now on they know this one."""
    values = {"variant_id": variant_id, "price_minor": price_minor, "most": most}
    return {row.customer_id: row.was for row in await session.execute(TAKE, values)}


async def wishers(reader: Reader, variant_ids: Sequence[int]) -> list[tuple[UUID, int]]:
    """(person, variant) of all who wish for one of these, the earliest first."""
    rows = await reader.execute(WISHERS, {"ids": list(variant_ids)})
    return [(row.customer_id, row.variant_id) for row in rows]
