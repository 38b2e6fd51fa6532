"""What is sold of a product: its variants and their prices, and bundles of variants."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from stdnum import ean
from stdnum.exceptions import ValidationError

from api.core.errors import Invalid
from api.core.outbox import publish
from api.domains.catalog.contracts import PriceDrop, VariantForSale, VariantNew
from api.domains.catalog.errors import InvalidPrice, ProductNotFound, VariantExists, VariantNotFound
from api.domains.catalog.repository import variants
from api.domains.catalog.repository.products import Reader
from api.domains.catalog.service.products import change_first_price
from ingestion.contracts.catalog import PriceChanged, VariantPublished

OMNIBUS_WINDOW = timedelta(days=30)
OPTION_LENGTH = 60
MOST_OPTIONS = 5
_TAKEN = {
    "uq_sku": "sku",
    "uq_variants_sku": "sku",
    "variants_sku_key": "sku",
    "variants_gtin_key": "gtin",
    "uq_variants_options": "options",
}

get_variants = variants.variants


async def variants_for_sale(reader: Reader, variant_ids: Sequence[int]) -> dict[int, VariantForSale]:
    """Those of `variant_ids` that can be bought now; of a bundle only while each of its components can."""
    found = {key: each for key, each in (await variants.variants(reader, variant_ids)).items() if each.is_active}
    parts = {component for each in found.values() for component, _ in each.components}
    missing = parts - {key for key, each in (await variants.variants(reader, list(parts))).items() if each.is_active}
    return {key: each for key, each in found.items() if not missing & {component for component, _ in each.components}}


async def variants_of(reader: Reader, product_id: int) -> list[VariantForSale]:
    """All variants of a product, the first one first. Raises ProductNotFound."""
    found = await variants.of_product(reader, product_id)
    if not found:
        raise ProductNotFound(product_id)
    return found


async def add_variant(session: AsyncSession, product_id: int, new: VariantNew) -> VariantForSale:
    """A further variant. Raises ProductNotFound, InvalidPrice, Invalid for options or GTIN, VariantExists."""
    if new.price_minor <= 0:
        raise InvalidPrice(new.price_minor)
    values = {
        "sku": new.sku,
        "gtin": checked_gtin(new.gtin),
        "options": checked_options(new.options),
        "price_minor": new.price_minor,
    }
    try:
        async with session.begin_nested():
            variant_id = await variants.add(session, product_id, values)
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        raise VariantExists(_TAKEN.get(name or "", "sku")) from error
    if variant_id is None:
        raise ProductNotFound(product_id)
    added = (await variants.variants(session, [variant_id]))[variant_id]
    await publish(session, published(added))
    return added


def checked_options(options: Mapping[str, str]) -> dict[str, str]:
    """The options without space around the words. Raises Invalid for none, too many, or a word too long."""
    named = {name.strip(): value.strip() for name, value in options.items()}
    fits = all(0 < len(word) <= OPTION_LENGTH for pair in named.items() for word in pair)
    if not named or len(named) > MOST_OPTIONS or not fits:
        raise Invalid("options", f"name 1 to {MOST_OPTIONS} options, each word up to {OPTION_LENGTH} characters")
    return named


def checked_gtin(gtin: str | None) -> str | None:
    """The number without spaces. Raises Invalid where its check digit is wrong."""
    if gtin is None:
        return None
    try:
        return str(ean.validate(gtin))
    except ValidationError as error:
        raise Invalid("gtin", "is no GTIN: the digits do not add up to the last one") from error


async def change_price(session: AsyncSession, variant_id: int, price_minor: int) -> None:
    """A new price from now on, in history and as an event; the same again does nothing.

    Raises InvalidPrice and VariantNotFound.
    """
    if price_minor <= 0:
        raise InvalidPrice(price_minor)
    found = (await variants.variants(session, [variant_id])).get(variant_id)
    if found is None:
        raise VariantNotFound(variant_id)
    was: int | None = found.price_minor if found.price_minor != price_minor else None
    if variant_id == found.product_id:
        await change_first_price(session, variant_id, price_minor)
    else:
        was = await variants.set_price(session, variant_id, price_minor)
    if was is not None:
        event = PriceChanged(
            product_id=found.product_id,
            variant_id=variant_id,
            old_price_minor=was,
            new_price_minor=price_minor,
            currency=found.currency,
        )
        await publish(session, event)


async def set_options(session: AsyncSession, variant_id: int, options: Mapping[str, str]) -> None:
    """What sets a variant apart from the product's others. Raises VariantNotFound, VariantExists, Invalid."""
    found = (await variants.variants(session, [variant_id])).get(variant_id)
    if found is None:
        raise VariantNotFound(variant_id)
    named = checked_options(options)
    others = [each for each in await variants.of_product(session, found.product_id) if each.variant_id != variant_id]
    if any(dict(each.options) == named for each in others):
        raise VariantExists("options")
    try:
        async with session.begin_nested():
            await variants.set_options(session, variant_id, named)
    except IntegrityError as error:  # another one took them in this very moment
        raise VariantExists("options") from error
    await publish(session, published((await variants.variants(session, [variant_id]))[variant_id]))


async def set_variant_active(session: AsyncSession, variant_id: int, is_active: bool) -> None:
    """Withdraw a further variant, or sell it again; the first goes with its product. Raises VariantNotFound."""
    found = (await variants.variants(session, [variant_id])).get(variant_id)
    if found is None or found.variant_id == found.product_id:
        raise VariantNotFound(variant_id)
    await variants.set_active(session, variant_id, is_active)
    await publish(session, published((await variants.variants(session, [variant_id]))[variant_id]))


async def make_bundle(session: AsyncSession, bundle_id: int, components: Mapping[int, int]) -> None:
    """From now on the variant `bundle_id` is sold as `components` (variant → quantity), which are no bundles.

    Raises VariantNotFound and Invalid.
    """
    found = await variants.variants(session, [bundle_id, *components])
    for variant_id in (bundle_id, *components):
        if variant_id not in found:
            raise VariantNotFound(variant_id)
    if found[bundle_id].components:
        raise Invalid("bundle_id", "is a bundle already")
    if not components or bundle_id in components or any(quantity < 1 for quantity in components.values()):
        raise Invalid("components", "a bundle has other variants, at least one of each")
    if any(found[component].components for component in components):
        raise Invalid("components", "a bundle holds no bundles")
    await variants.add_components(session, bundle_id, components)


async def price_drops(reader: Reader, variant_ids: Sequence[int]) -> dict[int, PriceDrop]:
    """What may be announced as reduced: variants whose price is below the lowest of the 30 days before it began.

    Directive 98/6/EC, article 6a: beside a reduced price stands the lowest one of the thirty days before.
    """
    now = await variants.variants(reader, variant_ids)
    lowest = await variants.lowest_before(reader, variant_ids, OMNIBUS_WINDOW)
    return {
        variant_id: PriceDrop(each.price_minor, lowest[variant_id])
        for variant_id, each in now.items()
        if each.price_minor < lowest.get(variant_id, 0)
    }


def published(variant: VariantForSale) -> VariantPublished:
    """The event that tells the rest of the house of a variant."""
    return VariantPublished(
        variant_id=variant.variant_id,
        product_id=variant.product_id,
        sku=variant.sku,
        price_minor=variant.price_minor,
        currency=variant.currency,
        is_active=variant.is_active,
    )
