"""Forecasters: from the days until now to the units of the next `HORIZON` days, per series.

`SeasonalNaive` is what the others have to beat; `RecentMean` is what the shop does without any forecast; `Blended` is
one model for all series, which learns from what followed on earlier weeks how much each span of the past tells.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ml.forecasting.series import OLDEST_FIRST_SALE, Units

HORIZON = 14  # days: a delivery of a week, and the week that it has to last
WEEK = 7
SPANS = (7, 14, 28, 56, 112)
LEAST = 0.02  # units a day: below it every level is alike
ORIGINS = 12

Floats = NDArray[np.float64]


class Forecaster(Protocol):
    """Fitted on one array of series, asked about the same or another."""

    name: str

    def fit(self, units: Units) -> None:
        """Learn from series × days; the last column is yesterday."""

    def forecast(self, units: Units) -> Floats:
        """Units that each series will sell in the `HORIZON` days after its last column."""


class SeasonalNaive:
    """Each coming day sells what the same day of the last week sold (Hyndman, Athanasopoulos, Forecasting, 5.2)."""

    name = "seasonal_naive"

    def fit(self, units: Units) -> None:
        """Nothing to learn."""

    def forecast(self, units: Units) -> Floats:
        """The last week again and again."""
        weeks = np.tile(units[:, -WEEK:].astype(np.float64), -(-HORIZON // WEEK))
        return np.asarray(weeks[:, :HORIZON].sum(axis=1), np.float64)


class RecentMean:
    """The mean of the last 28 days goes on."""

    name = "mean_28"

    def fit(self, units: Units) -> None:
        """Nothing to learn."""

    def forecast(self, units: Units) -> Floats:
        """Mean × days."""
        return np.asarray(units[:, -28:].mean(axis=1, dtype=np.float64) * HORIZON, np.float64)


class Blended:
    """The best mix of the means over `SPANS`: least squares without negative weights, relative to each one's level."""

    name = "blended"

    def __init__(self) -> None:
        self._weights: Floats = np.zeros(len(SPANS))

    def fit(self, units: Units) -> None:
        """Learn from the weeks that have a whole horizon behind them. Raises ValueError where there is none."""
        from sklearn.linear_model import LinearRegression  # noqa: PLC0415 -- a second, and only where models learn

        rates, sold = _examples(units)
        # The spread of counts grows with their level: without the weights the few fast sellers alone would be fitted.
        model = LinearRegression(fit_intercept=False, positive=True)
        model.fit(rates * HORIZON, sold, sample_weight=1 / (rates.mean(axis=1) + LEAST))
        self._weights = np.asarray(model.coef_)

    def forecast(self, units: Units) -> Floats:
        """Mix × days."""
        return np.asarray(rates_of(units) @ self._weights * HORIZON)


def rates_of(units: Units) -> Floats:
    """Units a day over each of `SPANS`, or over the whole of a shorter history: series × spans."""
    totals = np.cumsum(units[:, ::-1], axis=1, dtype=np.float64)
    return np.column_stack([totals[:, min(span, units.shape[1]) - 1] / min(span, units.shape[1]) for span in SPANS])


def _examples(units: Units) -> tuple[Floats, Floats]:
    """Rates at the end of each of the last `ORIGINS` weeks, and what was sold in the horizon after it."""
    last = units.shape[1] - HORIZON
    origins = [last - WEEK * step for step in range(ORIGINS) if last - WEEK * step >= OLDEST_FIRST_SALE]
    if not origins:
        raise ValueError(f"a history of {units.shape[1]} days is too short to learn from")
    rates = [rates_of(units[:, :origin]) for origin in origins]
    sold = [units[:, origin : origin + HORIZON].sum(axis=1, dtype=np.float64) for origin in origins]
    return np.concatenate(rates), np.concatenate(sold)


def forecasters() -> list[Forecaster]:
    """All that compete, the naive one first."""
    return [SeasonalNaive(), RecentMean(), Blended()]
