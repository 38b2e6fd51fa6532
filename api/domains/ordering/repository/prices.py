"""SQL of delivery methods and tax rates."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.ordering.domain import DeliveryPrice, TaxRate

Reader = AsyncConnection | AsyncSession

METHODS = text("""
    SELECT m.method, m.title, m.promise, m.needs_address,
        jsonb_agg(jsonb_build_array(p.from_subtotal_minor, p.price_minor)) AS prices
    FROM ordering.delivery_methods m JOIN ordering.delivery_prices p USING (method)
    WHERE m.is_active GROUP BY m.method ORDER BY m.position
""")
# Of the regions given, closest first, the first one that has rates.
RATES = text("""
    SELECT region, tax_class, title, rate_ppm, is_included FROM ordering.tax_rates
    WHERE region = (
        SELECT r.region FROM unnest(CAST(:regions AS text[])) WITH ORDINALITY AS r (region, place)
        WHERE EXISTS (SELECT FROM ordering.tax_rates t WHERE t.region = r.region) ORDER BY r.place LIMIT 1)
    ORDER BY tax_class DESC
""")


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A delivery method and its price steps."""

    method: str
    title: str
    promise: str
    needs_address: bool
    prices: tuple[DeliveryPrice, ...]


async def methods(reader: Reader) -> list[MethodRow]:
    """The methods that can be chosen, in the order in which they are shown."""
    return [
        MethodRow(
            row.method,
            row.title,
            row.promise,
            row.needs_address,
            tuple(DeliveryPrice(row.method, start, price) for start, price in row.prices),
        )
        for row in await reader.execute(METHODS)
    ]


async def rates(reader: Reader, regions: Sequence[str]) -> dict[str, TaxRate]:
    """Tax class → rate of the closest region that has any; nothing for a region without tax."""
    if not regions:
        return {}
    rows = await reader.execute(RATES, {"regions": list(regions)})
    return {row.tax_class: TaxRate(**row._mapping) for row in rows}
