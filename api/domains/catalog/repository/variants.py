"""SQL of catalog about what is sold: variants, bundles, and prices over time."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog.contracts import VariantForSale
from api.domains.catalog.repository.products import Reader

_COLUMNS = """
    v.variant_id, v.product_id, v.sku, v.gtin, p.title, p.slug, p.department, v.options, v.price_minor, p.currency,
    p.tax_class, p.seller_id, v.is_active, p.image,
    (SELECT jsonb_agg(jsonb_build_array(b.component_id, b.quantity) ORDER BY b.component_id)
     FROM catalog.bundle_components b WHERE b.bundle_id = v.variant_id) AS components
"""
BY_ID = text(f"""
    SELECT {_COLUMNS} FROM catalog.sellable v JOIN catalog.products p USING (product_id)
    WHERE v.variant_id = ANY(:ids)
""")  # noqa: S608
OF_PRODUCT = text(f"""
    SELECT {_COLUMNS} FROM catalog.sellable v JOIN catalog.products p USING (product_id)
    WHERE v.product_id = :product_id ORDER BY v.variant_id
""")  # noqa: S608
ADD = text("""
    WITH added AS (
        INSERT INTO catalog.variants (product_id, sku, gtin, options, price_minor)
        SELECT product_id, :sku, :gtin, CAST(:options AS jsonb), :price_minor FROM catalog.products
        WHERE product_id = :product_id RETURNING variant_id, product_id, price_minor
    )
    INSERT INTO catalog.prices (product_id, variant_id, price_minor, currency)
    SELECT added.product_id, variant_id, added.price_minor, currency FROM added JOIN catalog.products USING (product_id)
    RETURNING variant_id
""")
NEW_PRICE = text("""
    WITH before AS (
        SELECT product_id, price_minor FROM catalog.variants WHERE variant_id = :variant_id FOR UPDATE
    ),
    changed AS (
        UPDATE catalog.variants v SET price_minor = :price_minor FROM before
        WHERE variant_id = :variant_id AND before.price_minor <> :price_minor
        RETURNING v.product_id, before.price_minor AS was
    ),
    noted AS (
        INSERT INTO catalog.prices (product_id, variant_id, price_minor, currency)
        SELECT product_id, :variant_id, :price_minor, currency FROM changed JOIN catalog.products USING (product_id)
    )
    SELECT was FROM changed
""")
SET_OPTIONS = text("""
    WITH first AS (
        UPDATE catalog.products SET options = CAST(:options AS jsonb), version = version + 1, updated_at = now()
        WHERE product_id = :variant_id
    )
    UPDATE catalog.variants SET options = CAST(:options AS jsonb) WHERE variant_id = :variant_id
""")
SET_ACTIVE = text("UPDATE catalog.variants SET is_active = :is_active WHERE variant_id = :variant_id")
ADD_COMPONENTS = text("""
    INSERT INTO catalog.bundle_components (bundle_id, component_id, quantity)
    SELECT :bundle_id, component_id, quantity
    FROM unnest(CAST(:ids AS bigint[]), CAST(:quantities AS bigint[])) AS t (component_id, quantity)
""")
# What was asked at any moment of the window: each price set within it, and the one that was in force when it began.
LOWEST = text("""
    WITH current AS (
        SELECT DISTINCT ON (variant_id) variant_id, price_id, valid_from FROM catalog.prices
        WHERE variant_id = ANY(:ids) ORDER BY variant_id, valid_from DESC, price_id DESC
    ),
    past AS (
        SELECT variant_id, p.price_minor,
            lead(p.valid_from) OVER (PARTITION BY variant_id ORDER BY p.valid_from, p.price_id) AS valid_to
        FROM catalog.prices p WHERE variant_id = ANY(:ids)
    )
    SELECT variant_id, min(past.price_minor) AS lowest FROM past JOIN current USING (variant_id)
    WHERE past.valid_to > current.valid_from - CAST(:window AS interval) GROUP BY variant_id
""")


def _view(row: RowMapping) -> VariantForSale:
    parts = tuple((component_id, quantity) for component_id, quantity in row["components"] or ())
    return VariantForSale(**(dict(row) | {"components": parts}))


async def variants(reader: Reader, ids: Sequence[int]) -> dict[int, VariantForSale]:
    """Those of `ids` that exist, also what is not sold at the moment."""
    rows = (await reader.execute(BY_ID, {"ids": list(ids)})).mappings()
    return {row["variant_id"]: _view(row) for row in rows}


async def of_product(reader: Reader, product_id: int) -> list[VariantForSale]:
    """All variants of a product, the first one first."""
    rows = (await reader.execute(OF_PRODUCT, {"product_id": product_id})).mappings()
    return [_view(row) for row in rows]


async def add(session: AsyncSession, product_id: int, values: Mapping[str, Any]) -> int | None:
    """A further variant with its first price; returns its id, None where there is no such product."""
    bound = {**values, "options": orjson.dumps(values["options"]).decode(), "product_id": product_id}
    variant_id: int | None = (await session.execute(ADD, bound)).scalar()
    return variant_id


async def set_price(session: AsyncSession, variant_id: int, price_minor: int) -> int | None:
    """New price of a further variant and its line of history; returns the old price where it differs."""
    was: int | None = (
        await session.execute(NEW_PRICE, {"variant_id": variant_id, "price_minor": price_minor})
    ).scalar()
    return was


async def set_options(session: AsyncSession, variant_id: int, options: Mapping[str, str]) -> None:
    """What sets a variant apart, be it the first one or a further one."""
    bound = {"variant_id": variant_id, "options": orjson.dumps(dict(options)).decode()}
    await session.execute(SET_OPTIONS, bound)


async def set_active(session: AsyncSession, variant_id: int, is_active: bool) -> None:
    """Whether a further variant is sold."""
    await session.execute(SET_ACTIVE, {"variant_id": variant_id, "is_active": is_active})


async def add_components(session: AsyncSession, bundle_id: int, components: Mapping[int, int]) -> None:
    """What a bundle consists of: variant → quantity."""
    values = {"bundle_id": bundle_id, "ids": list(components), "quantities": list(components.values())}
    await session.execute(ADD_COMPONENTS, values)


async def lowest_before(reader: Reader, ids: Sequence[int], window: timedelta) -> dict[int, int]:
    """Variant → the lowest price that was in force in the window before its present price began."""
    rows = await reader.execute(LOWEST, {"ids": list(ids), "window": window})
    return {row.variant_id: row.lowest for row in rows}
