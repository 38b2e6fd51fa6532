"""Moderation: what waited and what was decided in a period, beside the one before."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.domains.analytics.domain.periods import Period
from api.domains.analytics.repository import moderation
from api.domains.analytics.service.remembered import Build

ORIGINS = ("hold", "report", "appeal", "signal", "initiative")


@dataclass(frozen=True, slots=True)
class Moderation:
    """Rows of both periods by day and origin, and each rule in the period and in the one before."""

    period: Period
    rows: Sequence[dict[str, Any]]
    rules: Sequence[dict[str, Any]]
    rules_before: Sequence[dict[str, Any]]

    def total(self, name: str, *, is_now: bool, origin: str | None = None) -> int:
        """The sum of a column in the period, or in the one before; of one origin where one is given."""
        rows = (row for row in self.rows if (row["day"] >= self.period.first) == is_now)
        return sum(int(row[name]) for row in rows if origin is None or row["origin"] == origin)

    def by_day(self, name: str) -> dict[date, float]:
        """A column by day of both periods."""
        found: dict[date, float] = defaultdict(float)
        for row in self.rows:
            found[row["day"]] += row[name]
        return found

    def precision(self, *, is_now: bool) -> float:
        """Of the texts that rules named and people decided, the share that they removed; 0 where they decided none."""
        rules = self.rules if is_now else self.rules_before
        removed, stood = (sum(row[name] for row in rules) for name in ("removed", "stood"))
        return removed / (removed + stood) if removed + stood else 0.0

    def hours(self, *, is_now: bool) -> float:
        """How long a case waited on average, in hours; 0 where none was decided."""
        decided = self.total("decided", is_now=is_now)
        return self.total("waited_seconds", is_now=is_now) / decided / 3600 if decided else 0.0


async def report(build: Build, period: Period) -> Moderation:
    """Everything that the moderation page shows."""
    both = Period(period.previous.first, period.last)
    rules, before = await build.ask(moderation.rules, period), await build.ask(moderation.rules, period.previous)
    return Moderation(period, await build.ask(moderation.by_day, both), rules, before)
