"""Use cases of inventory."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.outbox import publish, publish_many
from api.domains.inventory import repository
from api.domains.inventory.contracts import RESERVATION_LIFETIME, Claim
from api.domains.inventory.domain import merge_lines
from api.domains.inventory.errors import NothingReserved, OutOfStock
from ingestion.contracts.inventory import StockMoved

SWEEP_AT_MOST = 1_000

available = repository.available


async def reserve(session: AsyncSession, order_id: UUID, lines: Sequence[tuple[int, int]]) -> None:
    """Hold (product id, quantity) for the order during ten minutes, all lines or none.

    Raises OutOfStock with what is available of each line that does not fit.
    """
    short = await repository.reserve(session, order_id, merge_lines(lines), RESERVATION_LIFETIME)
    if short:
        raise OutOfStock(short)


async def allocate(session: AsyncSession, order_id: UUID) -> None:
    """What the order holds is its own until it is shipped or released.

    Raises NothingReserved when the reservation is gone. One that ran out but was not yet swept still counts.
    """
    claims = await repository.allocate(session, order_id)
    if not claims:
        raise NothingReserved(order_id)
    await publish(session, *_moved(claims, "allocated", order_id))


async def release(session: AsyncSession, order_id: UUID) -> None:
    """Whatever the order holds, reserved or allocated, is free again. Doing it twice frees nothing twice.

    Only an allocation was a movement, so only its release is one.
    """
    await repository.release_reservation(session, order_id)
    claims = await repository.release_allocation(session, order_id)
    await publish(session, *_moved(claims, "released", order_id))


async def ship(session: AsyncSession, order_id: UUID, lines: Sequence[tuple[int, int]]) -> None:
    """Allocated units leave the house. Raises NothingReserved unless the order holds all of them."""
    claims = await repository.ship(session, order_id, merge_lines(lines))
    if not claims:
        raise NothingReserved(order_id)
    await publish(session, *_moved(claims, "shipped", order_id))


async def take_back(session: AsyncSession, order_id: UUID, lines: Sequence[tuple[int, int]], restock: bool) -> None:
    """Units came back: onto the shelf again, or, without `restock`, they are written off and nothing moves."""
    if restock:
        claims = await repository.take_back(session, order_id, merge_lines(lines))
        await publish(session, *_moved(claims, "returned", order_id))


def _moved(claims: Sequence[Claim], movement: str, order_id: UUID) -> list[StockMoved]:
    return [
        StockMoved(product_id=claim.product_id, movement=movement, quantity=claim.quantity, order_id=order_id)
        for claim in claims
    ]


async def sweep_expired(session: AsyncSession) -> int:
    """Free reservations that ran out, at most 1,000 in one transaction; returns how many, so that one can go on."""
    return await repository.sweep(session, SWEEP_AT_MOST)


async def receive_many(session: AsyncSession, rows: Sequence[tuple[int, int]]) -> int:
    """Opening balance: (product id, quantity) for products that never had stock; the others are left as they are.

    Returns how many were opened. By COPY, with a movement and an event each.
    """
    quantities = merge_lines(rows)
    missing = await repository.without_stock(session, list(quantities))
    opening = [(product_id, quantity) for product_id, quantity in quantities.items() if product_id in missing]
    if opening:
        await repository.open_stock(session, opening)
        await _publish_received(session, opening)
    return len(opening)


async def receive(session: AsyncSession, rows: Sequence[tuple[int, int]]) -> None:
    """A delivery: (product id, quantity) come on top of what is there."""
    quantities = merge_lines(rows)
    await repository.receive(session, quantities)
    await _publish_received(session, list(quantities.items()))


async def _publish_received(session: AsyncSession, rows: Sequence[tuple[int, int]]) -> None:
    now = datetime.now(UTC)
    await publish_many(
        session,
        (
            (
                StockMoved,
                str(product_id),
                {"product_id": product_id, "movement": "received", "quantity": quantity, "order_id": None},
                now,
            )
            for product_id, quantity in rows
        ),
    )
