"""Daily units sold as one array: a row per variant and location, a column per day, zero where nothing was sold."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

Units = NDArray[np.float32]

OLDEST_FIRST_SALE = 56  # days: what is younger has no season to learn from
FEWEST_DAYS = 5  # with sales, of the last `LOOKED_AT`
LOOKED_AT = 91
COLUMNS = ("variant_id", "location", "day", "units")


@dataclass(frozen=True)
class Demand:
    """`keys`: variant_id, location, in the order of the rows of `units` (series × days); `first` is its first day."""

    keys: pl.DataFrame
    units: Units
    first: date

    @property
    def days(self) -> int:
        """How many days the history has."""
        return int(self.units.shape[1])

    def of(self, rows: NDArray[np.bool_]) -> "Demand":
        """Some of the series."""
        return Demand(self.keys.filter(pl.Series(rows)), self.units[rows], self.first)


def build(sales: pl.DataFrame, until: date | None = None) -> Demand:
    """Series of `sales`: variant_id, location, day, units, several rows per day allowed, returns below zero.

    The last day is `until`, else the last with a sale. A day on which more came back than went out counts as zero.
    Raises ValueError where a column is missing or there are no sales.
    """
    if missing := [name for name in COLUMNS if name not in sales.columns]:
        raise ValueError(f"sales lack {', '.join(missing)}")
    by_day = sales.group_by("variant_id", "location", "day").agg(pl.col("units").sum()).filter(pl.col("units") > 0)
    first, last = by_day["day"].min(), until or by_day["day"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise ValueError("there are no sales to forecast from")
    by_day = by_day.filter(pl.col("day") <= last)
    keys = by_day.select("variant_id", "location").unique().sort("variant_id", "location")
    placed = by_day.join(keys.with_row_index("row"), on=["variant_id", "location"])
    units = np.zeros((keys.height, (last - first) // timedelta(days=1) + 1), np.float32)
    columns = (placed["day"] - first).dt.total_days().to_numpy()
    units[placed["row"].to_numpy(), columns] = placed["units"].to_numpy()
    return Demand(keys, units, first)


def grown(units: Units) -> NDArray[np.bool_]:
    """Which rows are old enough, and sell often enough, to be forecast; the others keep to their plain mean."""
    sold = units > 0
    age = units.shape[1] - np.where(sold.any(axis=1), sold.argmax(axis=1), units.shape[1])
    found: NDArray[np.bool_] = (age >= OLDEST_FIRST_SALE) & (sold[:, -LOOKED_AT:].sum(axis=1) >= FEWEST_DAYS)
    return found
