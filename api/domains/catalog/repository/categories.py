"""SQL of the category tree: nodes by path, what is below them, and who stands there."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.catalog.contracts import CategoryNode

ENSURE = text("""
    INSERT INTO catalog.categories (path, name)
    SELECT path, name FROM unnest(CAST(:paths AS text[]), CAST(:names AS text[])) AS t (path, name)
    WHERE NOT EXISTS (SELECT FROM catalog.categories c WHERE c.path = t.path)
    ORDER BY path ON CONFLICT (path) DO NOTHING
""")
NAMES = text("SELECT path, name FROM catalog.categories WHERE path = ANY(:paths)")
CODED = text("SELECT path, name, code FROM catalog.categories WHERE code IS NOT NULL OR path = ANY(:paths)")
STORE = text("""
    INSERT INTO catalog.categories AS kept (path, name, code)
    SELECT * FROM unnest(CAST(:paths AS text[]), CAST(:names AS text[]), CAST(:codes AS text[]))
        AS t (path, name, code)
    ORDER BY path ON CONFLICT (path) DO UPDATE SET code = excluded.code, name = excluded.name
        WHERE ROW(kept.code, kept.name) IS DISTINCT FROM ROW(excluded.code, excluded.name)
    RETURNING path
""")
# Counted from the cells by the next level of their path, so that a page of the tree costs one walk over them.
BELOW = text("""
    WITH counted AS (
        SELECT split_part(category_path, '/', :level) AS slug, sum(products)::bigint AS products
        FROM catalog.facet_cells WHERE products > 0 AND category_path LIKE :below GROUP BY 1
    )
    SELECT c.path, c.name, c.code, coalesce(counted.products, 0) AS products,
        EXISTS (SELECT FROM catalog.categories b WHERE b.parent_path = c.path) AS is_parent
    FROM catalog.categories c LEFT JOIN counted ON counted.slug = split_part(c.path, '/', :level)
    WHERE c.parent_path IS NOT DISTINCT FROM :parent
    ORDER BY products DESC, name, path
""")
STOCKED = text("SELECT DISTINCT category_path FROM catalog.facet_cells WHERE products > 0")
ABOVE = text("""
    SELECT path, name, code, 0::bigint AS products, true AS is_parent FROM catalog.categories
    WHERE path = ANY(:paths) ORDER BY length(path)
""")
ADD = text("INSERT INTO catalog.categories (path, name) VALUES (:path, :name) ON CONFLICT DO NOTHING RETURNING path")
LOCK = text("SELECT name FROM catalog.categories WHERE path = :path FOR UPDATE")
RENAME = text("UPDATE catalog.categories SET name = :name WHERE path = :path")
IS_USED = text("""
    SELECT EXISTS (SELECT FROM catalog.categories WHERE parent_path = :path)
        OR EXISTS (SELECT FROM catalog.products WHERE category_path = :path)
""")
REMOVE = text("DELETE FROM catalog.categories WHERE path = :path")
# What a cell is called follows here: the counts themselves do not change, so their trigger has nothing to add.
RELABEL = """
    WITH changed AS (
        UPDATE catalog.products SET {level} = :name, version = version + 1, updated_at = now()
        WHERE (category_path = :path OR category_path LIKE :below) AND {level} <> :name AND {level} <> ''
        RETURNING product_id
    ),
    labelled AS (
        UPDATE catalog.facet_cells SET {level} = :name WHERE category_path = :path OR category_path LIKE :below
    )
    SELECT product_id FROM changed ORDER BY product_id
"""
LEVELS = ("department", "category")


async def ensure(session: AsyncSession, names: Mapping[str, str]) -> dict[str, str]:
    """Make the nodes that are not there; path → name as the tree has it. Parents must be among them or there."""
    await session.execute(ENSURE, {"paths": list(names), "names": list(names.values())})
    return {row.path: row.name for row in await session.execute(NAMES, {"paths": list(names)})}


async def coded(reader: Reader, paths: Sequence[str]) -> Sequence[RowMapping]:
    """(path, name, code) of the nodes that a source named, and of those at `paths`."""
    return (await reader.execute(CODED, {"paths": list(paths)})).mappings().all()


async def store(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> int:
    """Rows of (path, name, code) into the tree; how many were new or differed."""
    columns = {f"{name}s": [row[name] for row in rows] for name in ("path", "name", "code")}
    return len((await session.execute(STORE, columns)).all())


async def below(reader: Reader, path: str) -> list[CategoryNode]:
    """The nodes directly below one, those with most products first; those at the top for an empty path."""
    values = {"parent": path or None, "below": f"{path}/%" if path else "%"}
    level = path.count("/") + 2 if path else 1
    return [CategoryNode(**row) for row in (await reader.execute(BELOW, values | {"level": level})).mappings()]


async def stocked(reader: Reader) -> list[str]:
    """The paths of all nodes at which a product for sale stands."""
    return list((await reader.execute(STOCKED)).scalars())


async def nodes(reader: Reader, paths: Sequence[str]) -> list[CategoryNode]:
    """Those of `paths` that exist, the shortest first; not counted."""
    return [CategoryNode(**row) for row in (await reader.execute(ABOVE, {"paths": list(paths)})).mappings()]


async def add(session: AsyncSession, path: str, name: str) -> bool:
    """A node below one that is there; False when its path is taken."""
    return (await session.execute(ADD, {"path": path, "name": name})).first() is not None


async def lock(session: AsyncSession, path: str) -> str | None:
    """A node's name, and nobody else changes it before this transaction ends."""
    name: str | None = (await session.execute(LOCK, {"path": path})).scalar_one_or_none()
    return name


async def rename(session: AsyncSession, path: str, name: str) -> list[int]:
    """A new name, also on the products whose department or category it is; their ids."""
    await session.execute(RENAME, {"path": path, "name": name})
    level = path.count("/")
    if level >= len(LEVELS):
        return []
    values = {"path": path, "below": f"{path}/%", "name": name}
    return list((await session.execute(text(RELABEL.format(level=LEVELS[level])), values)).scalars())


async def is_used(session: AsyncSession, path: str) -> bool:
    """Whether anything stands at a node or below it."""
    found: bool = (await session.execute(IS_USED, {"path": path})).scalar_one()
    return found


async def remove(session: AsyncSession, path: str) -> None:
    """Take out a node at which nothing stands."""
    await session.execute(REMOVE, {"path": path})
