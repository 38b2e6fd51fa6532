"""Products in bulk, and what they sold: both by statements over arrays, never row by row."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.outbox import publish_many
from api.core.slugs import slugify
from api.domains.catalog.contracts import ImportOutcome, ProductImport
from api.domains.catalog.domain import count_words
from api.domains.catalog.errors import InvalidPrice
from api.domains.catalog.repository import imports
from api.domains.catalog.service.categories import place, placed
from ingestion.contracts import Event
from ingestion.contracts.catalog import PriceChanged, ProductPublished

EVENT_FIELDS = tuple(ProductPublished.model_fields)

product_ids = imports.ids_by_sku


async def import_products(session: AsyncSession, rows: Sequence[ProductImport]) -> dict[str, int]:
    """Insert or update by SKU, and return SKU → product id for all of `rows`. Raises InvalidPrice."""
    return (await write_products(session, rows)).ids


async def write_products(session: AsyncSession, rows: Sequence[ProductImport]) -> ImportOutcome:
    """The same, telling which were new and which had other data before.

    Publishes ProductPublished for the new and the changed; a row that changes nothing writes nothing.
    Raises InvalidPrice before anything is written.
    """
    for row in rows:
        if row.price_minor <= 0:
            raise InvalidPrice(row.price_minor)
    latest = {row.sku: row for row in rows}
    names = await place(session, ((row.department, row.category, *row.below) for row in latest.values()))
    written = await imports.upsert(session, [_columns(row, names) for row in latest.values()])
    if written:
        now = datetime.now(UTC)
        await publish_many(
            session,
            (
                (ProductPublished, str(row["product_id"]), {name: row[name] for name in EVENT_FIELDS}, now)
                for row in written
            ),
        )
        await publish_many(session, _price_changes(written, now))
        new = [row for row in written if row["is_new"]]
        words = count_words(f"{row['title']} {row['product_type']} {row['category']}" for row in new)
        await imports.add_terms(session, words)
    new_skus = frozenset(row["sku"] for row in written if row["is_new"])
    changed = frozenset(row["sku"] for row in written) - new_skus
    return ImportOutcome(await imports.ids_by_sku(session, list(latest)), new_skus, changed)


def _price_changes(
    written: Sequence[RowMapping], now: datetime
) -> Iterator[tuple[type[Event], str, dict[str, Any], datetime]]:
    for row in written:
        if row["was"] not in (None, row["price_minor"]):
            data = {
                "product_id": row["product_id"],
                "variant_id": row["product_id"],
                "old_price_minor": row["was"],
                "new_price_minor": row["price_minor"],
                "currency": row["currency"],
            }
            yield PriceChanged, str(row["product_id"]), data, now


def _columns(row: ProductImport, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "sku": row.sku,
        "title": row.title,
        "slug": slugify(row.title),
        **placed((row.department, row.category, *row.below), names),
        "product_type": row.product_type,
        "brand": row.brand,
        "size": row.size,
        "price_minor": row.price_minor,
        "currency": row.currency,
        "is_active": row.is_active,
        "description": row.description,
        "gtin": row.gtin,
        "options": _json(row.options),
        "attributes": _json(row.attributes),
    }


def _json(named: Mapping[str, Any] | None) -> str | None:
    return None if named is None else orjson.dumps(dict(named)).decode()


async def count_sales(session: AsyncSession, lines: Iterable[tuple[int, int]]) -> None:
    """Add (product id, quantity) to what the products have sold; a product that is not ours is left out."""
    units: Counter[int] = Counter()
    for product_id, quantity in lines:
        units[product_id] += quantity
    if units:
        await imports.add_units_sold(session, units)
