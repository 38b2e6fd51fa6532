"""Further variants of a file: judged against what there is, written at once, told like those made by hand."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.outbox import publish_many
from api.domains.catalog.contracts import BadRow, ImportOutcome, VariantImport
from api.domains.catalog.repository import variant_files
from ingestion.contracts import Event
from ingestion.contracts.catalog import PriceChanged, VariantPublished

Key = tuple[int, frozenset[tuple[str, str]]]


class _Judge:
    """What a further variant must not collide with: SKUs, options and numbers that others bear."""

    def __init__(
        self, parents: Mapping[str, RowMapping], known: Mapping[str, RowMapping], numbers: dict[str, str]
    ) -> None:
        self.parents, self._known, self._numbers = parents, known, numbers
        self._options: dict[Key, str] = {
            (row["product_id"], frozenset(row["options"].items())): sku
            for sku, row in (*known.items(), *parents.items())
        }

    def fault(self, row: VariantImport) -> tuple[str, str] | None:
        """Field and reason why it cannot be; None where it can, and then others must not collide with it."""
        parent = self.parents.get(row.product_sku)
        if parent is None:
            return "product_sku", "names no product; it has to stand before its variants"
        if row.sku in self.parents:
            return "sku", "is that of a product"
        known = self._known.get(row.sku)
        if known is not None and known["product_id"] != parent["product_id"]:
            return "product_sku", "is another product than the one whose variant this is"
        if row.currency != parent["currency"]:
            return "currency", f"is not that of the product, {parent['currency']}"
        return self._taken(row, (parent["product_id"], frozenset(row.options.items())))

    def _taken(self, row: VariantImport, key: Key) -> tuple[str, str] | None:
        """What another bears already; else it is this one's from now on."""
        if (other := self._options.setdefault(key, row.sku)) != row.sku:
            return "options", f"are those of {other}"
        if row.gtin and (other := self._numbers.setdefault(row.gtin, row.sku)) != row.sku:
            return "gtin", f"is that of {other}"
        return None


async def write(
    session: AsyncSession, rows: Mapping[int, VariantImport], refuse: Callable[[BadRow], None]
) -> ImportOutcome:
    """Variants by line; those that cannot be are refused. Publishes VariantPublished and PriceChanged."""
    each = list(rows.values())
    parents = await variant_files.parents(session, [word for row in each for word in (row.product_sku, row.sku)])
    ids = [row["product_id"] for row in parents.values()]
    known = {row["sku"]: row for row in await variant_files.siblings(session, ids, [row.sku for row in each])}
    judge = _Judge(parents, known, await variant_files.gtins(session, [row.gtin for row in each if row.gtin]))
    good: list[VariantImport] = []
    for line, row in rows.items():
        if (fault := judge.fault(row)) is not None:
            refuse(BadRow(line, row.sku, *fault))
        else:
            good.append(row)
    written = await variant_files.upsert(session, [_columns(row, parents) for row in good]) if good else []
    await publish_many(session, _events(written))
    new = frozenset(row["sku"] for row in written if row["is_new"])
    return ImportOutcome({}, new, frozenset(row["sku"] for row in written) - new)


def _columns(row: VariantImport, parents: Mapping[str, RowMapping]) -> dict[str, Any]:
    return {
        "sku": row.sku,
        "product_id": parents[row.product_sku]["product_id"],
        "gtin": row.gtin,
        "options": orjson.dumps(dict(row.options)).decode(),
        "price_minor": row.price_minor,
        "is_active": row.is_active,
    }


def _events(written: Any) -> Iterator[tuple[type[Event], str, dict[str, Any], datetime]]:
    now = datetime.now(UTC)
    for row in written:
        ids = {"product_id": row["product_id"], "variant_id": row["variant_id"]}
        data = {"sku": row["sku"], "price_minor": row["price_minor"], "is_active": row["is_sold"]}
        yield VariantPublished, str(row["product_id"]), ids | data | {"currency": row["currency"]}, now
        if row["was"] not in (None, row["price_minor"]):
            prices = {"old_price_minor": row["was"], "new_price_minor": row["price_minor"]}
            yield PriceChanged, str(row["product_id"]), ids | prices | {"currency": row["currency"]}, now
