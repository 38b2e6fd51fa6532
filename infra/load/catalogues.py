"""`agora load livostyle` and `agora load goodbooks`: real catalogues by the same import as everybody's files.

What a source does not know is filled by a fixed rule from what it does, the same in every load: opening stock, and the
price of a book.
"""

import asyncio
import errno
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
from PIL import Image, UnidentifiedImageError
from rich.console import Console

from api.core.db import transaction
from api.core.errors import AppError
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import BadRow, ImportCounts
from api.domains.inventory import facade as inventory
from infra.load.fashion import Item, define_fashion, fashion, livostyle_sku
from infra.load.products import bar, in_words

STOCK_AT_ONCE = 5_000
LARGEST_PICTURE = 5 * 1024**2
# Language of a book → the shelf where it stands.
ENGLISH = frozenset({"eng", "en", "en-US", "en-GB", "en-CA"})
LANGUAGES = {
    "ara": "Arabic", "fre": "French", "ind": "Indonesian", "spa": "Spanish", "ger": "German", "jpn": "Japanese",
    "per": "Persian", "por": "Portuguese", "pol": "Polish", "nor": "Norwegian", "dan": "Danish", "fil": "Filipino",
    "ita": "Italian", "nl": "Dutch", "vie": "Vietnamese", "tur": "Turkish", "swe": "Swedish", "rum": "Romanian",
    "rus": "Russian",
}  # fmt: skip
DECADES = ((1900, "Classics"), (1950, "Early 20th century"), (1980, "1950s to 1970s"), (2000, "1980s and 1990s"))


@dataclass
class CatalogueReport:
    """What one load did. Pictures that fit no product are `stray_pictures`."""

    counts: ImportCounts
    new_stock: int = 0
    pictures: int = 0
    stray_pictures: int = 0


async def load_livostyle(
    folder: Path, *, report: Path | None = None, console: Console | None = None
) -> CatalogueReport:
    """The products, their stock and their pictures. Raises FileNotFoundError and ValueError."""
    rows = await asyncio.to_thread(_read, folder / "products.parquet", LIVOSTYLE_COLUMNS)
    archive = folder / "thumbnails_sample.tar"
    # Of equals the newest come first in every list: what has a picture is taken last.
    shown = await asyncio.to_thread(_names, archive)
    items = [fashion(line, row) for line, row in enumerate(rows.iter_rows(named=True), start=1)]
    items.sort(key=lambda item: rows["handle"][item.line - 1] in shown)
    console = console or Console()
    await define_fashion(items)
    result = await _load(items, report, console)
    by_picture = dict(zip(rows["handle"], map(livostyle_sku, rows["id"]), strict=True))
    await _attach(archive, by_picture, result, console)
    return result


async def load_goodbooks(
    folder: Path, *, report: Path | None = None, console: Console | None = None
) -> CatalogueReport:
    """The books and their stock. Raises FileNotFoundError and ValueError."""
    rows = await asyncio.to_thread(_read, folder / "books.parquet", BOOK_COLUMNS)
    return await _load(
        [_book(line, row) for line, row in enumerate(rows.iter_rows(named=True), start=1)], report, console or Console()
    )


LIVOSTYLE_COLUMNS = (
    "id", "handle", "title", "product_type", "category_full_path", "price_min_usd", "in_stock_any", "variant_count",
    "description", "tags",
)  # fmt: skip
BOOK_COLUMNS = ("book_id", "title", "authors", "original_publication_year", "language_code", "ratings_count")


def _read(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    rows = pl.read_parquet(path)
    if missing := [name for name in columns if name not in rows.columns]:
        raise ValueError(f"{path.name} has no column {', '.join(missing)}")
    return rows


def _book(line: int, row: Mapping[str, Any]) -> Item:
    year, language = row["original_publication_year"], row["language_code"]
    era = next((name for before, name in DECADES if year is not None and year < before), "Since 2000")
    is_english = language is None or language in ENGLISH
    authors = [author.strip() for author in (row["authors"] or "").split(",") if author.strip()]
    number = int(row["book_id"])
    values = {
        "sku": f"GB-{number}",
        "title": " · ".join([str(row["title"]), ", ".join(authors[:3])]) if authors else row["title"],
        "department": "Books",
        "category": era if is_english else "Books in other languages",
        "product_type": "Book" if is_english else f"Book in {LANGUAGES.get(language, 'another language')}",
        "brand": authors[0] if authors else "",
        "price_minor": book_price(number, year),
        "currency": "USD",
    }
    return Item(line, values, min(200, 5 + int(row["ratings_count"] or 0) // 20_000))


def book_price(number: int, year: float | None) -> int:
    """Cents: old books are cheap, new ones are not, and not all cost the same. The source knows no prices."""
    base = 599 if year is None or year < 1950 else 899 if year < 2000 else 1099
    return base + number * 7919 % 8 * 100


async def _load(items: Sequence[Item], report: Path | None, console: Console) -> CatalogueReport:
    done = 0

    def rows() -> Iterator[catalog.RawRow]:
        nonlocal done
        for item in items:
            done += 1
            yield catalog.RawRow(item.line, item.values)

    source = catalog.Source(rows(), lambda: done / max(len(items), 1))
    refused: list[BadRow] = []
    with bar(console) as progress, catalog.Report(report) if report else nullcontext() as bad_rows:
        task = progress.add_task("products", total=1.0, state="")

        async def show(counts: ImportCounts, fraction: float) -> None:
            progress.update(task, completed=fraction, state=in_words(counts))

        def refuse(row: BadRow) -> None:
            refused.append(row)
            if bad_rows:
                bad_rows.add(row)

        result = CatalogueReport(await catalog.import_rows(source, refuse, progress=show))
        progress.update(task, completed=1.0)
    result.new_stock = await _open_stock(items)
    console.print(f"{len(items):,} products: {in_words(result.counts)}; {result.new_stock:,} with new stock.")
    for row in refused[:10]:
        console.print(f"  line {row.line}: {row.field} {row.reason}")
    return result


async def _open_stock(items: Sequence[Item]) -> int:
    """The first load opens the stock; a later one leaves it as it has become since."""
    opened = 0
    for start in range(0, len(items), STOCK_AT_ONCE):
        stock = {str(item.values["sku"]): item.stock for item in items[start : start + STOCK_AT_ONCE] if item.stock}
        async with transaction() as session:
            ids = await catalog.product_ids(session, list(stock))
            opened += await inventory.receive_many(session, [(ids[sku], stock[sku]) for sku in ids])
    return opened


async def _attach(path: Path, by_picture: Mapping[str, str], result: CatalogueReport, console: Console) -> None:
    """Give the products their pictures; one that a product has is not given again."""
    if not await asyncio.to_thread(path.is_file):
        return
    async with transaction() as session:
        ids = await catalog.product_ids(session, list(by_picture.values()))
    with bar(console) as progress:
        task = progress.add_task("pictures", total=len(by_picture), state="")
        for name, content in pictures(path):
            product_id = ids.get(by_picture.get(name, ""))
            if product_id is None or content is None:
                result.stray_pictures += 1
            else:
                try:
                    result.pictures += await catalog.attach_image(product_id, content, _type_of(content))
                except AppError as error:  # it opens, but cannot be decoded to its end
                    if error.status >= 500:  # the store does not answer: that is not the picture's fault
                        raise
                    result.stray_pictures += 1
            progress.update(task, advance=1, state=f"{result.pictures:,}")
        progress.update(task, total=result.pictures + result.stray_pictures)
    console.print(f"{result.pictures:,} pictures; {result.stray_pictures:,} fit no product or are none.")


def pictures(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """(name without ending, content) of every file in the archive; None for what is no picture or too large."""
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is None:
                continue
            content = file.read() if member.size <= LARGEST_PICTURE else b""
            yield PurePosixPath(member.name).stem, content if _is_picture(content) else None


def _names(path: Path) -> frozenset[str]:
    """Names without ending of the archive's files; none where there is no archive."""
    if not path.is_file():
        return frozenset()
    with tarfile.open(path) as archive:
        return frozenset(PurePosixPath(name).stem for name in archive.getnames())


def _type_of(content: bytes) -> str:
    with Image.open(BytesIO(content)) as image:
        return Image.MIME.get(image.format or "", "application/octet-stream")


def _is_picture(content: bytes) -> bool:
    try:
        with Image.open(BytesIO(content)) as image:
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError):
        return False
    return True
