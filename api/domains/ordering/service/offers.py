"""What is for sale at this moment, and how much of it there is: the catalogue's variants as ordering needs them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.catalog import facade as catalog
from api.domains.inventory import facade as inventory
from api.domains.ordering.domain import CartItem, PricedLine

Reader = AsyncConnection | AsyncSession


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant with its price. `components` are the parts of a bundle."""

    variant_id: int
    product_id: int
    title: str
    slug: str
    department: str
    price_minor: int
    is_active: bool
    tax_class: str = "standard"
    seller_id: UUID | None = None
    components: tuple[tuple[int, int], ...] = ()
    image: str | None = None


async def offers(reader: Reader, variant_ids: Collection[int]) -> dict[int, Offer]:
    """The variants, also those that are no longer sold. One statement, and more only where there are bundles."""
    if not variant_ids:
        return {}
    found = await catalog.get_variants(reader, sorted(variant_ids))
    bundles = [each.variant_id for each in found.values() if each.components]
    whole = await catalog.variants_for_sale(reader, bundles) if bundles else {}
    return {
        each.variant_id: Offer(
            variant_id=each.variant_id,
            product_id=each.product_id,
            title=" · ".join((each.title, *each.options.values())),
            slug=each.slug,
            department=each.department,
            price_minor=each.price_minor,
            is_active=each.is_active and (not each.components or each.variant_id in whole),
            tax_class=each.tax_class,
            seller_id=each.seller_id,
            components=each.components,
            image=each.image,
        )
        for each in found.values()
    }


def line_of(number: int, item: CartItem, offer: Offer) -> PricedLine:
    """A line of an order at the offer's price."""
    return PricedLine(
        number,
        offer.product_id,
        item.quantity,
        offer.price_minor,
        variant_id=offer.variant_id,
        tax_class=offer.tax_class,
        components=offer.components,
    )


async def available(reader: Reader, found: Collection[Offer]) -> dict[int, int]:
    """Units that can be promised of each variant; of a bundle as many as its scarcest part allows."""
    ids = {part for offer in found for part, _ in offer.components} | {
        offer.variant_id for offer in found if not offer.components
    }
    stock = await inventory.available(reader, sorted(ids)) if ids else {}
    return {
        offer.variant_id: min((stock.get(part, 0) // each for part, each in offer.components))
        if offer.components
        else stock.get(offer.variant_id, 0)
        for offer in found
    }


def units_of(lines: Sequence[PricedLine]) -> list[tuple[int, int]]:
    """What stock has to give for these lines; the parts of bundles instead of the bundles."""
    return [unit for line in lines for unit in line.units()]
