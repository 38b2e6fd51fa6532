"""Units on their way to a buyer: reserved, allocated, shipped, and sometimes back again."""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.core.jobs import enqueue
from api.domains.inventory.contracts import LONGEST_RESERVATION, RESERVATION_LIFETIME
from api.domains.inventory.domain import SHARDS, merge_lines
from api.domains.inventory.errors import NotAllocated, NothingReserved, NotShipped, OutOfStock
from api.domains.inventory.repository import claims as repository
from api.domains.inventory.repository import shelves
from api.domains.inventory.service.movements import publish_claims

SWEEP_AT_MOST = 1_000
HOT_A_SECOND = 100  # reservations of one variant in one process; one row stands several times as many
HOT_FOR_SECONDS = 60
TRIES = 3
SPREAD_STOCK = "inventory.spread_stock"


class Heat:
    """Which variants many want at once, as far as this process sees; being wrong costs time, never a unit."""

    def __init__(self) -> None:
        self._second = 0
        self._wanted: Counter[int] = Counter()
        self._told_at: dict[int, int] = {}

    def count(self, variant_ids: Sequence[int]) -> list[int]:
        """Note a reservation; returns the variants that are hot and were not so within the last minute."""
        if (second := int(time.monotonic())) != self._second:
            self._second = second
            self._wanted.clear()
            self._told_at = {each: at for each, at in self._told_at.items() if second - at < HOT_FOR_SECONDS}
        self._wanted.update(variant_ids)
        hot = [each for each in variant_ids if self._wanted[each] >= HOT_A_SECOND and each not in self._told_at]
        self._told_at.update(dict.fromkeys(hot, second))
        return hot


HEAT = Heat()


async def reserve(session: AsyncSession, order_id: UUID, lines: Sequence[tuple[int, int]]) -> None:
    """Hold (variant id, quantity) for the order during ten minutes, all lines or none.

    Raises OutOfStock with what is available of each line that does not fit.
    """
    wanted = merge_lines(lines)
    if not wanted:
        return
    for variant_id in HEAT.count(list(wanted)):
        await enqueue(session, SPREAD_STOCK, lock=f"{SPREAD_STOCK}:{variant_id}", variant_id=variant_id)
    start = random.randrange(SHARDS)  # noqa: S311 - any shard will do
    if await repository.reserve_quick(session, order_id, wanted, RESERVATION_LIFETIME, start):
        return
    for _ in range(TRIES):
        short = await repository.reserve(session, order_id, wanted, RESERVATION_LIFETIME)
        if not short:
            return
        if not await _is_there_after_all(session, wanted, [variant_id for variant_id, *_ in short]):
            break
    raise OutOfStock([(variant, units) for variant, _, units in short], {variant: of for variant, of, _ in short})


async def _is_there_after_all(session: AsyncSession, wanted: Mapping[int, int], short: Sequence[int]) -> bool:
    """A row that was split while the statement waited for it shows only its own part; the next look shows all."""
    now = await shelves.available(session, short)
    return all(now.get(variant_id, 0) >= wanted[variant_id] for variant_id in short)


async def prolong(session: AsyncSession, order_id: UUID) -> None:
    """Ten more minutes from now, because the buyer is still at it; an hour in all. Raises NothingReserved."""
    if not await repository.prolong(session, order_id, RESERVATION_LIFETIME, LONGEST_RESERVATION):
        raise NothingReserved(order_id)


async def is_prolonged(reader: Reader, order_id: UUID) -> bool:
    """Whether a buyer is still at it: the goods are held, and for longer than they were at first."""
    return await repository.is_prolonged(reader, order_id, RESERVATION_LIFETIME)


async def allocate(session: AsyncSession, order_id: UUID) -> None:
    """What the order holds is its own until it is shipped or released.

    Raises NothingReserved when the reservation is gone. One that ran out but was not yet swept still counts.
    """
    claims = await repository.allocate(session, order_id)
    if not claims:
        raise NothingReserved(order_id)
    await publish_claims(session, claims, "allocated", order_id)


async def release(session: AsyncSession, order_id: UUID, lines: Sequence[tuple[int, int]] | None = None) -> None:
    """Whatever the order holds, reserved or allocated, is free again. Doing it twice frees nothing twice.

    Only an allocation was a movement, so only its release is one. With `lines` just these allocated units are freed;
    raises NotAllocated where the order does not own as many.
    """
    if lines is not None:
        wanted = merge_lines(lines)
        claims = await repository.release_lines(session, order_id, wanted)
        if wanted and not claims:
            raise NotAllocated(order_id, list(wanted))
    else:
        await repository.release_reservation(session, order_id)
        claims = await repository.release_allocation(session, order_id)
    await publish_claims(session, claims, "released", order_id)


async def ship(session: AsyncSession, order_id: UUID, lines: Sequence[tuple[int, int]]) -> None:
    """Allocated units leave the house, all lines or none. Raises NotAllocated."""
    wanted = merge_lines(lines)
    claims = await repository.ship(session, order_id, wanted)
    if wanted and not claims:
        raise NotAllocated(order_id, list(wanted))
    await publish_claims(session, claims, "shipped", order_id)


async def take_back(session: AsyncSession, order_id: UUID, lines: Sequence[tuple[int, int]], restock: bool) -> None:
    """Shipped units come back, to be sold again or not; all lines or none. Raises NotShipped for more than left."""
    wanted = merge_lines(lines)
    claims = await repository.take_back(session, order_id, wanted, restock)
    if wanted and not claims:
        raise NotShipped(order_id, list(wanted))
    await publish_claims(session, claims, "returned", order_id, "restocked" if restock else "not restocked")


async def sweep_expired(session: AsyncSession) -> int:
    """Free reservations that ran out, at most 1,000 in one transaction; returns how many, so that one can go on."""
    return await repository.sweep(session, SWEEP_AT_MOST)
