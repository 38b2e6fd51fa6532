"""Products as operators keep them: listed, made, edited, archived and brought back; each act in the audit log."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader, transaction
from api.core.errors import Invalid
from api.core.outbox import publish
from api.core.paging import Page, decode_cursor, encode_cursor
from api.core.slugs import slugify
from api.domains.catalog.contracts.keeping import KeptProduct, ProductDraft, ProductState
from api.domains.catalog.domain import DEEPEST_LEVEL, count_words
from api.domains.catalog.errors import InvalidPrice, ProductNotFound, SkuTaken, StaleProduct
from api.domains.catalog.repository import imports, keeping
from api.domains.catalog.service import attributes, categories
from api.domains.catalog.service.products import get_product, published
from ingestion.contracts.catalog import PriceChanged, ProductArchived, ProductRestored

DRAFTED = (
    "title", "description", "department", "category", "product_type", "brand", "size", "price_minor", "available_from",
    "attributes", "below",
)  # fmt: skip
NEEDED = ("title", "department", "product_type")
DUE_AT_ONCE = 500


async def list_products(
    reader: Reader, words: str = "", state: ProductState | None = None, cursor: str | None = None, limit: int = 24
) -> Page[KeptProduct]:
    """The newest first. Raises Invalid for a cursor that is none."""
    before = decode_cursor(cursor, int)[0] if cursor else None
    found = await keeping.page(reader, words.strip(), state, before, limit + 1)
    more = encode_cursor(found[limit - 1].product_id) if len(found) > limit else None
    return Page(found[:limit], more)


async def get(reader: Reader, product_id: int) -> KeptProduct:
    """One product in whatever state. Raises ProductNotFound."""
    return _there(await keeping.get(reader, product_id), product_id)


async def create(actor_id: UUID, sku: str, draft: ProductDraft, currency: str = "USD") -> KeptProduct:
    """A new product. Raises Invalid, InvalidPrice, InvalidAttributes, SkuTaken."""
    async with transaction() as session:
        values = await _checked(session, draft) | {"sku": sku, "currency": currency}
        values["price_minor"] = draft.price_minor
        product_id = await _add(session, values)
        await _tell(session, product_id)
        await record_act(session, actor_id, "catalog.create_product", f"product:{product_id}", sku=sku)
        return await get(session, product_id)


async def edit(actor_id: UUID, product_id: int, version: int, draft: ProductDraft) -> KeptProduct:
    """New data of a product; an edit that changes nothing writes nothing.

    Raises ProductNotFound, StaleProduct, Invalid, InvalidPrice, InvalidAttributes.
    """
    async with transaction() as session:
        before = _there(await keeping.lock(session, product_id), product_id)
        wanted = {name: getattr(draft, name) for name in DRAFTED} | {"attributes": dict(draft.attributes)}
        differs = {name: getattr(before, name) for name in DRAFTED if getattr(before, name) != wanted[name]}
        if before.version != version:
            raise StaleProduct(before.version, differs)
        values = await _checked(session, draft, before)
        if not differs:
            return before
        await keeping.update(session, before, values | {"price_minor": draft.price_minor})
        await _tell(session, product_id)
        if "price_minor" in differs:
            event = PriceChanged(
                product_id=product_id,
                variant_id=product_id,
                old_price_minor=before.price_minor,
                new_price_minor=draft.price_minor,
                currency=before.currency,
            )
            await publish(session, event)
        details = {name: {"from": was, "to": wanted[name]} for name, was in differs.items()}
        await record_act(session, actor_id, "catalog.edit_product", f"product:{product_id}", **details)
        return await get(session, product_id)


async def archive(actor_id: UUID, product_id: int) -> KeptProduct:
    """In no list from now on; the same again does nothing. Raises ProductNotFound."""
    async with transaction() as session:
        before = _there(await keeping.lock(session, product_id), product_id)
        if before.state == "archived":
            return before
        await keeping.archive(session, product_id)
        await publish(session, ProductArchived(product_id=product_id, sku=before.sku))
        await publish(session, published(await get_product(session, product_id)))
        await record_act(session, actor_id, "catalog.archive_product", f"product:{product_id}", sku=before.sku)
        return await get(session, product_id)


async def restore(actor_id: UUID, product_id: int) -> KeptProduct:
    """For sale again, or on its day; what is not archived stays as it is. Raises ProductNotFound."""
    async with transaction() as session:
        before = _there(await keeping.lock(session, product_id), product_id)
        if before.state != "archived":
            return before
        await keeping.restore(session, product_id)
        after = await get(session, product_id)
        is_active = after.state == "active"
        await publish(session, ProductRestored(product_id=product_id, sku=before.sku, is_active=is_active))
        await publish(session, published(await get_product(session, product_id)))
        await record_act(session, actor_id, "catalog.restore_product", f"product:{product_id}", sku=before.sku)
        return after


async def publish_due() -> int:
    """Show what has waited for its day: a sweep, which may run in several workers at once."""
    async with transaction() as session:
        found = await keeping.publish_due(session, DUE_AT_ONCE)
        for product_id in found:
            await publish(session, published(await get_product(session, product_id)))
        return len(found)


async def _add(session: AsyncSession, values: Mapping[str, Any]) -> int:
    try:
        async with session.begin_nested():
            product_id = await keeping.add(session, values)
    except IntegrityError as error:  # a further variant has this SKU
        raise SkuTaken(f"Something else has the SKU {values['sku']}.") from error
    if product_id is None:
        raise SkuTaken(f"Another product has the SKU {values['sku']}.")
    return product_id


def _there(found: KeptProduct | None, product_id: int) -> KeptProduct:
    if found is None:
        raise ProductNotFound(product_id)
    return found


async def _checked(session: AsyncSession, draft: ProductDraft, before: KeptProduct | None = None) -> dict[str, Any]:
    """The columns of a draft. An archived product stays archived, and one that was not listed for no day stays so."""
    if draft.price_minor <= 0:
        raise InvalidPrice(draft.price_minor)
    for name in NEEDED:
        if not getattr(draft, name).strip():
            raise Invalid(name, "is needed")
    if draft.available_from is not None and draft.available_from.tzinfo is None:
        raise Invalid("available_from", "needs a time zone")
    fits = attributes.check(await keeping.definitions(session, draft.product_type), draft.attributes)
    levels = (draft.department, draft.category, *draft.below)
    if len(levels) > DEEPEST_LEVEL or (draft.below and not draft.category.strip()):
        raise Invalid("below", f"needs a category above, and at most {DEEPEST_LEVEL} levels in all")
    names = await categories.place(session, [levels])
    is_later = draft.available_from is not None and draft.available_from > datetime.now(UTC)
    can_show = before is None or before.state in ("active", "scheduled")
    return {
        "title": draft.title,
        "slug": slugify(draft.title),
        "description": draft.description,
        **categories.placed(levels, names),
        "product_type": draft.product_type,
        "brand": draft.brand,
        "size": draft.size,
        "available_from": draft.available_from,
        "is_active": can_show and not is_later,
        "is_scheduled": can_show and is_later,
        "attributes": fits,
    }


async def _tell(session: AsyncSession, product_id: int) -> None:
    """The event of the whole product, and its words for the dictionary of the search."""
    product = await get_product(session, product_id)
    await publish(session, published(product))
    await imports.add_terms(session, count_words([f"{product.title} {product.product_type} {product.category}"]))
