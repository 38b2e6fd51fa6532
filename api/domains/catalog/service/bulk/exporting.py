"""The catalogue as a file that `importing` takes back unchanged."""

import asyncio
import csv
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from babel.numbers import get_currency_precision

from api.core.db import reading
from api.domains.catalog.domain import nodes_above
from api.domains.catalog.repository import categories, exports, variant_files
from api.domains.catalog.service.bulk.reading import format_of

ROWS_AT_ONCE = 5_000
NAMES = (
    "sku", "title", "price", "currency", "department", "category", "product_type", "brand", "size", "is_active",
    "category_path", "product_sku", "options", "gtin", "description", "attributes",
)  # fmt: skip

Progress = Callable[[int, float], Awaitable[None]]


async def export_file(path: Path, *, kind: str | None = None, progress: Progress | None = None) -> int:
    """Write every product to a CSV or Parquet file, page by page; returns how many. Raises UnreadableFile."""
    write = _to_csv if format_of(path, kind) == "csv" else _to_parquet
    return await write(path, progress)


async def _pages(progress: Progress | None) -> AsyncIterator[list[tuple[Any, ...]]]:
    async with reading() as connection:
        total = max(await exports.count(connection), 1)
    after, done = "", 0
    while True:
        async with reading() as connection:
            rows = await exports.page(connection, after, ROWS_AT_ONCE)
            further = await variant_files.of_products(connection, [row["sku"] for row in rows])
            nodes = await categories.nodes(connection, _nodes(row["category_path"] for row in rows))
        if not rows:
            return
        called = {node.path: node.name for node in nodes}
        yield list(_lines(rows, further, called))
        after, done = rows[-1]["sku"], done + len(rows)
        if progress:
            await progress(done, min(done / total, 1.0))


def _nodes(paths: Iterable[str]) -> list[str]:
    return sorted({node for path in set(paths) for node in nodes_above(path)})


def _lines(
    rows: Sequence[Mapping[Any, Any]], further: Sequence[Mapping[Any, Any]], called: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    """Each product, and after it its further variants."""
    of: dict[str, list[Mapping[Any, Any]]] = defaultdict(list)
    for row in further:
        of[row["product_sku"]].append(row)
    for row in rows:
        for line in (row, *of[row["sku"]]):
            yield tuple(_value(name, line, called) for name in NAMES)


def _value(name: str, row: Mapping[Any, Any], called: Mapping[str, str]) -> Any:
    if name in ("options", "attributes"):
        return orjson.dumps(row[name], option=orjson.OPT_SORT_KEYS).decode() if row.get(name) else ""
    if name == "category_path" and name in row:  # a variant has what is its own; the rest is its product's
        return " > ".join(called[node] for node in nodes_above(row[name]))
    if name == "price":
        return Decimal(row["price_minor"]).scaleb(-get_currency_precision(row["currency"]))
    return row.get(name)


async def _to_csv(path: Path, progress: Progress | None) -> int:
    count = 0
    file = await asyncio.to_thread(path.open, "w", encoding="utf-8", newline="")
    with file:
        writer = csv.writer(file)
        writer.writerow(NAMES)
        async for rows in _pages(progress):
            await asyncio.to_thread(writer.writerows, [_as_text(row) for row in rows])
            count += len(rows)
    return count


def _as_text(row: Sequence[Any]) -> list[str]:
    return ["" if value is None else {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
            for value in row]  # fmt: skip


async def _to_parquet(path: Path, progress: Progress | None) -> int:
    import pyarrow as pa  # noqa: PLC0415 - half a second that only who writes Parquet pays
    import pyarrow.parquet as pq  # noqa: PLC0415

    kinds = {"price": pa.decimal128(18, 4), "is_active": pa.bool_()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in NAMES])
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        async for rows in _pages(progress):
            columns = [
                pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), schema.types, strict=True)
            ]
            await asyncio.to_thread(writer.write_table, pa.Table.from_arrays(columns, schema=schema))
            count += len(rows)
    return count
