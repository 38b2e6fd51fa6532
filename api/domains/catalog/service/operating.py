"""What operators change about what is sold, each act in the audit log: variants, prices, withdrawal."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import transaction
from api.domains.catalog.contracts import VariantForSale, VariantNew
from api.domains.catalog.errors import VariantNotFound
from api.domains.catalog.service import variants


async def add_variant(actor_id: UUID, product_id: int, new: VariantNew) -> VariantForSale:
    """A further variant. Raises ProductNotFound, InvalidPrice, Invalid for options or GTIN, VariantExists."""
    async with transaction() as session:
        added = await variants.add_variant(session, product_id, new)
        subject = f"variant:{added.variant_id}"
        await record_act(session, actor_id, "catalog.add_variant", subject, product_id=product_id, sku=added.sku)
        return added


async def change_price(actor_id: UUID, variant_id: int, price_minor: int) -> VariantForSale:
    """A new price from now on; the same again does nothing. Raises InvalidPrice and VariantNotFound."""
    async with transaction() as session:
        before = await _get(session, variant_id)
        await variants.change_price(session, variant_id, price_minor)
        if before.price_minor == price_minor:
            return before
        details = {"old_price_minor": before.price_minor, "new_price_minor": price_minor}
        await record_act(session, actor_id, "catalog.change_price", f"variant:{variant_id}", **details)
        return await _get(session, variant_id)


async def set_options(actor_id: UUID, variant_id: int, options: Mapping[str, str]) -> VariantForSale:
    """What sets a variant apart from now on. Raises VariantNotFound, VariantExists, Invalid."""
    async with transaction() as session:
        before = await _get(session, variant_id)
        await variants.set_options(session, variant_id, options)
        after = await _get(session, variant_id)
        details = {"was": dict(before.options), "options": dict(after.options)}
        await record_act(session, actor_id, "catalog.set_options", f"variant:{variant_id}", **details)
        return after


async def set_variant_active(actor_id: UUID, variant_id: int, is_active: bool) -> VariantForSale:
    """Withdraw a further variant, or sell it again. Raises VariantNotFound."""
    async with transaction() as session:
        await variants.set_variant_active(session, variant_id, is_active)
        act = "catalog.restore_variant" if is_active else "catalog.withdraw_variant"
        await record_act(session, actor_id, act, f"variant:{variant_id}")
        return await _get(session, variant_id)


async def _get(session: AsyncSession, variant_id: int) -> VariantForSale:
    found = (await variants.get_variants(session, [variant_id])).get(variant_id)
    if found is None:
        raise VariantNotFound(variant_id)
    return found
