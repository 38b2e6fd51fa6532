"""Wishlists: kept by people, who are told once when the price falls below what they know of."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader, transaction
from api.core.errors import Conflict
from api.core.inbox import ReceivedEvent
from api.core.jobs import enqueue
from api.core.mail import send_mail
from api.core.money import Money
from api.core.outbox import publish
from api.core.settings import get_settings
from api.domains.catalog.contracts import VariantForSale, Wish
from api.domains.catalog.errors import VariantNotFound
from api.domains.catalog.repository import wishes
from api.domains.catalog.service import variants
from api.domains.identity import facade as identity
from ingestion.contracts.catalog import ItemUnwished, ItemWished, PriceChanged

MOST_WISHES = 200
TASK = "catalog.tell_lower_price"
TOLD_AT_ONCE = 500

is_wished = wishes.is_wished
wishers = wishes.wishers


class WishlistFull(Conflict):
    """More wishes than one person may keep."""

    type = "wishlist-full"
    title = f"A wishlist holds {MOST_WISHES} things; take one out first"


async def add(session: AsyncSession, customer_id: UUID, variant_id: int) -> None:
    """Put a variant on the list; once more does nothing. Raises VariantNotFound, WishlistFull."""
    variant = (await variants.get_variants(session, [variant_id])).get(variant_id)
    if variant is None:
        raise VariantNotFound(variant_id)
    is_new, count = await wishes.add(session, customer_id, variant_id, variant.price_minor)
    if count > MOST_WISHES:
        raise WishlistFull
    if is_new:
        event = ItemWished(
            customer_id=customer_id,
            product_id=variant.product_id,
            variant_id=variant_id,
            price_minor=variant.price_minor,
            currency=variant.currency,
        )
        await publish(session, event)


async def remove(session: AsyncSession, customer_id: UUID, variant_id: int) -> None:
    """Take it off the list; once more does nothing."""
    if await wishes.remove(session, customer_id, variant_id):
        found = await variants.get_variants(session, [variant_id])
        product_id = found[variant_id].product_id
        await publish(session, ItemUnwished(customer_id=customer_id, product_id=product_id, variant_id=variant_id))


async def wishlist(reader: Reader, customer_id: UUID) -> list[Wish]:
    """What the person wishes for at today's prices, the latest first."""
    rows = await wishes.of_person(reader, customer_id)
    found = await variants.get_variants(reader, [variant_id for variant_id, _, _ in rows])
    return [Wish(found[variant_id], price, at) for variant_id, price, at in rows if variant_id in found]


async def hear_of_prices(session: AsyncSession, events: list[ReceivedEvent]) -> None:
    """The handler of prices: who wishes for what became cheaper is told by a task of its own."""
    changes = [event.data for event in events if isinstance(event.data, PriceChanged)]
    lower = {each.variant_id: each for each in changes if each.new_price_minor < each.old_price_minor}
    if not lower:
        return
    for variant_id in {variant_id for _, variant_id in await wishes.wishers(session, list(lower))}:
        await enqueue(session, TASK, variant_id=variant_id)


async def tell_lower_price(variant_id: int) -> None:
    """Mail who wishes for it and knows only a higher price; today's price counts, not that of the event.

    Told and mailed in one transaction of some people each: nobody twice, nobody left out by a crash.
    """
    while True:
        async with transaction() as session:
            variant = (await variants.get_variants(session, [variant_id])).get(variant_id)
            if variant is None or not variant.is_active:
                return
            told = await wishes.take_untold(session, variant_id, variant.price_minor, TOLD_AT_ONCE)
            emails = await identity.emails_wanting(session, list(told), "price-drop")
            for person, address in emails.items():
                await send_mail(session, address, f"Cheaper now: {variant.title}", _text(variant, told[person]))
            if len(told) < TOLD_AT_ONCE:
                return


def _text(variant: VariantForSale, was_minor: int) -> str:
    settings = get_settings()
    now, was = (Money(amount, variant.currency).show() for amount in (variant.price_minor, was_minor))
    return (
        f"{variant.title} on your wishlist costs {now} now; it was {was}.\n\n"
        f"{settings.api_url}/p/{variant.product_id}-{variant.slug}{_query(variant)}\n\n"
        f"Your wishlist: {settings.api_url}/wishlist\n"
        f"Fewer mails: {settings.api_url}/account/privacy\n"
    )


def _query(variant: VariantForSale) -> str:
    return "" if variant.variant_id == variant.product_id else f"?variant={variant.variant_id}"
