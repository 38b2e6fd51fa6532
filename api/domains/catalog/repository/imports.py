"""SQL of catalog that writes: products in bulk, prices, the dictionary, sales counts."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader

FIELDS = (
    "sku", "title", "slug", "department", "department_slug", "category", "category_slug", "product_type", "brand",
    "size", "price_minor", "currency", "is_active", "category_path", "description", "gtin", "options", "attributes",
)  # fmt: skip
_NAMES = ", ".join(FIELDS)
_TYPES = {"price_minor": "bigint[]", "is_active": "boolean[]"}
_ARRAYS = ", ".join(f"CAST(:{name} AS {_TYPES.get(name, 'text[]')})" for name in FIELDS)
_UPDATES = ", ".join(f"{name} = excluded.{name}" for name in FIELDS[1:])
_INCOMING = ", ".join(f"i.{name}" for name in FIELDS)
# A file does not bring back what was archived, nor show before its day what waits for one.
_SHOWN = "i.is_active AND NOT coalesce(p.is_scheduled OR p.archived_at IS NOT NULL, false) AS is_active"
# What a file does not tell stays as it is known; an empty number is none.
_KNOWN = {
    "is_active": _SHOWN,
    "description": "coalesce(i.description, p.description, '') AS description",
    "gtin": "CASE WHEN i.gtin IS NULL THEN p.gtin ELSE nullif(i.gtin, '') END AS gtin",
    "options": "coalesce(CAST(i.options AS jsonb), p.options, '{}') AS options",
    "attributes": "coalesce(CAST(i.attributes AS jsonb), p.attributes, '{}') AS attributes",
}
_SEEN = ", ".join(_KNOWN.get(name, f"i.{name}") for name in FIELDS)
_PRESENT = ", ".join(f"p.{name}" for name in FIELDS)

UPSERT = text(f"""
    WITH incoming AS (
        SELECT {_SEEN} FROM unnest({_ARRAYS}) AS i ({_NAMES}) LEFT JOIN catalog.products p USING (sku)
    ),
    before AS (SELECT p.sku, p.price_minor FROM catalog.products p JOIN incoming USING (sku)),
    written AS (
        INSERT INTO catalog.products ({_NAMES})
        SELECT {_NAMES} FROM incoming i WHERE NOT EXISTS (
            SELECT FROM catalog.products p
            WHERE p.sku = i.sku AND ROW({_PRESENT}) IS NOT DISTINCT FROM ROW({_INCOMING}))
        ORDER BY sku
        ON CONFLICT (sku) DO UPDATE SET {_UPDATES}, updated_at = now(), version = products.version + 1
        RETURNING product_id, {_NAMES}
    ),
    priced AS (
        INSERT INTO catalog.prices (product_id, variant_id, price_minor, currency)
        SELECT product_id, product_id, w.price_minor, w.currency FROM written w LEFT JOIN before b USING (sku)
        WHERE b.price_minor IS DISTINCT FROM w.price_minor
    ),
    counted AS (
        INSERT INTO catalog.product_sales (product_id, department_slug)
        SELECT product_id, department_slug FROM written
        ON CONFLICT (product_id) DO UPDATE SET department_slug = excluded.department_slug
    )
    SELECT w.*, b.sku IS NULL AS is_new, b.price_minor AS was FROM written w LEFT JOIN before b USING (sku)
""")  # noqa: S608
IDS = text("SELECT sku, product_id FROM catalog.products WHERE sku = ANY(:skus)")
ADD_TERMS = text("""
    INSERT INTO catalog.search_terms (term, products)
    SELECT * FROM unnest(CAST(:terms AS text[]), CAST(:counts AS bigint[])) AS t (term, products) ORDER BY term
    ON CONFLICT (term) DO UPDATE SET products = search_terms.products + excluded.products
""")
NEW_PRICE = text("""
    WITH changed AS (
        UPDATE catalog.products SET price_minor = :price_minor, updated_at = now(), version = version + 1
        WHERE product_id = :product_id AND price_minor <> :price_minor RETURNING product_id, price_minor, currency
    )
    INSERT INTO catalog.prices (product_id, variant_id, price_minor, currency)
    SELECT product_id, product_id, price_minor, currency FROM changed RETURNING product_id
""")
ADD_SOLD = text("""
    WITH sold AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:units AS bigint[])) AS t (product_id, units)
    ),
    locked AS (
        SELECT product_id, units FROM catalog.product_sales JOIN sold USING (product_id)
        ORDER BY product_id FOR NO KEY UPDATE OF product_sales
    )
    UPDATE catalog.product_sales s SET units_sold = s.units_sold + locked.units
    FROM locked WHERE s.product_id = locked.product_id
""")


async def upsert(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> Sequence[RowMapping]:
    """Rows with all of `FIELDS` → those that were new or differed, with product_id and is_new."""
    columns = {name: [row[name] for row in rows] for name in FIELDS}
    return (await session.execute(UPSERT, columns)).mappings().all()


async def ids_by_sku(reader: Reader, skus: Sequence[str]) -> dict[str, int]:
    """Those of `skus` that exist."""
    return {row.sku: row.product_id for row in await reader.execute(IDS, {"skus": list(skus)})}


async def add_terms(session: AsyncSession, counts: Mapping[str, int]) -> None:
    """Words of new products join the dictionary."""
    await session.execute(ADD_TERMS, {"terms": list(counts), "counts": list(counts.values())})


async def set_price(session: AsyncSession, product_id: int, price_minor: int) -> bool:
    """New price and its line of history; False when the price is the same already."""
    found = await session.execute(NEW_PRICE, {"product_id": product_id, "price_minor": price_minor})
    return found.first() is not None


async def add_units_sold(session: AsyncSession, units: Mapping[int, int]) -> None:
    """Adds to the counts of the products that exist; rows are locked in the order of ids."""
    await session.execute(ADD_SOLD, {"ids": list(units), "units": list(units.values())})
