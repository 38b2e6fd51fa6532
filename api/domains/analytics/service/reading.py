"""What is read: articles from the first word to the reader, and people's own feeds by what spoke for a post."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.domains.analytics.domain.periods import Period
from api.domains.analytics.repository import reading as repository
from api.domains.analytics.service.remembered import Build

OF_ARTICLES = ("started", "published", "renewed", "withdrawn", "held", "refused", "removed", "reads")
SOURCES = ("answered", "voted_alike", "joined", "topic", "owned", "alike", "popular")


@dataclass(frozen=True, slots=True)
class Read:
    """Rows of both periods: articles by day, the feed by day and source; and what became of drafts."""

    period: Period
    days: Sequence[dict[str, Any]]
    feed: Sequence[dict[str, Any]]
    drafts: dict[str, int]

    def articles(self, name: str, *, is_now: bool) -> int:
        """A column of articles, summed over the period or the one before."""
        return sum(row[name] for row in self.days if (row["day"] >= self.period.first) == is_now)

    def shown(self, name: str, *, is_now: bool, source: str | None = None) -> int:
        """`impressions`, `clicks` or `removed` of the feed in the period, or before; of one source, or of all."""
        rows = (row for row in self.feed if (row["day"] >= self.period.first) == is_now)
        return sum(row[name] for row in rows if source is None or row["source"] == source)

    def share(self, *, is_now: bool, source: str | None = None) -> float | None:
        """Of the posts that were shown, the share that was opened; None where none were shown."""
        shown = self.shown("impressions", is_now=is_now, source=source)
        return self.shown("clicks", is_now=is_now, source=source) / shown if shown else None

    def reads_by_day(self) -> dict[date, float]:
        """How often articles were read, by day of both periods."""
        return {row["day"]: float(row["reads"]) for row in self.days}


async def report(build: Build, period: Period) -> Read:
    """Everything about articles and feeds that the communities' page shows."""
    both = Period(period.previous.first, period.last)
    [drafts] = await build.ask(repository.drafts, period)
    return Read(period, await build.ask(repository.articles, both), await build.ask(repository.feed, both), drafts)
