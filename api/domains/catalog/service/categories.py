"""The category tree: read level by level, kept by operators, taken from a source."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.audit import record_act
from api.core.db import Reader, transaction
from api.core.errors import Invalid
from api.core.outbox import publish
from api.core.slugs import slugify
from api.domains.catalog.contracts import CategoryBranch, CategorySource
from api.domains.catalog.domain import DEEPEST_LEVEL, node_path, nodes_above
from api.domains.catalog.errors import CategoryExists, CategoryInUse, CategoryNotFound
from api.domains.catalog.repository import categories
from api.domains.catalog.repository import products as found
from api.domains.catalog.service.products import published

ROWS_AT_ONCE = 5_000


async def stocked(reader: Reader) -> list[str]:
    """The paths of all nodes that hold something for sale, be it further below."""
    return sorted({node for path in await categories.stocked(reader) for node in nodes_above(path)})


async def branch(reader: Reader, path: str) -> CategoryBranch:
    """A node with those above it and directly below it; an empty path is the whole tree. Raises CategoryNotFound."""
    above = await categories.nodes(reader, nodes_above(path)) if path else []
    if path and (not above or above[-1].path != path):
        raise CategoryNotFound(path)
    return CategoryBranch(tuple(above), tuple(await categories.below(reader, path)))


async def place(session: AsyncSession, levels: Iterable[Sequence[str]]) -> dict[str, str]:
    """Make the nodes of each list of names, from the department down; path → name as the tree has it.

    A node keeps the name that it has: a file that writes it otherwise does not rename it.
    """
    names: dict[str, str] = {}
    for each in set(map(tuple, levels)):
        for level in range(1, len(each) + 1):
            names.setdefault(node_path(each[:level]), each[level - 1])
    return await categories.ensure(session, names) if names else {}


def placed(levels: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """A product's columns of where it stands; `levels` are department, category and what is below, as they came.

    Without a category the department stands for it.
    """
    department = names[node_path(levels[:1])]
    return {
        "department": department,
        "department_slug": slugify(levels[0]),
        "category": names[node_path(levels[:2])],
        "category_slug": slugify(levels[1] or levels[0]),
        "category_path": node_path(levels),
    }


async def add(actor_id: UUID, parent: str, name: str) -> str:
    """A node below `parent`, or at the top; its path. Raises CategoryNotFound, CategoryExists, Invalid."""
    name = _checked(name)
    path = f"{parent}/{slugify(name)}" if parent else slugify(name)
    if path.count("/") >= DEEPEST_LEVEL:
        raise Invalid("name", f"the tree is at most {DEEPEST_LEVEL} levels deep")
    async with transaction() as session:
        if parent and await categories.lock(session, parent) is None:
            raise CategoryNotFound(parent)
        if not await categories.add(session, path, name):
            raise CategoryExists(path)
        await record_act(session, actor_id, "catalog.add_category", f"category:{path}", name=name)
    return path


async def rename(actor_id: UUID, path: str, name: str) -> None:
    """Another name at the same address; products that bear it say so in their events. Raises CategoryNotFound."""
    name = _checked(name)
    async with transaction() as session:
        before = await categories.lock(session, path)
        if before is None:
            raise CategoryNotFound(path)
        if before == name:
            return
        changed = await categories.rename(session, path, name)
        for start in range(0, len(changed), ROWS_AT_ONCE):
            views = await found.products(session, changed[start : start + ROWS_AT_ONCE])
            await publish(session, *(published(view) for view in views.values()))
        details = {"was": before, "name": name, "products": len(changed)}
        await record_act(session, actor_id, "catalog.rename_category", f"category:{path}", **details)


async def remove(actor_id: UUID, path: str) -> None:
    """Take out an empty node. Raises CategoryNotFound, and CategoryInUse while something stands there."""
    try:
        async with transaction() as session:
            if await categories.lock(session, path) is None:
                raise CategoryNotFound(path)
            if await categories.is_used(session, path):
                raise CategoryInUse(path)
            await categories.remove(session, path)
            await record_act(session, actor_id, "catalog.remove_category", f"category:{path}")
    except IntegrityError as error:  # somebody put something there in this very moment
        raise CategoryInUse(path) from error


async def store(nodes: Sequence[CategorySource]) -> int:
    """Nodes of a source, parents first, into the tree; the same again changes nothing. Returns how many it changed.

    A node is known again by its code. Where its address is taken by a node of another code it gets a number.
    """
    async with transaction() as session:
        wanted = [slugify(each.name) for each in nodes]
        known = await categories.coded(session, sorted(set(wanted)))
        path_of = {row["code"]: row["path"] for row in known if row["code"]}
        taken: dict[str, str | None] = {row["path"]: row["code"] for row in known}
        rows = []
        for each, slug in zip(nodes, wanted, strict=True):
            path = path_of.get(each.code) or _free(path_of, taken, each, slug)
            path_of[each.code] = path
            taken[path] = each.code
            rows.append({"path": path, "name": each.name, "code": each.code})
        changed = 0
        for start in range(0, len(rows), ROWS_AT_ONCE):
            changed += await categories.store(session, rows[start : start + ROWS_AT_ONCE])
        return changed


def _free(path_of: Mapping[str, str], taken: Mapping[str, str | None], each: CategorySource, slug: str) -> str:
    above = f"{path_of[each.parent]}/" if each.parent else ""
    path, number = f"{above}{slug}", 1
    while taken.get(path) is not None:
        number += 1
        path = f"{above}{slug}-{number}"
    return path


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= 100:
        raise Invalid("name", "must have 1 to 100 characters")
    return name
