"""The executive overview, read from the marts."""

from datetime import date, timedelta
from typing import Any

from api.domains.analytics.domain.periods import Period
from api.domains.analytics.repository import overview as repository
from api.domains.analytics.schemas import Overview
from api.domains.analytics.service.remembered import Build

SUMS = ("orders", "units", "revenue_minor", "discount_minor", "new_customers")
CURRENCY = "USD"
WEEKS, DAY = timedelta(weeks=26), timedelta(days=1)


async def overview(build: Build, period: Period, currency: str = CURRENCY, best_sellers: int = 10) -> Overview:
    """A period beside the one before. Best sellers are those of the newest 28 days. Raises ReportNotReady."""
    first, last = period.first, period.last
    sales = await build.ask(repository.get_sales, period.previous.first - DAY, last)
    funnel = await build.ask(repository.get_funnel, period.previous.first - DAY, last)
    days, previous_days = _split([row for row in sales if row["currency"] == currency], first)
    steps, previous_steps = _split(funnel, first)
    return Overview.model_validate(
        {
            "as_of": build.as_of,
            "built_at": build.built_at,
            "currency": currency,
            "days": period.days,
            "totals": _totals(days),
            "previous": _totals(previous_days),
            "sales": days,
            "previous_sales": previous_days,
            "funnel": steps,
            "previous_funnel": previous_steps,
            "best_sellers": await build.ask(repository.get_best_sellers, best_sellers),
            "customers": await build.ask(repository.get_customers, last - WEEKS, last),
        }
    )


def _split(rows: list[dict[str, Any]], start: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the period that begins with `start`, and of the one before."""
    return [row for row in rows if row["day"] >= start], [row for row in rows if row["day"] < start]


def _totals(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in SUMS}
