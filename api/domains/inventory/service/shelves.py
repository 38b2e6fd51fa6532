"""Receiving, adjusting, locations, and units that many want at once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import transaction
from api.core.errors import Invalid
from api.core.outbox import publish
from api.domains.inventory.contracts import MAIN, Location
from api.domains.inventory.domain import merge_lines
from api.domains.inventory.errors import BelowClaims, NoSuchLocation
from api.domains.inventory.repository import Reader
from api.domains.inventory.repository import shelves as repository
from api.domains.inventory.service.movements import product_of, publish_received
from ingestion.contracts.inventory import StockMoved

available = repository.available
available_of_products = repository.available_of_products
in_stock = repository.in_stock
locations = repository.locations
movements = repository.movements
stock_differences = repository.differences
stock_summary = repository.summary


async def receive_many(session: AsyncSession, rows: Sequence[tuple[int, int]]) -> int:
    """Opening balance: (variant id, quantity) for variants that never had stock; the others are left as they are.

    Returns how many were opened. By COPY, with a movement and an event each.
    """
    quantities = merge_lines(rows)
    missing = await repository.without_stock(session, list(quantities))
    opening = [(variant_id, quantity) for variant_id, quantity in quantities.items() if variant_id in missing]
    if opening:
        products = await product_of(session, missing)
        await repository.open_stock(session, opening, products)
        await publish_received(session, opening, products, MAIN, None)
    return len(opening)


async def receive(
    session: AsyncSession,
    rows: Sequence[tuple[int, int]],
    location: str = MAIN,
    cause: str | None = None,
    actor_id: UUID | None = None,
) -> None:
    """A delivery: (variant id, quantity) come on top of what is there. Raises NoSuchLocation."""
    quantities = merge_lines(rows)
    await find_location(session, location)
    products = await product_of(session, quantities)
    await repository.receive(session, quantities, products, location, cause, actor_id)
    await publish_received(session, list(quantities.items()), products, location, cause)
    if actor_id:
        for variant_id, quantity in quantities.items():
            await record_act(session, actor_id, "stock.receive", f"variant:{variant_id}", location=location,
                             quantity=quantity, cause=cause)  # fmt: skip


async def adjust(
    session: AsyncSession, variant_id: int, location: str, quantity_change: int, reason: str, actor_id: UUID | None
) -> None:
    """The count was wrong: `quantity_change` more or fewer are on hand.

    Raises BelowClaims, which names the claims, when fewer would be left than are allocated and reserved, and
    NoSuchLocation.
    """
    if not quantity_change:
        raise Invalid("quantity_change", "must not be zero")
    if not reason.strip():
        raise Invalid("reason", "must be told")
    await find_location(session, location)
    product_id = (await product_of(session, [variant_id]))[variant_id]
    fits, on_hand, allocated, reserved = await repository.adjust(
        session, variant_id, product_id, location, quantity_change, reason, actor_id
    )
    if not fits:
        claims = await repository.claims(session, variant_id, location)
        raise BelowClaims(on_hand + quantity_change, allocated, reserved, claims)
    event = StockMoved(
        product_id=product_id,
        movement="adjusted",
        quantity=quantity_change,
        variant_id=variant_id,
        location=location,
        cause=reason,
    )
    await publish(session, event)
    await record_act(session, actor_id, "stock.adjust", f"variant:{variant_id}", location=location,
                     change=quantity_change, reason=reason)  # fmt: skip


async def put_location(session: AsyncSession, location: Location, actor_id: UUID | None) -> None:
    """Make or change a location. One that is not active keeps its stock, but sells none of it."""
    await repository.put_location(session, location)
    await record_act(session, actor_id, "stock.location", f"location:{location.location}", name=location.name,
                     priority=location.priority, is_active=location.is_active)  # fmt: skip


async def find_location(reader: Reader, name: str) -> Location:
    """By its short name. Raises NoSuchLocation."""
    for each in await repository.locations(reader):
        if each.location == name:
            return each
    raise NoSuchLocation


async def spread_stock(variant_id: int) -> None:
    """A task: the variant lies in many rows from now on."""
    async with transaction() as session:
        await repository.spread(session, variant_id)


async def gather_quiet() -> int:
    """A sweep: variants that nobody is buying any more lie in one row again; returns how many."""
    async with transaction() as session:
        quiet = await repository.quiet_variants(session)
        for variant_id in sorted(quiet):
            await repository.gather(session, variant_id)
    return len(quiet)
