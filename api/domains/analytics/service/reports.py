"""The executive overview, read from the marts."""

from datetime import UTC, date, timedelta
from typing import Any

from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.repository import marts as repository
from api.domains.analytics.schemas import Overview

SUMS = ("orders", "units", "revenue_minor", "discount_minor", "new_customers")
CURRENCY = "USD"
WEEKS = timedelta(weeks=26)


async def overview(warehouse: AsyncConnection, days: int = 28, best_sellers: int = 10) -> Overview:
    """The last `days` days up to the marts' own time, and the same number before. Raises ReportNotReady."""
    try:
        as_of = await repository.get_as_of(warehouse)
    except ProgrammingError as error:  # the marts' tables are not there yet
        raise ReportNotReady from error
    if as_of is None:
        raise ReportNotReady
    until = as_of["as_of"].astimezone(UTC).date()
    start, before = until - timedelta(days=days), until - timedelta(days=2 * days)
    sales = await repository.get_sales(warehouse, before, until)
    sales = [row for row in sales if row["currency"] == CURRENCY]
    funnel = await repository.get_funnel(warehouse, before, until)
    period, previous = _split(sales, start)
    steps, previous_steps = _split(funnel, start)
    return Overview.model_validate(
        {
            "as_of": as_of["as_of"],
            "built_at": as_of["built_at"],
            "currency": CURRENCY,
            "days": days,
            "totals": _totals(period),
            "previous": _totals(previous),
            "sales": period,
            "previous_sales": previous,
            "funnel": steps,
            "previous_funnel": previous_steps,
            "best_sellers": await repository.get_best_sellers(warehouse, best_sellers),
            "customers": await repository.get_customers(warehouse, until - WEEKS, until),
        }
    )


def _split(rows: list[dict[str, Any]], start: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the period after `start`, and of the one before."""
    return [row for row in rows if row["day"] > start], [row for row in rows if row["day"] <= start]


def _totals(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in SUMS}
