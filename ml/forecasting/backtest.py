"""Rolling origin: each forecaster forecasts the same past fortnights, knowing nothing of what came after each origin.

The error is that of a series' total over the horizon, which is what a reorder needs, not that of single days.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.forecasting.forecasters import HORIZON, Floats, Forecaster
from ml.forecasting.series import OLDEST_FIRST_SALE, Demand, grown

ORIGINS = 6
NAIVE = "seasonal_naive"
METRIC = "wape"
CLASSES = {"fast": (1.0, np.inf), "medium": (1 / 7, 1.0), "slow": (0.0, 1 / 7)}  # units a day in the last 112 days
RESAMPLES = 500


@dataclass(frozen=True)
class Errors:
    """One entry per series and origin; `row` is the series, `origin` its first unknown day, `level` its units a day."""

    forecast: Floats
    sold: Floats
    level: Floats
    row: Floats
    origin: Floats

    def figures(self) -> dict[str, float]:
        """Of all, and of each class of `CLASSES`, with its name in front."""
        found = _figures(self.forecast, self.sold)
        for name, (least, most) in CLASSES.items():
            chosen = (self.level >= least) & (self.level < most)
            of_class = _figures(self.forecast[chosen], self.sold[chosen])
            found |= {f"{name}_{figure}": value for figure, value in of_class.items()}
        return found


@dataclass(frozen=True)
class Backtest:
    """What each forecaster did; `gain` is how much lower than the naive one's its WAPE is, with a 95 % interval."""

    errors: dict[str, Errors]
    figures: dict[str, dict[str, float]]
    gain: dict[str, tuple[float, float, float]]
    by_origin: dict[int, dict[str, float]]
    champion: str


def origins_of(days: int, origins: int = ORIGINS) -> list[int]:
    """The last horizons that do not overlap, the newest first; each has at least 12 weeks before it."""
    least = OLDEST_FIRST_SALE + 2 * HORIZON
    return [days - HORIZON * step for step in range(1, origins + 1) if days - HORIZON * step >= least]


def backtest(demand: Demand, forecasters: Sequence[Forecaster], origins: int = ORIGINS, seed: int = 7) -> Backtest:
    """Fit and ask every forecaster at every origin. Raises ValueError where the history is too short for one origin."""
    chosen = origins_of(demand.days, origins)
    if not chosen:
        raise ValueError(f"a history of {demand.days} days is too short to test a forecast on")
    errors = {each.name: _errors(demand, each, chosen) for each in forecasters}
    figures = {name: found.figures() for name, found in errors.items()}
    naive = errors[NAIVE]
    gain = {name: _gain(found, naive, seed) for name, found in errors.items() if name != NAIVE}
    by_origin = {
        origin: {
            name: _figures(found.forecast[at := found.origin == origin], found.sold[at])[METRIC]
            for name, found in errors.items()
        }
        for origin in chosen
    }
    champion = min(figures, key=lambda name: figures[name][METRIC])
    return Backtest(errors, figures, gain, by_origin, champion)


def _errors(demand: Demand, forecaster: Forecaster, origins: Sequence[int]) -> Errors:
    parts = []
    for origin in origins:
        known = demand.units[:, :origin]
        rows = np.flatnonzero(grown(known))
        forecaster.fit(known[rows])
        sold = demand.units[rows, origin : origin + HORIZON].sum(axis=1, dtype=np.float64)
        level = known[rows, -112:].mean(axis=1, dtype=np.float64)
        parts.append((forecaster.forecast(known[rows]), sold, level, rows, np.full(len(rows), origin)))
    return Errors(*(np.concatenate(column).astype(np.float64) for column in zip(*parts, strict=True)))


def _figures(forecast: Floats, sold: Floats) -> dict[str, float]:
    """Σ|error| ÷ Σ sold (WAPE), root mean square error in units per horizon, Σ error ÷ Σ sold (bias), and how many."""
    error, total = forecast - sold, max(float(sold.sum()), 1.0)
    rmse = float(np.sqrt((error**2).mean())) if len(error) else 0.0
    return {
        "wape": float(np.abs(error).sum()) / total,
        "rmse": rmse,
        "bias": float(error.sum()) / total,
        "forecasts": float(len(error)),
    }


def _gain(found: Errors, naive: Errors, seed: int) -> tuple[float, float, float]:
    """Naive WAPE − this WAPE, and its interval from resampling whole series: their fortnights belong together."""
    size = int(found.row.max()) + 1
    rows = found.row.astype(np.intp)
    saved = np.bincount(rows, np.abs(naive.forecast - naive.sold) - np.abs(found.forecast - found.sold), size)
    sold = np.bincount(rows, found.sold, size)
    there = np.unique(rows)
    saved, sold = saved[there], sold[there]
    draws = np.random.default_rng(seed).integers(0, len(there), (RESAMPLES, len(there)))
    resampled = saved[draws].sum(axis=1) / np.maximum(sold[draws].sum(axis=1), 1.0)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return float(saved.sum() / max(sold.sum(), 1.0)), float(low), float(high)


def deviations(errors: Errors, series: int) -> Floats:
    """Per series the standard deviation of its daily forecast error, NaN where none was made.

    √(mean squared error of the horizon's total ÷ its days): days are taken as independent, as `reorder_point` does.
    """
    rows = errors.row.astype(np.intp)
    squares = np.bincount(rows, (errors.forecast - errors.sold) ** 2, series)
    made = np.bincount(rows, minlength=series)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(squares / made / HORIZON))
