"""The executive overview, read from the marts."""

from datetime import UTC, date, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.repository import overview as repository
from api.domains.analytics.schemas import Overview
from api.domains.analytics.service.remembered import newest_build

SUMS = ("orders", "units", "revenue_minor", "discount_minor", "new_customers")
CURRENCY = "USD"
WEEKS = timedelta(weeks=26)


async def overview(warehouse: AsyncConnection, days: int = 28, best_sellers: int = 10) -> Overview:
    """The last `days` days up to the marts' own time, and the same number before. Raises ReportNotReady."""
    build = await newest_build(warehouse)
    until = build.as_of.astimezone(UTC).date()
    start, before = until - timedelta(days=days), until - timedelta(days=2 * days)
    sales = await build.ask(repository.get_sales, before, until)
    sales = [row for row in sales if row["currency"] == CURRENCY]
    funnel = await build.ask(repository.get_funnel, before, until)
    period, previous = _split(sales, start)
    steps, previous_steps = _split(funnel, start)
    return Overview.model_validate(
        {
            "as_of": build.as_of,
            "built_at": build.built_at,
            "currency": CURRENCY,
            "days": days,
            "totals": _totals(period),
            "previous": _totals(previous),
            "sales": period,
            "previous_sales": previous,
            "funnel": steps,
            "previous_funnel": previous_steps,
            "best_sellers": await build.ask(repository.get_best_sellers, best_sellers),
            "customers": await build.ask(repository.get_customers, until - WEEKS, until),
        }
    )


def _split(rows: list[dict[str, Any]], start: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the period after `start`, and of the one before."""
    return [row for row in rows if row["day"] > start], [row for row in rows if row["day"] <= start]


def _totals(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in SUMS}
