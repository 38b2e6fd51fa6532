"""Low stock is told once per crossing with what to reorder; who waits for something is told when it is back."""

import math
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader, reading, transaction
from api.core.errors import Conflict, NotFound
from api.core.inbox import ReceivedEvent
from api.core.mail import send_mail
from api.core.outbox import publish
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.settings import get_settings
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import VariantForSale, Wanted
from api.domains.identity import facade as identity
from api.domains.inventory.contracts import Level, Listed, Reorder
from api.domains.inventory.domain import NOTHING_SOLD
from api.domains.inventory.errors import NoSuchVariant
from api.domains.inventory.repository import alerts as repository
from api.domains.inventory.service.shelves import available, find_location
from ingestion.contracts.catalog import ItemUnwished, ItemWished
from ingestion.contracts.inventory import BackInStock, StockLow, StockMoved

DAYS = 28
LEAD_TIME_DAYS = 7
MOST_WAITED_FOR = 100
INVITATION = timedelta(days=1)
START = (-(2**62), 0, "")


class IsInStock(Conflict):
    """Nobody has to wait for what can be bought."""

    type = "is-in-stock"
    title = "It is in stock: nobody has to wait for it"


class WaitsForTooMuch(Conflict):
    """More things waited for than one person may."""

    type = "waits-for-too-much"
    title = f"You wait for {MOST_WAITED_FOR} things already; leave a line first"


async def set_threshold(
    session: AsyncSession, actor_id: UUID, variant_id: int, location: str, low_at: int, lead_time_days: int
) -> None:
    """From so many units down it is low; when it is already, that is told now. Raises NoSuchVariant, NoSuchLocation."""
    await _find_variant(session, variant_id)
    await find_location(session, location)
    await repository.put_threshold(session, variant_id, location, low_at, lead_time_days)
    await record_act(session, actor_id, "stock.threshold", f"variant:{variant_id}", location=location, low_at=low_at)
    await tell_low(session, [variant_id])


async def drop_threshold(session: AsyncSession, actor_id: UUID, variant_id: int, location: str) -> None:
    """Watch it no longer. Raises NotFound."""
    if not await repository.drop_threshold(session, variant_id, location):
        raise NotFound("There is no threshold.")
    await record_act(session, actor_id, "stock.threshold", f"variant:{variant_id}", location=location, low_at=None)


async def hear_of_stock(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """The handler of movements: a crossed threshold is told once; who wishes for what is sold out stands in line."""
    moved = [event.data for event in events if isinstance(event.data, StockMoved)]
    variant_ids = [event.variant_id or event.product_id for event in moved]
    await tell_low(session, variant_ids)
    if gone := await repository.sold_out(session, variant_ids):
        await _line_up(session, await catalog.wishers(session, gone))


async def hear_of_wishes(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """The handler of wishlists: a wish for what is sold out is a place in the line, and goes with the wish.

    What the list says now counts, so that the order of events does not matter.
    """
    changed = {
        (event.data.customer_id, event.data.variant_id)
        for event in events
        if isinstance(event.data, ItemWished | ItemUnwished)
    }
    variant_ids = sorted({variant_id for _, variant_id in changed})
    wished = [pair for pair in await catalog.wishers(session, variant_ids) if pair in changed]
    gone = set(await repository.sold_out(session, variant_ids))
    await _line_up(session, [pair for pair in wished if pair[1] in gone])
    for customer_id, variant_id in changed - set(wished):
        await repository.unsubscribe(session, customer_id, variant_id)


async def _line_up(session: AsyncSession, pairs: Sequence[tuple[UUID, int]]) -> None:
    if pairs:
        await repository.subscribe_all(session, pairs)


async def tell_low(session: AsyncSession, variant_ids: Sequence[int]) -> int:
    """Event and mail for what became low; returns how many. It is told again only after it was above."""
    rows = await repository.crossed(session, variant_ids)
    if not rows:
        return 0
    ids = [row.variant_id for row in rows]
    variants = await catalog.get_variants(session, ids)
    demand = await repository.demand(session, ids, DAYS)
    for row in rows:
        variant = variants[row.variant_id]
        daily = demand.get((row.variant_id, row.location), NOTHING_SOLD)
        reorder = daily.units_to_order(row.available, row.low_at, row.lead_time_days)
        said = "is expected to sell" if daily.is_forecast else f"sold in the last {DAYS} days"
        event = StockLow(
            product_id=variant.product_id,
            variant_id=row.variant_id,
            location=row.location,
            available=row.available,
            low_at=row.low_at,
            reorder_units=reorder,
        )
        await publish(session, event)
        text = (
            f"{variant.title} ({variant.sku}) is low at {row.location}: {row.available} available,"
            f" threshold {row.low_at}.\n"
            f"It {said} {daily.mean:.1f} a day; with {row.lead_time_days} days of delivery, order {reorder}.\n\n"
            f"{get_settings().api_url}/operate/stock/{row.variant_id}\n"
        )
        for address in await _keepers(session, variant):
            await send_mail(session, address, f"Low stock: {variant.title}", text)
    return len(rows)


async def look_again() -> int:
    """A sweep over what was told as low: a reservation that ran out moves nothing, and yet may end it."""
    async with transaction() as session:
        low = await repository.told_low(session)
        return await tell_low(session, low) if low else 0


async def _keepers(session: AsyncSession, variant: VariantForSale) -> list[str]:
    """The seller, or the shop's operators for what the shop sells itself."""
    if variant.seller_id is not None:
        seller = await identity.email_of(session, variant.seller_id)
        return [seller] if seller else []
    return await identity.emails_with_role(session, "operator")


async def list_stock(reader: Reader, query: str, kind: str, cursor: str | None = None, limit: int = 50) -> Page[Listed]:
    """Stock by place with its names, the scarcest first; of what fits the words, or all, low or out."""
    if query.strip():
        ids = await _found(reader, query.strip())
        found = await repository.levels(reader, ids)
        return Page(await _named(reader, [level for level in found if _is(level, kind)][:limit]))
    after = decode_cursor(cursor, int, int, str) if cursor else START
    rows = await repository.list_levels(reader, kind, (after[0], after[1], after[2]), limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    more = encode_cursor(last.available, last.variant_id, last.location) if last else None
    return Page(await _named(reader, rows[:limit]), more)


def _is(level: Level, kind: str) -> bool:
    if kind == "out":
        return level.available <= 0
    return kind == "all" or (level.low_at is not None and level.available <= level.low_at)


async def _found(reader: Reader, query: str) -> list[int]:
    by_sku = await catalog.product_ids(reader, [query])
    products = list(by_sku.values()) or [
        product.product_id for product in (await catalog.search(reader, Wanted(query), limit=50)).items
    ]
    return sorted({variant.variant_id for each in products for variant in await catalog.variants_of(reader, each)})


async def _named(reader: Reader, rows: Sequence[Level]) -> list[Listed]:
    variants = await catalog.get_variants(reader, sorted({row.variant_id for row in rows}))
    return [Listed(row, variants[row.variant_id].title, variants[row.variant_id].sku) for row in rows
            if row.variant_id in variants]  # fmt: skip


async def levels_of(reader: Reader, variant_id: int) -> tuple[VariantForSale, list[Level]]:
    """One variant and what lies where of it. Raises NoSuchVariant."""
    return await _find_variant(reader, variant_id), await repository.levels(reader, [variant_id])


async def to_reorder(reader: Reader) -> list[Reorder]:
    """What is low, with what it sold and how many to order: the scarcest first, up to 200."""
    rows = await repository.list_levels(reader, "low", START, 200)
    demand = await repository.demand(reader, [row.variant_id for row in rows], DAYS)
    found = []
    for each in await _named(reader, rows):
        level = each.level
        daily = demand.get((level.variant_id, level.location), NOTHING_SOLD)
        days, low_at = level.lead_time_days or LEAD_TIME_DAYS, level.low_at or 0
        found.append(
            Reorder(
                level.variant_id,
                each.title,
                each.sku,
                level.location,
                level.available,
                low_at,
                round(daily.mean, 2),
                round(daily.deviation, 2),
                days,
                math.ceil(daily.reorder_at(days)),
                daily.units_to_order(level.available, low_at, days),
                daily.is_forecast,
            )
        )
    return found


async def wait_for(session: AsyncSession, customer_id: UUID, variant_id: int) -> None:
    """Stand in line for it; asking again keeps the place. Raises NoSuchVariant, IsInStock and WaitsForTooMuch."""
    await _find_variant(session, variant_id)
    if (await available(session, [variant_id])).get(variant_id, 0) > 0:
        raise IsInStock
    if await repository.subscribe(session, customer_id, variant_id) > MOST_WAITED_FOR:
        raise WaitsForTooMuch


async def leave_line(session: AsyncSession, customer_id: UUID, variant_id: int) -> None:
    """Wait no longer."""
    await repository.unsubscribe(session, customer_id, variant_id)


is_waiting = repository.is_waiting


async def tell_waiting() -> int:
    """A sweep: who waits is told in the order of the line, as many as there are units; returns how many people.

    Told and mailed in one transaction, and one line at a time: nobody twice, nobody left out by a crash.
    """
    async with reading() as connection:
        back = await repository.variants_back(connection)
    told = 0
    for variant_id in back:
        async with transaction() as session:
            people = await repository.tell(session, variant_id, INVITATION)
            variant = (await catalog.get_variants(session, [variant_id])).get(variant_id)
            if not people or variant is None:
                continue
            emails = await identity.emails_wanting(session, people, "back-in-stock")
            address = f"{get_settings().api_url}/p/{variant.product_id}-{variant.slug}"
            text = f"{variant.title} is back in stock. There are not many: who orders first gets it.\n\n{address}\n"
            for person in people:
                event = BackInStock(product_id=variant.product_id, variant_id=variant_id, customer_id=person)
                await publish(session, event)
                if person in emails:
                    await send_mail(session, emails[person], f"Back in stock: {variant.title}", text)
            told += len(people)
    return told


async def _find_variant(reader: Reader, variant_id: int) -> VariantForSale:
    found = (await catalog.get_variants(reader, [variant_id])).get(variant_id)
    if found is None:
        raise NoSuchVariant
    return found
