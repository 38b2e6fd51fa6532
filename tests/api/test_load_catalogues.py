"""Real catalogues: fashion with pictures, books, a tree of categories."""

import hashlib
import tarfile
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from PIL import Image
from rich.console import Console
from sqlalchemy import text

from api.core.db import Database
from api.domains.catalog import facade as catalog
from infra.load import catalogues
from infra.load.catalogues import book_price, load_goodbooks, load_livostyle, pictures
from infra.load.category_tree import grow, load_categories

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "catalogue"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the real catalogues are not in ../shared/data")
COUNTS = """
    SELECT (SELECT count(*) FROM catalog.products), (SELECT count(*) FROM inventory.movements),
        (SELECT count(*) FROM core.outbox)
"""
STORED = "SELECT code, name, path, parent_path FROM catalog.categories ORDER BY path"
PRODUCTS = (
    "SELECT sku, title, department, category, product_type, brand, price_minor FROM catalog.products ORDER BY sku"
)


def screen() -> Console:
    return Console(file=StringIO(), width=160)


async def rows_of(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.transaction() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


def picture() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (4, 4), "teal").save(buffer, "JPEG")
    return buffer.getvalue()


def write_fashion(folder: Path) -> None:
    columns = catalogues.LIVOSTYLE_COLUMNS
    rows = [
        ("1", "red-dress", "Red Dress", "Dress", "Apparel & Accessories > Clothing > Dresses", 28.99, True, 3,
         "A red dress. Fabric & care Silk. Wear it with Shoes.", "red | v-neck | Ship from USA"),
        ("2", "odd", "Odd", "Thing", None, 9.99, False, None, None, None),
        ("3", "shoes", "Shoes", "Sneaker", "Apparel & Accessories > Shoes", 0.0, True, 1, "", "black"),
    ]  # fmt: skip
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(folder / "products.parquet")
    with tarfile.open(folder / "thumbnails_sample.tar", "w") as archive:
        for name, content in {"red-dress": picture(), "stranger": picture(), "odd": b"no picture"}.items():
            member = tarfile.TarInfo(f"thumbnails/{name}.jpg")
            member.size = len(content)
            archive.addfile(member, BytesIO(content))


async def test_fashion_with_stock_and_pictures(rolled_back: Database, tmp_path: Path) -> None:
    write_fashion(tmp_path)
    result = await load_livostyle(tmp_path, report=tmp_path / "bad.csv", console=screen())
    assert (result.counts.new, result.counts.bad, result.new_stock) == (2, 1, 1)
    assert (result.pictures, result.stray_pictures) == (1, 2)
    assert (tmp_path / "bad.csv").read_text().splitlines()[1] == "3,LIVO-3,price,is zero"
    assert await rows_of(rolled_back, PRODUCTS) == [
        ("LIVO-1", "Red Dress", "Clothing", "Dresses", "Dress", "LivoStyle", 2899),
        ("LIVO-2", "Odd", "Miscellaneous", "Thing", "Thing", "LivoStyle", 999),
    ]
    said = "SELECT description, attributes FROM catalog.products WHERE sku = 'LIVO-1'"
    assert await rows_of(rolled_back, said) == [
        ("A red dress.\n\nFabric & care: Silk.\n\nWear it with: Shoes.", {"Colour": "Red", "Neckline": "V-neck"})
    ]
    stock = await rows_of(rolled_back, "SELECT product_id, sum(on_hand) FROM inventory.stock GROUP BY 1")
    shown = await rows_of(rolled_back, "SELECT product_id, digest FROM catalog.images WHERE state = 'ready'")
    assert [(product_id, 25) for product_id, _ in shown] == stock
    assert [digest for _, digest in shown] == [hashlib.sha256(picture()).hexdigest()]
    before = await rows_of(rolled_back, COUNTS)
    again = await load_livostyle(tmp_path, console=screen())
    assert (again.counts.same, again.new_stock, again.pictures) == (2, 0, 0)
    assert await rows_of(rolled_back, COUNTS) == before


@real
async def test_livostyle_whole_and_again(rolled_back: Database) -> None:
    """Every product has a place in the tree and a price in cents; a second load changes nothing."""
    source = pl.read_parquet(REAL / "livostyle" / "products.parquet")
    first = await load_livostyle(REAL / "livostyle", console=screen())
    assert (first.counts.new, first.counts.bad) == (source.height, 0)
    assert first.new_stock == source["in_stock_any"].sum()
    assert await rows_of(rolled_back, "SELECT sum(price_minor)::bigint FROM catalog.products") == [
        (int((source["price_min_usd"] * 100).round().sum()),)
    ]
    departments = dict(await rows_of(rolled_back, "SELECT department, count(*) FROM catalog.products GROUP BY 1"))
    paths = source["category_full_path"].fill_null("").str.split(" > ").list.get(1, null_on_oob=True)
    for name in ("Clothing", "Jewelry", "Shoes"):
        assert departments[name] == (paths == name).sum() > 0
    assert first.pictures > 450
    faces = "SELECT count(*) FROM catalog.products WHERE image IS NOT NULL"
    assert await rows_of(rolled_back, faces) == [(first.pictures,)]
    again = await load_livostyle(REAL / "livostyle", console=screen())
    assert (again.counts.same, again.new_stock, again.pictures) == (source.height, 0, 0)


@real
async def test_the_raw_file_of_livostyle_goes_through_the_common_import(rolled_back: Database) -> None:
    mapping = {"sku": "id", "price": "price_min_usd"}
    path = REAL / "livostyle" / "products.parquet"
    counts = await catalog.import_file(path, mapping=mapping)
    assert (counts.read, counts.new, counts.bad) == (2766, 2766, 0)
    assert (await catalog.import_file(path, mapping=mapping)).same == 2766


@real
def test_the_pictures_of_livostyle() -> None:
    handles = set(pl.read_parquet(REAL / "livostyle" / "products.parquet")["handle"])
    found = dict(pictures(REAL / "livostyle" / "thumbnails_sample.tar"))
    assert len(found) == 517
    assert None not in found.values()
    assert len(found.keys() & handles) > 500


@real
async def test_books_whole_and_again(rolled_back: Database) -> None:
    source = pl.read_parquet(REAL / "goodbooks10k" / "books.parquet")
    first = await load_goodbooks(REAL / "goodbooks10k", console=screen())
    assert (first.counts.read, first.counts.new, first.counts.bad) == (source.height, source.height, 0)
    foreign = await rows_of(
        rolled_back, "SELECT count(*) FROM catalog.products WHERE category = 'Books in other languages'"
    )
    spoken = source["language_code"].drop_nulls()
    assert foreign == [((~spoken.str.starts_with("en")).sum(),)]
    ones = await rows_of(rolled_back, "SELECT title, brand FROM catalog.products WHERE sku = 'GB-2'")
    assert ones[0][0].startswith("Harry Potter and the Sorcerer's Stone")
    assert ones[0][1] == "J.K. Rowling"
    again = await load_goodbooks(REAL / "goodbooks10k", console=screen())
    assert (again.counts.same, again.new_stock) == (source.height, 0)


def test_a_book_costs_the_same_in_every_load() -> None:
    assert book_price(7, 1937.0) == book_price(7, 1937.0) < book_price(7, 2011.0)
    assert len({book_price(number, None) for number in range(100)}) == 8


async def test_what_is_not_there_is_said(rolled_back: Database, tmp_path: Path) -> None:
    for load, name in ((load_livostyle, "products.parquet"), (load_goodbooks, "books.parquet")):
        with pytest.raises(FileNotFoundError) as refused:
            await load(tmp_path, console=screen())
        assert refused.value.filename == str(tmp_path / name)
    pl.DataFrame({"id": ["1"]}).write_parquet(tmp_path / "products.parquet")
    with pytest.raises(ValueError, match="has no column handle, title"):
        await load_livostyle(tmp_path, console=screen())
    with pytest.raises(FileNotFoundError):
        await load_categories(tmp_path, console=screen())
    (tmp_path / "categories.json").write_text("{}")
    with pytest.raises(ValueError, match="no list of categories"):
        await load_categories(tmp_path, console=screen())


def row(*path: str, name: str | None = "Name") -> dict[str, Any]:
    return {"id": path[-1], "name": name, "path": [{"id": step, "name": f"N{step}"} for step in path]}


def test_a_tree_grows_from_rows_in_any_order() -> None:
    tree = grow([row("a", "b", "c"), row("a"), row("x", "y")])
    assert [(node.category_id, node.name, node.parent, node.has_row) for node in tree.nodes] == [
        ("x", "Nx", None, False),
        ("a", "Name", None, True),
        ("b", "Nb", "a", False),
        ("y", "Name", "x", True),
        ("c", "Name", "b", True),
    ]
    assert (tree.depth, tree.roots, tree.leaves, tree.inferred, tree.bad) == (3, 2, 2, 2, ())


def test_what_cannot_be_in_a_tree_is_told_by_line() -> None:
    wrong = row("a", "q")
    wrong["id"] = "z"
    rows = [row("a"), row("b", name=None), row("a"), row("p", "a", "p"), wrong, {"id": 1}, row("b", "a", "d"), "text"]
    bad = [(each.line, each.field, each.reason) for each in grow(rows).bad]
    assert bad == [
        (2, "name", "is empty"),
        (3, "id", "was on line 1"),
        (4, "path", "passes the same category twice"),
        (5, "path", "does not end with the category itself"),
        (6, "row", "has no id, name and path"),
        (7, "path", "leads to a, which is not there or elsewhere"),
        (8, "row", "has no id, name and path"),
    ]


@real
async def test_best_buy_is_one_tree(rolled_back: Database, tmp_path: Path) -> None:
    rows = orjson.loads((REAL / "bestbuy" / "categories.json").read_bytes())
    tree = await load_categories(REAL / "bestbuy", report=tmp_path / "bad.csv", console=screen())
    nameless = sum(not each["name"] for each in rows)
    assert tree.read == len(rows) == 4584
    assert [each.reason for each in tree.bad] == ["is empty"] * nameless
    assert len((tmp_path / "bad.csv").read_text().splitlines()) == 1 + nameless
    named = {each["id"] for each in rows if each["name"]}
    assert len(tree.nodes) == len(named | {step["id"] for each in rows if each["name"] for step in each["path"]})
    seen: set[str] = set()
    for node in tree.nodes:
        assert node.parent is None or node.parent in seen
        seen.add(node.category_id)
    stored = await rows_of(rolled_back, STORED)
    assert {row[0] for row in stored} == {node.category_id for node in tree.nodes}
    path_of = {row[0]: row[2] for row in stored}
    assert all(
        path_of.get(node.parent) == parent
        for node, (_, _, _, parent) in zip(
            sorted(tree.nodes, key=lambda node: path_of[node.category_id]), stored, strict=True
        )
    )
    screened = screen()
    await load_categories(REAL / "bestbuy", console=screened)
    assert "new or changed" in screened.file.getvalue()  # type: ignore[attr-defined]
    assert await rows_of(rolled_back, STORED) == stored
