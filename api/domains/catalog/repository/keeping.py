"""SQL of catalog for operators: products in every state, one at a time, and what may be said of each type."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog.contracts.keeping import AttributeDefinition, KeptProduct, ProductState
from api.domains.catalog.repository.products import Reader

STATE = """
    CASE WHEN archived_at IS NOT NULL THEN 'archived' WHEN is_scheduled THEN 'scheduled'
         WHEN is_active THEN 'active' ELSE 'unlisted' END
"""
COLUMNS = f"""
    product_id, version, {STATE} AS state, sku, title, slug, description, department, category, product_type, brand,
    size, price_minor, trim(currency) AS currency, attributes, available_from, archived_at, updated_at
"""
BELOW = """
    ARRAY(SELECT c.name FROM catalog.categories c
          WHERE products.category_path LIKE '%/%/%' AND c.path LIKE '%/%/%'
            AND starts_with(products.category_path || '/', c.path || '/') ORDER BY length(c.path)) AS below
"""
ONE = f"SELECT {COLUMNS}, {BELOW} FROM catalog.products WHERE product_id = :product_id"  # noqa: S608
FIELDS = (
    "title", "slug", "description", "department", "department_slug", "category", "category_slug", "product_type",
    "brand", "size", "available_from", "is_active", "is_scheduled", "category_path",
)  # fmt: skip
INSERT = text(f"""
    WITH added AS (
        INSERT INTO catalog.products (sku, price_minor, currency, attributes, {", ".join(FIELDS)})
        VALUES (:sku, :price_minor, :currency, CAST(:attributes AS jsonb), {", ".join(f":{name}" for name in FIELDS)})
        ON CONFLICT (sku) DO NOTHING RETURNING product_id, price_minor, currency, department_slug
    ),
    priced AS (
        INSERT INTO catalog.prices (product_id, variant_id, price_minor, currency)
        SELECT product_id, product_id, price_minor, currency FROM added
    )
    INSERT INTO catalog.product_sales (product_id, department_slug)
    SELECT product_id, department_slug FROM added RETURNING product_id
""")  # noqa: S608
UPDATE = text(f"""
    WITH changed AS (
        UPDATE catalog.products SET {", ".join(f"{name} = :{name}" for name in FIELDS)}, price_minor = :price_minor,
            attributes = CAST(:attributes AS jsonb), version = version + 1, updated_at = now()
        WHERE product_id = :product_id RETURNING product_id, department_slug, price_minor, currency
    ),
    priced AS (
        INSERT INTO catalog.prices (product_id, variant_id, price_minor, currency)
        SELECT product_id, product_id, price_minor, currency FROM changed WHERE price_minor <> :was_minor
    )
    UPDATE catalog.product_sales s SET department_slug = changed.department_slug FROM changed
    WHERE s.product_id = changed.product_id AND s.department_slug <> changed.department_slug
""")  # noqa: S608
ARCHIVE = text("""
    UPDATE catalog.products SET archived_at = now(), is_active = false, is_scheduled = false, version = version + 1,
        updated_at = now()
    WHERE product_id = :product_id
""")
RESTORE = text("""
    UPDATE catalog.products SET archived_at = NULL, is_active = coalesce(available_from <= now(), true),
        is_scheduled = coalesce(available_from > now(), false), version = version + 1, updated_at = now()
    WHERE product_id = :product_id
""")
PUBLISH_DUE = text("""
    UPDATE catalog.products SET is_active = true, is_scheduled = false, version = version + 1, updated_at = now()
    WHERE product_id IN (
        SELECT product_id FROM catalog.products WHERE is_scheduled AND available_from <= now()
        ORDER BY product_id LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING product_id
""")
DEFINITIONS = text("""
    SELECT name, kind, unit, choices, is_required FROM catalog.attribute_definitions
    WHERE product_type = :product_type ORDER BY position, name
""")
TYPES = text("""
    SELECT name, coalesce(sold.products, 0)::bigint AS products, coalesce(said.attributes, 0)::bigint AS attributes
    FROM (SELECT product_type AS name, sum(products) AS products FROM catalog.facet_cells WHERE products > 0 GROUP BY 1
        ) AS sold
    FULL JOIN (SELECT product_type AS name, count(*) AS attributes FROM catalog.attribute_definitions GROUP BY 1
        ) AS said USING (name)
    ORDER BY attributes DESC, products DESC, name LIMIT :most
""")
FORGET_DEFINITIONS = text("DELETE FROM catalog.attribute_definitions WHERE product_type = :product_type")
ADD_DEFINITION = text("""
    INSERT INTO catalog.attribute_definitions (product_type, name, kind, unit, choices, is_required, position)
    VALUES (:product_type, :name, :kind, :unit, :choices, :is_required, :position)
""")
LOCK_TYPE = text("SELECT pg_advisory_xact_lock(hashtextextended('catalog.type:' || :product_type, 0))")


def _kept(row: RowMapping) -> KeptProduct:
    return KeptProduct(**{**row, "below": tuple(row.get("below", ()))})


async def get(reader: Reader, product_id: int) -> KeptProduct | None:
    """One product in whatever state."""
    row = (await reader.execute(text(ONE), {"product_id": product_id})).mappings().one_or_none()
    return None if row is None else _kept(row)


async def lock(session: AsyncSession, product_id: int) -> KeptProduct | None:
    """The same, and nobody else changes it before this transaction ends."""
    row = (await session.execute(text(f"{ONE} FOR UPDATE"), {"product_id": product_id})).mappings().one_or_none()
    return None if row is None else _kept(row)


async def page(
    reader: Reader, words: str, state: ProductState | None, before: int | None, limit: int
) -> list[KeptProduct]:
    """The newest first: all, or those with the words in the title, or this very SKU or number."""
    conditions, values = ["true"], {"limit": limit}  # type: tuple[list[str], dict[str, Any]]
    if words:
        found = ["search @@ plainto_tsquery('english', :words)", "sku = :words"]
        if words.isascii() and words.isdigit() and int(words) < 2**63:
            found.append("product_id = CAST(:words AS bigint)")
        conditions.append(f"({' OR '.join(found)})")
        values["words"] = words
    if state is not None:
        conditions.append(f"{STATE} = :state")
        values["state"] = state
    if before is not None:
        conditions.append("product_id < :before")
        values["before"] = before
    where = " AND ".join(conditions)
    statement = f"SELECT {COLUMNS} FROM catalog.products WHERE {where} ORDER BY product_id DESC LIMIT :limit"  # noqa: S608
    return [_kept(row) for row in (await reader.execute(text(statement), values)).mappings()]


async def add(session: AsyncSession, values: Mapping[str, Any]) -> int | None:
    """The new product's id; None when its SKU is taken."""
    bound = {**values, "attributes": orjson.dumps(values["attributes"]).decode()}
    product_id: int | None = (await session.execute(INSERT, bound)).scalar_one_or_none()
    return product_id


async def update(session: AsyncSession, before: KeptProduct, values: Mapping[str, Any]) -> None:
    """New data of one locked product; a new price gets its line of history."""
    bound = {**values, "attributes": orjson.dumps(values["attributes"]).decode()}
    bound |= {"product_id": before.product_id, "was_minor": before.price_minor}
    await session.execute(UPDATE, bound)


async def archive(session: AsyncSession, product_id: int) -> None:
    """Out of every list."""
    await session.execute(ARCHIVE, {"product_id": product_id})


async def restore(session: AsyncSession, product_id: int) -> None:
    """For sale again, at once or on its day."""
    await session.execute(RESTORE, {"product_id": product_id})


async def publish_due(session: AsyncSession, most: int) -> list[int]:
    """Show what has waited for its day; the ids of it."""
    return list((await session.execute(PUBLISH_DUE, {"most": most})).scalars())


async def definitions(reader: Reader, product_type: str) -> list[AttributeDefinition]:
    """What may be said of products of this type, in order."""
    rows = (await reader.execute(DEFINITIONS, {"product_type": product_type})).mappings()
    return [AttributeDefinition(**{**row, "choices": tuple(row["choices"])}) for row in rows]


async def types(reader: Reader, most: int) -> Sequence[RowMapping]:
    """(name, products, attributes) of at most `most` product types: those with attributes first, then the largest."""
    return (await reader.execute(TYPES, {"most": most})).mappings().all()


async def define(session: AsyncSession, product_type: str, wanted: Sequence[AttributeDefinition]) -> None:
    """Put these in the place of what was defined before; one writer of a type at a time."""
    await session.execute(LOCK_TYPE, {"product_type": product_type})
    await session.execute(FORGET_DEFINITIONS, {"product_type": product_type})
    for position, each in enumerate(wanted):
        values = {
            "name": each.name,
            "kind": each.kind,
            "unit": each.unit,
            "choices": list(each.choices),
            "is_required": each.is_required,
        }
        await session.execute(ADD_DEFINITION, values | {"product_type": product_type, "position": position})
