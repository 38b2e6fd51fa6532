"""The forecast that is served: every grown series by the forecaster that did best on past fortnights."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from ml.forecasting.backtest import CLASSES, NAIVE, ORIGINS, Backtest, backtest, deviations
from ml.forecasting.forecasters import HORIZON, forecasters
from ml.forecasting.series import build, grown
from ml.registry import Record, Registry

EXPERIMENT = "demand"


@dataclass(frozen=True)
class Forecast:
    """`table`: variant_id, location, daily_mean, daily_deviation (units a day), for the days after `until`."""

    table: pl.DataFrame
    tested: Backtest
    until: date
    series: int
    seconds: float


def forecast(sales: pl.DataFrame, until: date | None = None, origins: int = ORIGINS) -> Forecast:
    """Test all forecasters, and let the best one forecast what is grown.

    `sales`: variant_id, location, day, units. The deviation is that of the forecast's own past errors, and never below
    what pure chance (a Poisson count) would give. Raises ValueError where there is too little to test on.
    """
    began = time.perf_counter()
    demand = build(sales, until)
    competing = forecasters()
    tested = backtest(demand, competing, origins)
    best = next(each for each in competing if each.name == tested.champion)
    rows = grown(demand.units)
    best.fit(demand.units[rows])
    mean = np.maximum(best.forecast(demand.units[rows]), 0) / HORIZON
    spread = deviations(tested.errors[best.name], len(demand.units))[rows]
    deviation = np.fmax(spread, np.sqrt(mean))
    table = demand.of(rows).keys.with_columns(daily_mean=pl.Series(mean), daily_deviation=pl.Series(deviation))
    last = demand.first + timedelta(days=demand.days - 1)
    return Forecast(table, tested, last, len(demand.units), time.perf_counter() - began)


def record(registry: Registry, made: Forecast, snapshots: Mapping[str, int]) -> str:
    """One run for the whole, one below it for each forecaster; the id of the champion's."""
    tags = {f"lake.{name}": str(snapshot) for name, snapshot in snapshots.items()}
    facts = {"series": float(made.series), "forecast": float(made.table.height), "seconds": made.seconds}
    parameters = {"until": made.until.isoformat(), "horizon_days": HORIZON, "champion": made.tested.champion}
    whole = registry.log(EXPERIMENT, Record("forecast", parameters, facts, tags, {"report.md": report(made)}))
    runs = {}
    for name, figures in made.tested.figures.items():
        gained = dict(zip(("gain", "gain_low", "gain_high"), made.tested.gain.get(name, ()), strict=False))
        runs[name] = registry.log(EXPERIMENT, Record(name, parameters, figures | gained, tags), whole)
    return runs[made.tested.champion]


def report(made: Forecast) -> str:
    """The figures as a person reads them, and where the naive forecast wins."""
    tested = made.tested
    head = (
        f"Demand of {HORIZON} days after {made.until}: {made.table.height:,} of {made.series:,} series are forecast"
        f" by {tested.champion}; the others are too young or sell too seldom and keep to their 28-day mean."
    )
    lines = [
        head,
        "",
        "| forecaster | of | WAPE | RMSE | bias | forecasts |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name, figures in tested.figures.items():
        for group in ("", "fast_", "medium_", "slow_"):
            wape, rmse, bias, count = (figures[group + each] for each in ("wape", "rmse", "bias", "forecasts"))
            lines.append(f"| {name} | {group[:-1] or 'all'} | {wape:.3f} | {rmse:.2f} | {bias:+.3f} | {count:.0f} |")
    lines.append("")
    for name, (gain, low, high) in tested.gain.items():
        lines.append(f"{name}: WAPE lower than {NAIVE}'s by {gain:.3f} (95 % interval {low:.3f} to {high:.3f}).")
    lines += ["", *_who_wins(tested)]
    return "\n".join(lines) + "\n"


def _who_wins(tested: Backtest) -> list[str]:
    """The best forecaster of each class and of each fortnight, so that no mean hides where the champion is not it."""
    names = list(tested.figures)
    lines = []
    for group in CLASSES:
        best = {each: min(names, key=lambda name: tested.figures[name][f"{group}_{each}"]) for each in ("wape", "rmse")}
        lines.append(f"{group} sellers: best by WAPE {best['wape']}, by RMSE {best['rmse']}.")
    winners = [min(figures, key=lambda name: figures[name]) for figures in tested.by_origin.values()]
    won = ", ".join(f"{name} {winners.count(name)}" for name in names)
    return [*lines, f"Of {len(winners)} fortnights each was best by WAPE in: {won}."]
