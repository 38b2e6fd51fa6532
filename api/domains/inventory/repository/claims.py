"""Reservations and allocations: each change is one statement."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import TextClause

from api.domains.inventory.contracts import Claim
from api.domains.inventory.repository import Reader, statements


async def reserve(
    session: AsyncSession, order_id: UUID, wanted: Mapping[int, int], lifetime: timedelta
) -> list[tuple[int, int, int]]:
    """Hold all of `wanted` or nothing; returns (variant, product, available) of the lines that stood in the way."""
    rows = await session.execute(statements.RESERVE, _lines(order_id, wanted) | {"lifetime": lifetime})
    return [(row.variant_id, row.product_id or row.variant_id, row.available) for row in rows]


async def reserve_quick(
    session: AsyncSession, order_id: UUID, wanted: Mapping[int, int], lifetime: timedelta, start: int
) -> bool:
    """Hold each line in one row, tried from shard `start` on; False, and no lock, where that is not to be had."""
    values = _lines(order_id, wanted) | {"lifetime": lifetime, "start": start}
    return bool((await session.execute(statements.RESERVE_QUICK, values)).scalar_one())


async def prolong(session: AsyncSession, order_id: UUID, lifetime: timedelta, longest: timedelta) -> bool:
    """Begin the time of the order's reservations anew; False where it holds none."""
    values = {"order_id": order_id, "lifetime": lifetime, "longest": longest}
    return bool((await session.execute(statements.PROLONG, values)).all())


async def is_prolonged(reader: Reader, order_id: UUID, lifetime: timedelta) -> bool:
    """Whether the order holds goods for longer than it did at first."""
    values = {"order_id": order_id, "lifetime": lifetime}
    return bool((await reader.execute(statements.IS_PROLONGED, values)).scalar_one())


async def allocate(session: AsyncSession, order_id: UUID) -> list[Claim]:
    """Reservations of the order become allocations; returns them."""
    return await _claims(session, statements.ALLOCATE, {"order_id": order_id})


async def release_allocation(session: AsyncSession, order_id: UUID) -> list[Claim]:
    """Allocations of the order become free stock; returns them."""
    return await _claims(session, statements.RELEASE_ALLOCATION, {"order_id": order_id})


async def release_lines(session: AsyncSession, order_id: UUID, wanted: Mapping[int, int]) -> list[Claim]:
    """Some of the order's allocations become free stock, all lines or none; returns them."""
    return await _claims(session, statements.RELEASE_LINES, _lines(order_id, wanted))


async def ship(session: AsyncSession, order_id: UUID, wanted: Mapping[int, int]) -> list[Claim]:
    """Some of the order's allocations leave the house, all lines or none; returns them."""
    return await _claims(session, statements.SHIP, _lines(order_id, wanted))


async def take_back(session: AsyncSession, order_id: UUID, wanted: Mapping[int, int], restock: bool) -> list[Claim]:
    """Shipped units come back, all lines or none; returns them. Two returns of one order wait for each other."""
    await session.execute(statements.LOCK_ORDER, {"order_id": str(order_id)})
    return await _claims(session, statements.TAKE_BACK, _lines(order_id, wanted) | {"restock": restock})


async def _claims(session: AsyncSession, statement: TextClause, values: Mapping[str, object]) -> list[Claim]:
    rows = await session.execute(statement, values)
    return [Claim(row.variant_id, row.product_id, row.location, row.quantity) for row in rows]


async def release_reservation(session: AsyncSession, order_id: UUID) -> int:
    """Reservations of the order become free stock; returns how many there were."""
    return int((await session.execute(statements.RELEASE_RESERVATION, {"order_id": order_id})).scalar_one())


async def sweep(session: AsyncSession, most: int) -> int:
    """At most `most` reservations that ran out become free stock; returns how many."""
    return int((await session.execute(statements.SWEEP, {"most": most})).scalar_one())


def _lines(order_id: UUID, wanted: Mapping[int, int]) -> dict[str, object]:
    return {"order_id": order_id, "ids": list(wanted), "quantities": list(wanted.values())}
