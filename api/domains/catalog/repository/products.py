"""SQL of catalog that reads. One function per question; rows become contracts here and nowhere else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core import straight
from api.core.arrays import bigints, written
from api.domains.catalog.contracts import (
    Level,
    ProductDetails,
    ProductLabel,
    ProductView,
    SaidAttribute,
    SalePrice,
)

Reader = AsyncConnection | AsyncSession

COLUMNS = """
    p.product_id, p.sku, p.title, p.slug, p.department, p.category, p.product_type, p.brand, p.size,
    p.price_minor, p.currency, s.units_sold, p.is_active, p.department_slug, p.category_slug,
    p.image, p.category_path, s.rating_count,
    CASE WHEN s.rating_count > 0 THEN round(s.rating_sum::numeric / s.rating_count, 1)::float8 END AS rating_average
"""
VIEWED = tuple(name for name in ProductView.__slots__ if name != "highlight")
SOLD = "catalog.products p JOIN catalog.product_sales s USING (product_id)"

ONE = text(f"SELECT {COLUMNS} FROM {SOLD} WHERE p.product_id = :product_id")  # noqa: S608
ONE_BY_DRIVER = f"""
    SELECT {COLUMNS}, p.archived_at IS NOT NULL AS is_archived, p.is_scheduled FROM {SOLD} WHERE p.product_id = %s
"""  # noqa: S608
HIDDEN = text(
    "SELECT archived_at IS NOT NULL AS is_archived, is_scheduled FROM catalog.products WHERE product_id = :id"
)
# Attributes stand in the order of their definitions; those that are no longer defined come last.
DETAILS = text("""
    SELECT p.description,
        (SELECT jsonb_agg(jsonb_build_array(a.key, a.value, d.unit) ORDER BY d.position, a.key)
         FROM jsonb_each(p.attributes) a LEFT JOIN catalog.attribute_definitions d
            ON d.product_type = p.product_type AND d.name = a.key) AS attributes,
        (SELECT jsonb_agg(jsonb_build_array(c.path, c.name) ORDER BY length(c.path))
         FROM catalog.categories c WHERE c.path = ANY(:paths)) AS levels
    FROM catalog.products p WHERE p.product_id = :product_id
""")
MANY = text(f"SELECT {COLUMNS} FROM {SOLD} WHERE p.product_id = ANY(:ids) AND (p.is_active OR :with_inactive)")  # noqa: S608
FOR_SALE = text("""
    SELECT product_id, sku, title, price_minor, currency FROM catalog.products
    WHERE product_id = ANY(:ids) AND is_active
""")
BEST_SELLERS = text(f"""
    SELECT {COLUMNS} FROM {SOLD}
    WHERE p.is_active AND s.units_sold > 0
    ORDER BY s.units_sold DESC, s.product_id DESC LIMIT :limit
""")  # noqa: S608
BEST_OF_DEPARTMENT = text(f"""
    SELECT {COLUMNS} FROM {SOLD}
    WHERE p.is_active AND s.department_slug = :department
    ORDER BY s.units_sold DESC, s.product_id DESC LIMIT :limit
""")  # noqa: S608
BEST_PER_DEPARTMENT = text(f"""
    SELECT best.* FROM unnest(CAST(:departments AS text[])) WITH ORDINALITY AS wanted (slug, position)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM {SOLD}
        WHERE p.is_active AND s.department_slug = wanted.slug
        ORDER BY s.units_sold DESC, s.product_id DESC LIMIT :limit
    ) AS best
    ORDER BY wanted.position, best.units_sold DESC, best.product_id DESC
""")  # noqa: S608
NEWEST = text("""
    SELECT product_id FROM catalog.products
    WHERE is_active AND product_id > (SELECT max(product_id) FROM catalog.products) - :window
        AND published_at > now() - interval '30 days'
    ORDER BY product_id DESC LIMIT :limit
""")
ACTIVE = text("""
    SELECT array_send(coalesce(array_agg(product_id), '{}')) FROM catalog.products
    WHERE product_id = ANY(CAST(:ids AS bigint[])) AND is_active
""")
LABELS = text(
    "SELECT product_id, title, product_type, category, brand FROM catalog.products WHERE product_id = ANY(:ids)"
)
SIMILAR = text(f"""
    WITH chosen AS (SELECT * FROM catalog.products WHERE product_id = :product_id)
    SELECT {COLUMNS} FROM {SOLD}, chosen
    WHERE p.is_active AND p.product_id <> chosen.product_id
      AND p.department_slug = chosen.department_slug AND p.category_slug = chosen.category_slug
    ORDER BY (p.product_type = chosen.product_type) DESC, s.units_sold DESC, p.product_id DESC LIMIT :limit
""")  # noqa: S608
SITEMAP_PARTS = text("SELECT DISTINCT product_id / :size AS part FROM catalog.products WHERE is_active ORDER BY part")
SITEMAP = text("""
    SELECT product_id, slug, updated_at FROM catalog.products
    WHERE is_active AND product_id >= :first AND product_id < :beyond ORDER BY product_id
""")
TREE = text("""
    SELECT department, department_slug, category, category_slug, sum(products)::bigint AS products
    FROM catalog.facet_cells WHERE products > 0 GROUP BY 1, 2, 3, 4 ORDER BY products DESC, category
""")


def to_view(row: RowMapping) -> ProductView:
    """The row must have all of `COLUMNS`; further ones are left out."""
    return ProductView(**{name: row[name] for name in VIEWED})


async def _views(reader: Reader, statement: Any, **values: Any) -> list[ProductView]:
    return [to_view(row) for row in (await reader.execute(statement, values)).mappings()]


async def product(reader: Reader, product_id: int) -> ProductView | None:
    """One product, or None."""
    row = (await reader.execute(ONE, {"product_id": product_id})).mappings().one_or_none()
    return None if row is None else to_view(row)


async def details(reader: Reader, product_id: int, paths: Sequence[str]) -> ProductDetails:
    """A product's text and attributes, and the names of `paths` from the top; the product must exist."""
    row = (await reader.execute(DETAILS, {"product_id": product_id, "paths": list(paths)})).one()
    attributes = tuple(SaidAttribute(*each) for each in row.attributes or ())
    return ProductDetails(row.description, attributes, tuple(Level(*each) for each in row.levels or ()))


async def hidden(reader: Reader, product_id: int) -> tuple[bool, bool]:
    """Whether a product is archived, and whether it waits for its day."""
    row = (await reader.execute(HIDDEN, {"id": product_id})).one()
    return row.is_archived, row.is_scheduled


async def product_row(connection: AsyncConnection, product_id: int) -> dict[str, Any] | None:
    """The same as a plain mapping by the driver alone, prepared: the shop's hottest read, at half of Core's cost."""
    driver = (await connection.get_raw_connection()).driver_connection
    async with driver.cursor(row_factory=dict_row) as cursor:  # type: ignore[union-attr]
        await cursor.execute(ONE_BY_DRIVER, [product_id], prepare=True)
        row: dict[str, Any] | None = await cursor.fetchone()
        return row


async def products(reader: Reader, ids: Sequence[int], with_inactive: bool = True) -> dict[int, ProductView]:
    """Those of `ids` that exist; a list of things to buy leaves out what is not active."""
    views = await _views(reader, MANY, ids=list(ids), with_inactive=with_inactive)
    return {view.product_id: view for view in views}


async def for_sale(reader: Reader, ids: Sequence[int]) -> dict[int, SalePrice]:
    """Those of `ids` that can be bought now."""
    rows = (await reader.execute(FOR_SALE, {"ids": list(ids)})).mappings()
    return {row["product_id"]: SalePrice(**row) for row in rows}


async def best_sellers(reader: Reader, department: str | None, limit: int) -> list[ProductView]:
    """By units sold; over everything only what was ever sold."""
    if department is None:
        return await _views(reader, BEST_SELLERS, limit=limit)
    return await _views(reader, BEST_OF_DEPARTMENT, department=department, limit=limit)


async def active(reader: Reader, ids: Sequence[int]) -> set[int]:
    """Those of `ids` that are for sale."""
    row = (await straight.read(reader, ACTIVE, {"ids": written(ids)})).one()
    return set(bigints(row[0]).tolist())


async def labels(reader: Reader, ids: Sequence[int]) -> dict[int, ProductLabel]:
    """Those of `ids` that there are."""
    rows = await straight.read(reader, LABELS, {"ids": list(ids)})
    return {row[0]: ProductLabel(*row[1:]) for row in rows}


async def newest(reader: Reader, limit: int) -> list[int]:
    """Products of the last thirty days, the newest first; looks no further back than ten times as many."""
    return list((await reader.execute(NEWEST, {"limit": limit, "window": limit * 10})).scalars())


async def best_per_department(reader: Reader, departments: Sequence[str], limit: int) -> list[ProductView]:
    """`limit` products of each department, in the order asked for: one statement for a whole home page."""
    return await _views(reader, BEST_PER_DEPARTMENT, departments=list(departments), limit=limit)


async def similar(reader: Reader, product_id: int, limit: int) -> list[ProductView]:
    """Same category, the same type first, then by units sold."""
    return await _views(reader, SIMILAR, product_id=product_id, limit=limit)


async def tree(reader: Reader) -> Sequence[RowMapping]:
    """One row per category with its department and count, largest first."""
    return (await reader.execute(TREE)).mappings().all()


async def sitemap_parts(reader: Reader, size: int) -> list[int]:
    """Which ranges of `size` ids hold products that are sold."""
    return list((await reader.execute(SITEMAP_PARTS, {"size": size})).scalars())


async def sitemap(reader: Reader, first: int, beyond: int) -> list[tuple[int, str, datetime]]:
    """Id, slug and last change of what is sold, from id `first` up to before `beyond`."""
    rows = await reader.execute(SITEMAP, {"first": first, "beyond": beyond})
    return [(row.product_id, row.slug, row.updated_at) for row in rows]
