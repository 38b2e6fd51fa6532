"""What recommendations led to in a period, beside the one before: by day, surface, model and version."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np

from api.domains.analytics.domain.periods import Period
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.repository import experiments, recommended
from api.domains.analytics.service.remembered import Build
from ml.experiments.serving import Choice, Drawn, best_of_pool

SUMS = ("answers", "impressions", "answers_clicked", "clicks", "carts", "orders", "revenue_minor")
BEST = (1, 3, 10)
Rows = Sequence[dict[str, Any]]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Led:
    """Sums over answers of the recommender. Shares are of the answers (shelves) that were shown."""

    answers: int = 0
    impressions: int = 0
    answers_clicked: int = 0
    clicks: int = 0
    carts: int = 0
    orders: int = 0
    revenue_minor: int = 0

    @property
    def click_share(self) -> float:
        """Of the answers, the share that led to a product page."""
        return self.answers_clicked / self.answers if self.answers else 0.0

    @property
    def conversion(self) -> float:
        """Orders that an answer led to, per answer."""
        return self.orders / self.answers if self.answers else 0.0

    @property
    def per_thousand_minor(self) -> float:
        """Revenue of a thousand answers."""
        return 1000 * self.revenue_minor / self.answers if self.answers else 0.0


@dataclass(frozen=True, slots=True)
class Recommended:
    """Rows of a period and of the one before; `shown` of `products` different products were on a shelf.

    Of `drawn` places that showed what a lot decided `drawn_clicked` were clicked; `choices` estimate other ways.
    """

    period: Period
    rows: Rows
    previous_rows: Rows
    surfaces: Sequence[str]
    shown: int
    previous_shown: int
    products: int
    drawn: int = 0
    drawn_clicked: int = 0
    choices: Sequence[Choice] = ()

    @property
    def now(self) -> Led:
        """Everything of the period."""
        return _sum(self.rows)

    @property
    def before(self) -> Led:
        """Everything of the period before."""
        return _sum(self.previous_rows)

    def days(self) -> dict[date, Led]:
        """By day of both periods."""
        return _by([*self.previous_rows, *self.rows], lambda row: row["day"])

    def split(self, *names: str) -> list[tuple[tuple[Any, ...], Led, Led]]:
        """(key, now, before) by these columns, the most shown first."""
        sides = [_by(rows, lambda row: tuple(row[name] for name in names)) for rows in (self.rows, self.previous_rows)]
        keys = sorted({*sides[0], *sides[1]}, key=lambda key: (-sides[0].get(key, Led()).answers, key))
        return [(key, sides[0].get(key, Led()), sides[1].get(key, Led())) for key in keys]


async def report(build: Build, period: Period, surface: str | None) -> Recommended | None:
    """What was shown and what came of it; None while the mart has not been built."""
    both = Period(period.previous.first, period.last)
    try:
        rows = await build.ask(recommended.by_day, both, surface)
        shown, products = await build.ask(recommended.shown, period)
        lots = await build.ask(experiments.drawn, period, surface)
        return Recommended(
            period,
            [row for row in rows if row["day"] >= period.first],
            [row for row in rows if row["day"] < period.first],
            await build.ask(recommended.surfaces),
            shown,
            (await build.ask(recommended.shown, period.previous))[0],
            products,
            sum(row["shown"] for row in lots),
            sum(row["clicked"] for row in lots),
            _choices(lots),
        )
    except ReportNotReady:
        return None


def _choices(rows: Rows) -> list[Choice]:
    if not rows:
        return []
    names = ("pool_size", "pool_rank", "shown", "clicked")
    drawn = Drawn(*(np.array([row[name] for row in rows], np.float64) for name in names))
    return [best_of_pool(drawn, most) for most in BEST]


def _sum(rows: Rows) -> Led:
    return Led(**{name: sum(row[name] for row in rows) for name in SUMS})


def _by(rows: Rows, key: Callable[[dict[str, Any]], Key]) -> dict[Key, Led]:
    parts: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        parts[key(row)].append(row)
    return {name: _sum(part) for name, part in parts.items()}
