"""`agora load bestbuy-categories`: a retailer's 4,584 categories, checked and put into the catalogue as one tree."""

import asyncio
import errno
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import BadRow, CategorySource

FILE = "categories.json"


@dataclass(frozen=True, slots=True)
class Category:
    """One node: `path` are the ids from the top to the node itself. One without a row of its own is known only from
    the paths of those below it.
    """

    category_id: str
    name: str
    path: tuple[str, ...]
    has_row: bool = True

    @property
    def parent(self) -> str | None:
        """The node above; None at the top."""
        return self.path[-2] if len(self.path) > 1 else None


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes in an order in which a parent stands before its children, and the rows that cannot be nodes."""

    nodes: tuple[Category, ...]
    bad: tuple[BadRow, ...]
    read: int

    @property
    def depth(self) -> int:
        """Levels."""
        return max((len(node.path) for node in self.nodes), default=0)

    @property
    def inferred(self) -> int:
        """Nodes without a row of their own."""
        return sum(not node.has_row for node in self.nodes)

    @property
    def roots(self) -> int:
        """Nodes at the top."""
        return sum(node.parent is None for node in self.nodes)

    @property
    def leaves(self) -> int:
        """Nodes without children."""
        return len({node.category_id for node in self.nodes} - {node.parent for node in self.nodes})


async def load_categories(folder: Path, *, report: Path | None = None, console: Console | None = None) -> Tree:
    """The tree in `folder` into the catalogue's; the same again changes nothing. Says what it is like.

    Raises FileNotFoundError and ValueError.
    """
    tree = await asyncio.to_thread(lambda: grow(read(folder)))
    changed = await catalog.store_categories(
        [CategorySource(node.category_id, node.name, node.parent) for node in tree.nodes]
    )
    if report:
        await asyncio.to_thread(_write_bad, tree, report)
    _print(tree, changed, console or Console(), report)
    return tree


def read(folder: Path) -> list[Any]:
    """The rows of the file. Raises FileNotFoundError, and ValueError for what is no list in JSON."""
    path = folder / FILE
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    rows = orjson.loads(path.read_bytes())
    if not isinstance(rows, list):
        raise ValueError(f"{path.name} is no list of categories")
    return rows


def grow(rows: Sequence[Any]) -> Tree:
    """Rows of (id, name, path) → a tree. A row is bad when it has no name, contradicts itself, comes twice, or hangs
    on a parent that stands elsewhere or has no name.
    """
    bad: list[BadRow] = []
    found: dict[str, tuple[int, Category]] = {}
    above: dict[str, Category] = {}
    for line, row in enumerate(rows, start=1):
        try:
            node, ancestors = _node(row)
        except _Unfit as error:
            bad.append(BadRow(line, error.category_id, error.field, error.reason))
            continue
        for ancestor in ancestors:
            above.setdefault(ancestor.category_id, ancestor)
        if node.category_id in found:
            bad.append(BadRow(line, node.category_id, "id", f"was on line {found[node.category_id][0]}"))
        else:
            found[node.category_id] = (line, node)
    candidates = [*found.values(), *((0, node) for key, node in above.items() if key not in found)]
    nodes: dict[str, Category] = {}
    for line, node in sorted(candidates, key=lambda each: (len(each[1].path), each[0], each[1].category_id)):
        if node.parent is None or (node.parent in nodes and nodes[node.parent].path == node.path[:-1]):
            nodes[node.category_id] = node
        elif node.has_row:
            bad.append(
                BadRow(line, node.category_id, "path", f"leads to {node.parent}, which is not there or elsewhere")
            )
    return Tree(tuple(nodes.values()), tuple(sorted(bad, key=lambda row: row.line)), len(rows))


class _Unfit(Exception):
    """A row that cannot be a node."""

    def __init__(self, category_id: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.category_id, self.field, self.reason = category_id, field, reason


def _node(row: Any) -> tuple[Category, list[Category]]:
    """The node of a row, and those above it as its path names them. Raises _Unfit."""
    try:
        category_id, name = str(row["id"]), row["name"]
        steps = [(str(step["id"]), step["name"]) for step in row["path"]]
    except (KeyError, TypeError):
        raise _Unfit("", "row", "has no id, name and path") from None
    path = tuple(key for key, _ in steps)
    if not _is_name(name):
        raise _Unfit(category_id, "name", "is empty")
    if path[-1:] != (category_id,):
        raise _Unfit(category_id, "path", "does not end with the category itself")
    if len(set(path)) != len(path):
        raise _Unfit(category_id, "path", "passes the same category twice")
    ancestors = [
        Category(key, " ".join(called.split()), path[:level], has_row=False)
        for level, (key, called) in enumerate(steps[:-1], start=1)
        if _is_name(called)
    ]
    return Category(category_id, " ".join(name.split()), path), ancestors


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _write_bad(tree: Tree, path: Path) -> None:
    with catalog.Report(path) as bad_rows:
        for row in tree.bad:
            bad_rows.add(row)


def _print(tree: Tree, changed: int, console: Console, report: Path | None) -> None:
    table = Table(title=f"Best Buy, {tree.read:,} categories", show_header=False)
    rows = {
        "in the tree": len(tree.nodes),
        "of them known from paths only": tree.inferred,
        "at the top": tree.roots,
        "levels": tree.depth,
        "without children": tree.leaves,
        "new or changed": changed,
        "refused": len(tree.bad),
    }
    for name, count in rows.items():
        table.add_row(name, f"{count:,}")
    for field, count in Counter(row.field for row in tree.bad).most_common():
        table.add_row(f"  for their {field}", f"{count:,}")
    console.print(table)
    if tree.bad:
        console.print(f"They are in {report}." if report else "--report FILE writes down which and why.")
