"""SQL of catalog about collections: products picked by hand, in their order."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.catalog.contracts import ProductView
from api.domains.catalog.contracts.keeping import Collection
from api.domains.catalog.repository.products import COLUMNS, SOLD, Reader, to_view

_COLLECTION = """
    c.collection_id, c.slug, c.title, c.description, c.is_active, c.version,
    ARRAY(SELECT product_id FROM catalog.collection_products k WHERE k.collection_id = c.collection_id
          ORDER BY position) AS product_ids
"""
ALL = text(f"SELECT {_COLLECTION} FROM catalog.collections c ORDER BY c.title, c.collection_id LIMIT 500")  # noqa: S608
BY_SLUG = text(f"SELECT {_COLLECTION} FROM catalog.collections c WHERE c.slug = :slug")  # noqa: S608
BY_ID = f"SELECT {_COLLECTION} FROM catalog.collections c WHERE c.collection_id = :collection_id"  # noqa: S608
PRODUCTS = text(f"""
    SELECT {COLUMNS} FROM {SOLD} JOIN catalog.collection_products k USING (product_id)
    WHERE k.collection_id = :collection_id AND p.is_active ORDER BY k.position
""")  # noqa: S608
ADD = text("""
    INSERT INTO catalog.collections (slug, title, description, is_active)
    VALUES (:slug, :title, :description, :is_active) ON CONFLICT (slug) DO NOTHING RETURNING collection_id
""")
UPDATE = text("""
    UPDATE catalog.collections
    SET title = :title, description = :description, is_active = :is_active, version = version + 1
    WHERE collection_id = :collection_id
""")
EMPTY = text("DELETE FROM catalog.collection_products WHERE collection_id = :collection_id")
FILL = text("""
    INSERT INTO catalog.collection_products (collection_id, product_id, position)
    SELECT :collection_id, product_id, position
    FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS t (product_id, position)
""")


def _collection(row: RowMapping) -> Collection:
    return Collection(**{**row, "product_ids": tuple(row["product_ids"])})


async def collections(reader: Reader) -> list[Collection]:
    """All of them, by title."""
    return [_collection(row) for row in (await reader.execute(ALL)).mappings()]


async def by_slug(reader: Reader, slug: str) -> Collection | None:
    """The one of an address."""
    row = (await reader.execute(BY_SLUG, {"slug": slug})).mappings().one_or_none()
    return None if row is None else _collection(row)


async def by_id(reader: Reader, collection_id: int, lock: bool = False) -> Collection | None:
    """One; locked, nobody else changes it before this transaction ends."""
    statement = text(f"{BY_ID} FOR UPDATE OF c" if lock else BY_ID)
    row = (await reader.execute(statement, {"collection_id": collection_id})).mappings().one_or_none()
    return None if row is None else _collection(row)


async def products(reader: Reader, collection_id: int) -> list[ProductView]:
    """What shoppers see of it, in its order."""
    rows = (await reader.execute(PRODUCTS, {"collection_id": collection_id})).mappings()
    return [to_view(row) for row in rows]


async def add(session: AsyncSession, values: dict[str, Any]) -> int | None:
    """The new collection's id; None when its address is taken."""
    collection_id: int | None = (await session.execute(ADD, values)).scalar_one_or_none()
    return collection_id


async def update(session: AsyncSession, collection_id: int, values: dict[str, Any]) -> None:
    """New words for it."""
    await session.execute(
        UPDATE,
        {name: values[name] for name in ("title", "description", "is_active")} | {"collection_id": collection_id},
    )


async def fill(session: AsyncSession, collection_id: int, product_ids: Sequence[int]) -> None:
    """These products in this order, in the place of what it held."""
    await session.execute(EMPTY, {"collection_id": collection_id})
    await session.execute(FILL, {"collection_id": collection_id, "ids": list(product_ids)})
