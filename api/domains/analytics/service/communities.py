"""Communities: how many people take part, what they do, and whether they come back."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any
from uuid import UUID

from api.core.db import Reader
from api.domains.analytics.domain.periods import Period
from api.domains.analytics.repository import communities as repository
from api.domains.analytics.service.remembered import Build
from api.domains.communities import facade as communities

WEEKS = 12
KINDS = ("posts", "comments", "votes")
PRIVATE = "Private communities"


@dataclass(frozen=True, slots=True)
class Communities:
    """Acts by day of both periods, people of both, communities by name, and weeks with who came back."""

    period: Period
    days: Sequence[dict[str, Any]]
    people: dict[date, float]
    active: dict[str, int]
    named: Sequence[dict[str, Any]]
    weeks: Sequence[dict[str, Any]]

    def total(self, kind: str, is_now: bool) -> int:
        """Posts, comments, votes, joined or left_it in the period, or in the one before."""
        return sum(row[kind] for row in self.days if (row["day"] >= self.period.first) == is_now)

    def by_day(self, kind: str) -> dict[date, float]:
        """The same by day, of both periods."""
        return {row["day"]: float(row[kind]) for row in self.days}


async def report(build: Build, reader: Reader, period: Period) -> Communities:
    """Everything that the page shows. Private communities are counted together, and never named."""
    both = Period(period.previous.first, period.last)
    as_of = build.as_of.astimezone(UTC).date()
    by_community = await build.ask(repository.by_community, period)
    names = await communities.open_names(reader, [UUID(row["community_id"]) for row in by_community])
    [active] = await build.ask(repository.active, period)
    return Communities(
        period,
        await build.ask(repository.by_day, both),
        {row["day"]: float(row["people"]) for row in await build.ask(repository.active_by_day, both)},
        active,
        _named(by_community, names),
        await build.ask(repository.weeks, as_of - timedelta(weeks=WEEKS + 2), as_of),
    )


def _named(rows: Sequence[dict[str, Any]], names: dict[UUID, tuple[str, str]]) -> list[dict[str, Any]]:
    """Rows with name and slug; what is private in one row, whose people may be counted more than once."""
    found: list[dict[str, Any]] = []
    private: dict[str, Any] = defaultdict(int)
    for row in rows:
        known = names.get(UUID(row["community_id"]))
        if known is not None:
            found.append(row | {"slug": known[0], "name": known[1]})
            continue
        for key in ("people", "before", *KINDS):
            private[key] += row[key]
    return [*found, private | {"slug": None, "name": PRIVATE}] if private else found
