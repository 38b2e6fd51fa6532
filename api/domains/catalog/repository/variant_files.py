"""SQL of catalog about variants in files: what they must not collide with, and many of them written at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog.repository.products import Reader

FIELDS = ("sku", "product_id", "gtin", "options", "price_minor", "is_active")
_TYPES = {"product_id": "bigint[]", "price_minor": "bigint[]", "is_active": "boolean[]"}
_ARRAYS = ", ".join(f"CAST(:{name} AS {_TYPES.get(name, 'text[]')})" for name in FIELDS)
_NAMES = ", ".join(FIELDS)

PARENTS = text(
    "SELECT sku, product_id, currency::text AS currency, options FROM catalog.products WHERE sku = ANY(:skus)"
)
SIBLINGS = text(
    "SELECT sku, product_id, options FROM catalog.variants WHERE product_id = ANY(:ids) OR sku = ANY(:skus)"
)
GTINS = text("""
    SELECT gtin, sku FROM catalog.products WHERE gtin = ANY(:gtins)
    UNION ALL SELECT gtin, sku FROM catalog.variants WHERE gtin = ANY(:gtins)
""")
UPSERT = text(f"""
    WITH incoming AS (
        SELECT sku, product_id, gtin, CAST(options AS jsonb) AS options, price_minor, is_active
        FROM unnest({_ARRAYS}) AS i ({_NAMES})
    ),
    before AS (SELECT v.sku, v.price_minor FROM catalog.variants v JOIN incoming USING (sku)),
    written AS (
        INSERT INTO catalog.variants ({_NAMES})
        SELECT {_NAMES} FROM incoming i WHERE NOT EXISTS (
            SELECT FROM catalog.variants v WHERE v.sku = i.sku AND v.gtin IS NOT DISTINCT FROM i.gtin
            AND v.options = i.options AND v.price_minor = i.price_minor AND v.is_active = i.is_active)
        ORDER BY sku
        ON CONFLICT (sku) DO UPDATE SET gtin = excluded.gtin, options = excluded.options,
            price_minor = excluded.price_minor, is_active = excluded.is_active
        RETURNING variant_id, product_id, sku, price_minor, is_active
    ),
    priced AS (
        INSERT INTO catalog.prices (product_id, variant_id, price_minor, currency)
        SELECT w.product_id, variant_id, w.price_minor, p.currency
        FROM written w LEFT JOIN before b USING (sku) JOIN catalog.products p ON p.product_id = w.product_id
        WHERE b.price_minor IS DISTINCT FROM w.price_minor
    )
    SELECT w.*, b.sku IS NULL AS is_new, b.price_minor AS was, p.currency::text AS currency,
        w.is_active AND p.is_active AS is_sold
    FROM written w LEFT JOIN before b USING (sku) JOIN catalog.products p ON p.product_id = w.product_id
    ORDER BY w.variant_id
""")  # noqa: S608
OF_PRODUCTS = text("""
    SELECT p.sku AS product_sku, v.sku, v.gtin, v.options, v.price_minor, p.currency::text AS currency, p.title,
        v.is_active
    FROM catalog.variants v JOIN catalog.products p USING (product_id)
    WHERE p.sku = ANY(:skus) ORDER BY p.sku, v.variant_id
""")


async def parents(reader: Reader, skus: Sequence[str]) -> dict[str, RowMapping]:
    """SKU → product_id, currency and options of those that are products."""
    rows = (await reader.execute(PARENTS, {"skus": list(skus)})).mappings()
    return {row["sku"]: row for row in rows}


async def siblings(reader: Reader, product_ids: Sequence[int], skus: Sequence[str]) -> Sequence[RowMapping]:
    """(sku, product_id, options) of the further variants of these products, and of those with these SKUs."""
    return (await reader.execute(SIBLINGS, {"ids": list(product_ids), "skus": list(skus)})).mappings().all()


async def gtins(reader: Reader, wanted: Sequence[str]) -> dict[str, str]:
    """Number in trade → the SKU that bears it."""
    if not wanted:
        return {}
    return {row.gtin: row.sku for row in await reader.execute(GTINS, {"gtins": list(wanted)})}


async def upsert(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> Sequence[RowMapping]:
    """Rows with all of `FIELDS` → those that were new or differed, with variant_id, is_new and the old price."""
    columns = {name: [row[name] for row in rows] for name in FIELDS}
    return (await session.execute(UPSERT, columns)).mappings().all()


async def of_products(reader: Reader, skus: Sequence[str]) -> Sequence[RowMapping]:
    """The further variants of these products."""
    return (await reader.execute(OF_PRODUCTS, {"skus": list(skus)})).mappings().all()
