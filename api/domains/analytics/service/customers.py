"""Who ordered, who was new, and who came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from api.domains.analytics.domain.periods import Period
from api.domains.analytics.repository import customers, overview
from api.domains.analytics.repository.customers import SEGMENTS
from api.domains.analytics.schemas import WeekCustomers
from api.domains.analytics.service.remembered import Build

__all__ = ["COHORT_WEEKS", "SEGMENTS", "Cohort", "Customers", "report"]

WEEKS = timedelta(weeks=26)
COHORT_WEEKS = 10
SUMS = ("customers", "new", "orders", "revenue_minor")
Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Cohort:
    """People whose first order was in a week; `kept[n]` ordered n + 1 weeks later, None where that is not over yet."""

    week: date
    customers: int
    kept: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Customers:
    """People of the period and of the one before by segment, by week, and by the week in which they were new."""

    period: Period
    segments: Rows
    weeks: Sequence[WeekCustomers]
    cohorts: Sequence[Cohort]

    def totals(self, is_now: bool) -> dict[str, int]:
        """Sums of the period, or of the one before: everybody is in one segment."""
        rows = [row for row in self.segments if row["is_now"] == is_now]
        return {name: sum(row[name] for row in rows) for name in SUMS}


async def report(build: Build, period: Period, currency: str, segment: str) -> Customers:
    """Everything that the customers' page shows."""
    newest = build.as_of.astimezone(UTC).date()
    monday = newest - timedelta(days=newest.weekday())
    rows = await build.ask(customers.cohorts, monday - timedelta(weeks=COHORT_WEEKS))
    weeks = await build.ask(overview.get_customers, newest - WEEKS, newest)
    return Customers(
        period,
        await build.ask(customers.by_segment, period, currency, segment),
        [WeekCustomers.model_validate(row) for row in weeks],
        _cohorts(rows, monday),
    )


def _cohorts(rows: Rows, this_week: date) -> list[Cohort]:
    found = {(row["week"], row["weeks_later"]): row["customers"] for row in rows}
    weeks = sorted({week for week, _ in found if week < this_week}, reverse=True)

    def kept(week: date, later: int) -> int | None:
        return found.get((week, later), 0) if week + timedelta(weeks=later) < this_week else None

    return [
        Cohort(week, found.get((week, 0), 0), tuple(kept(week, later) for later in range(1, COHORT_WEEKS)))
        for week in weeks
    ]
