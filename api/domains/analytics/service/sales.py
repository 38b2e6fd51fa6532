"""Sales of a period beside the one before, by what the person chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.core.errors import Invalid
from api.core.paging import Page, decode_cursor, encode_cursor
from api.domains.analytics.domain.periods import Period
from api.domains.analytics.repository import sales
from api.domains.analytics.repository.sales import SalesFilter
from api.domains.analytics.service.remembered import Build

__all__ = ["Choices", "Sales", "SalesFilter", "choices", "lines", "report"]

BEST = 25
PAGE = 50
MOST_LINES = 50_000
SUMS = ("orders", "units", "revenue_minor", "discount_minor")
Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be filtered by; `categories` are those of the chosen department."""

    currencies: list[str]
    sources: list[str]
    departments: list[str]
    categories: list[str]


@dataclass(frozen=True, slots=True)
class Sales:
    """Rows of a period and of the one before; `parts` are departments, or categories of the chosen department."""

    period: Period
    days: Rows
    previous_days: Rows
    parts: Rows
    parts_by_day: Rows
    products: Rows
    sources: Rows

    @property
    def totals(self) -> dict[str, int]:
        """Sums of the period."""
        return {name: sum(row[name] for row in self.days) for name in SUMS}

    @property
    def previous_totals(self) -> dict[str, int]:
        """Sums of the period before."""
        return {name: sum(row[name] for row in self.previous_days) for name in SUMS}


async def choices(build: Build, department: str | None) -> Choices:
    """What the warehouse knows today."""
    found = await build.ask(sales.choices)
    names = {kind: [row["name"] for row in found if row["kind"] == kind] for kind in ("currency", "source")}
    categories = [row for row in found if row["kind"] == "category"]
    return Choices(
        names["currency"],
        names["source"],
        sorted({row["above"] for row in categories}),
        [row["name"] for row in categories if row["above"] == department],
    )


async def report(build: Build, period: Period, chosen: SalesFilter) -> Sales:
    """Everything that the sales page shows."""
    both = Period(period.previous.first, period.last)
    days = await build.ask(sales.by_day, both, chosen)
    parts = await build.ask(sales.parts_by_day, both, chosen)
    now = [row for row in parts if row["day"] >= period.first]
    return Sales(
        period,
        [row for row in days if row["day"] >= period.first],
        [row for row in days if row["day"] < period.first],
        _parts(now, [row for row in parts if row["day"] < period.first]),
        now,
        await build.ask(sales.products, period, chosen, BEST),
        await build.ask(sales.by_source, period, chosen.currency) if chosen.is_whole_order else (),
    )


def _parts(now: Rows, before: Rows) -> Rows:
    """Sums of each part over both periods, the one with the highest revenue first."""
    sums: dict[str, dict[str, Any]] = {}
    for row in [*now, *before]:
        sums.setdefault(row["name"], {"name": row["name"], "units": 0, "revenue_minor": 0, "before_minor": 0})
    for row in now:
        sums[row["name"]]["units"] += row["units"]
        sums[row["name"]]["revenue_minor"] += row["revenue_minor"]
    for row in before:
        sums[row["name"]]["before_minor"] += row["revenue_minor"]
    return sorted(sums.values(), key=lambda row: (-row["revenue_minor"], row["name"]))


async def lines(
    build: Build, period: Period, chosen: SalesFilter, cursor: str | None = None, limit: int = PAGE
) -> Page[dict[str, Any]]:
    """Order lines behind a figure, the newest first. Raises Invalid for a strange cursor."""
    after = None
    if cursor is not None:
        placed_at, order_id, line_number = decode_cursor(cursor, str, str, int)
        try:
            after = (datetime.fromisoformat(placed_at), order_id, line_number)
        except ValueError:
            raise Invalid("cursor", "is not a cursor of this list") from None
    rows = await sales.lines(build.warehouse, period, chosen, limit + 1, after)
    if len(rows) <= limit:
        return Page(rows)
    last = rows[limit - 1]
    return Page(rows[:limit], encode_cursor(last["placed_at"].isoformat(), last["order_id"], last["line_number"]))
