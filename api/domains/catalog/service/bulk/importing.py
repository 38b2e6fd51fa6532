"""Rows of a file into the catalogue: checked, in batches of one transaction each, bad ones reported, good ones kept."""

import asyncio
import csv
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import astuple, dataclass, fields, replace
from itertools import islice
from pathlib import Path
from types import TracebackType

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import transaction
from api.domains.catalog.contracts import BadRow, ImportCounts, ImportOutcome, ProductImport, VariantImport
from api.domains.catalog.errors import UnreadableFile
from api.domains.catalog.repository import exports, keeping, variant_files
from api.domains.catalog.service.bulk import variants
from api.domains.catalog.service.bulk.columns import to_product
from api.domains.catalog.service.bulk.pairs import Refused, typed
from api.domains.catalog.service.bulk.reading import RawRow, Source, format_of, open_source
from api.domains.catalog.service.imports import write_products

ROWS_AT_ONCE = 10_000  # each batch counts the tree of categories anew
MOST_ROWS = 2_000_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Progress = Callable[[ImportCounts, float], Awaitable[None]]
Refuse = Callable[[BadRow], None]


class _Undone(Exception):
    """Ends the transaction of a batch that was only tried."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that were read, their products and further variants by line, and those that were refused."""

    rows: int
    products: dict[int, ProductImport]
    variants: dict[int, VariantImport]
    bad: list[BadRow]

    def refuse(self, line: int, product: ProductImport, field: str, reason: str) -> None:
        """A product that cannot be taken after all."""
        del self.products[line]
        self.bad.append(BadRow(line, product.sku, field, reason))


class Report:
    """The bad rows as CSV, written while they come."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(field.name for field in fields(BadRow))

    def __enter__(self) -> "Report":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, row: BadRow) -> None:
        """One line; a value that a spreadsheet would take for a formula is quoted."""
        self._writer.writerow(f"'{value}" if str(value).startswith(FORMULA) else value for value in astuple(row))


async def import_file(
    path: Path,
    *,
    kind: str | None = None,
    mapping: Mapping[str, str] | None = None,
    report: Path | None = None,
    is_dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportCounts:
    """Take the products of a CSV or Parquet file; the same file again changes nothing.

    `mapping` is column → header for headers that no alias knows; `report` is where the bad rows go; a dry run counts
    and writes nothing. Raises UnreadableFile; what was read before the damage stays.
    """
    source = await asyncio.to_thread(open_source, path, format_of(path, kind), mapping)
    with Report(report) if report else nullcontext() as bad_rows:
        return await import_rows(source, bad_rows.add if bad_rows else _ignore, is_dry_run, progress)


async def import_rows(
    source: Source, refuse: Refuse, is_dry_run: bool = False, progress: Progress | None = None
) -> ImportCounts:
    """The same for rows from anywhere. A SKU counts once: its later lines are bad."""
    counts, seen = ImportCounts(), set[int]()
    rows = iter(source.rows)
    while (batch := await asyncio.to_thread(_take, rows, seen)).rows:
        if counts.read + batch.rows > MOST_ROWS:
            raise UnreadableFile(f"the file has more than {MOST_ROWS:,} rows: split it")
        outcome = await _write(batch, is_dry_run)
        for bad in sorted(batch.bad, key=lambda row: row.line):
            refuse(bad)
        counts.read += batch.rows
        counts.bad += len(batch.bad)
        counts.new += len(outcome.new)
        counts.changed += len(outcome.changed)
        counts.same += batch.rows - len(batch.bad) - len(outcome.new) - len(outcome.changed)
        if progress:
            await progress(counts, source.fraction())
    return counts


def _ignore(_: BadRow) -> None:
    """Where nobody asked for a report."""


async def _write(batch: _Batch, is_dry_run: bool) -> ImportOutcome:
    """One transaction: the products, then the further variants, which may be those of products of the same batch."""
    outcome = ImportOutcome({}, frozenset(), frozenset())
    with suppress(_Undone):
        async with transaction() as session:
            await _judge(session, batch)
            if batch.products:
                outcome = await write_products(session, list(batch.products.values()))
            if batch.variants:
                more = await variants.write(session, batch.variants, batch.bad.append)
                outcome = ImportOutcome(outcome.ids, outcome.new | more.new, outcome.changed | more.changed)
            if is_dry_run:
                raise _Undone
    return outcome


async def _judge(session: AsyncSession, batch: _Batch) -> None:
    """Refuse products that bear the SKU of a further variant or another's number, or say what their type does not."""
    products = batch.products.values()
    taken = await exports.variant_skus(session, [product.sku for product in products])
    numbers = await variant_files.gtins(session, [product.gtin for product in products if product.gtin])
    kinds = sorted({product.product_type for product in products if product.attributes})
    defined = {kind: await keeping.definitions(session, kind) for kind in kinds}
    for line, product in list(batch.products.items()):
        if product.sku in taken:
            batch.refuse(line, product, "sku", "is that of a product's further variant")
        elif product.gtin and (other := numbers.setdefault(product.gtin, product.sku)) != product.sku:
            batch.refuse(line, product, "gtin", f"is that of {other}")
        elif product.attributes:
            try:
                said = typed(defined[product.product_type], product.attributes)
                batch.products[line] = replace(product, attributes=said)
            except Refused as error:
                batch.refuse(line, product, error.field, error.reason)


def _take(rows: Iterator[RawRow], seen: set[int]) -> _Batch:
    """The next rows, checked. `seen` holds 64 bits of each SKU's digest: the whole of what grows with the file."""
    products: dict[int, ProductImport] = {}
    further: dict[int, VariantImport] = {}
    bad: list[BadRow] = []
    count = 0
    for raw in islice(rows, ROWS_AT_ONCE):
        count += 1
        if raw.values is None:
            bad.append(BadRow(raw.line, "", "row", raw.problem))
            continue
        try:
            product = to_product(raw.values)
            mark = int.from_bytes(hashlib.blake2b(product.sku.encode(), digest_size=8).digest())
            if mark in seen:
                raise Refused("sku", "was on an earlier line")
            seen.add(mark)
            if isinstance(product, VariantImport):
                further[raw.line] = product
            else:
                products[raw.line] = product
        except Refused as error:
            sku = " ".join(str(raw.values.get("sku") or "").split())[:64]
            bad.append(BadRow(raw.line, sku, error.field, error.reason))
    return _Batch(count, products, further, bad)
