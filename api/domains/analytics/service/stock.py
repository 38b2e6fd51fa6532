"""Stock: what moved in a period, from the warehouse, and what lies there now, from the shop itself."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.core.db import Reader
from api.domains.analytics.domain.periods import Period
from api.domains.analytics.repository import stock
from api.domains.analytics.service.remembered import Build
from api.domains.inventory import facade as inventory
from api.domains.inventory.contracts import PlaceSummary

KINDS = ("received", "shipped", "returned", "adjusted", "allocated", "released")


@dataclass(frozen=True, slots=True)
class Stock:
    """Units by day and kind of movement in both periods, the places now, and what can be filtered by.

    `shipped` are departments, or the categories of the chosen one.
    """

    period: Period
    moved: Sequence[dict[str, Any]]
    shipped: Sequence[dict[str, Any]]
    places: Sequence[PlaceSummary]
    departments: Sequence[str]

    def units(self, kind: str, is_now: bool) -> int:
        """Units of a kind of movement in the period, or in the one before."""
        rows = (row for row in self.moved if (row["day"] >= self.period.first) == is_now)
        return sum(row["units"] for row in rows if row["movement"] == kind)

    def by_day(self, kind: str) -> dict[date, float]:
        """Units by day of both periods."""
        found: dict[date, float] = defaultdict(float)
        for row in self.moved:
            if row["movement"] == kind:
                found[row["day"]] += row["units"]
        return found


async def report(build: Build, reader: Reader, period: Period, department: str | None) -> Stock:
    """Everything that the inventory page shows, of one department or all."""
    both = Period(period.previous.first, period.last)
    products = None if department is None else await build.ask(stock.products, department)
    return Stock(
        period,
        await build.ask(stock.by_day, both, department),
        await build.ask(stock.shipped, period, department),
        await inventory.stock_summary(reader, products),
        await build.ask(stock.departments),
    )
