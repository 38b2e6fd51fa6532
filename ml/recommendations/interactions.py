"""Purchases as the models see them: a time split that cannot leak, and a sparse matrix of decayed counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from ml.recommendations.serving import History

COLUMNS = ("customer_id", "product_id", "quantity", "order_id", "occurred_at")
HALF_LIFE = timedelta(weeks=12)


@dataclass(frozen=True)
class Lines:
    """A line is a product of an order, once: `row` of the customer, `column` of the product, `day` since the epoch.

    Sorted by customer, then by time.
    """

    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    day: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Purchases:
    """`weights` is (customers × products): one per order holding the product, halved for each `half_life` of age.

    `customer_ids` and `product_ids` are sorted. `baskets` is (orders × products), 1 where an order holds a product.
    `first_days` and `last_days` have the places of `weights`: days since the epoch of a customer's first and last order
    with the product; `counts` how many orders. `lines` are the orders' products once each: row, column, day; in time.
    """

    customer_ids: list[str]
    product_ids: npt.NDArray[np.int64]
    weights: sparse.csr_array
    baskets: sparse.csr_array
    recent: npt.NDArray[np.float32]
    until: datetime
    first_days: npt.NDArray[np.float32]
    last_days: npt.NDArray[np.float32]
    counts: npt.NDArray[np.float32]
    lines: Lines

    @property
    def support(self) -> npt.NDArray[np.int64]:
        """Customers per product."""
        return np.bincount(self.weights.indices, minlength=len(self.product_ids)).astype(np.int64)

    def history(self, row: int) -> History:
        """One customer's history."""
        part = slice(self.weights.indptr[row], self.weights.indptr[row + 1])
        return History(
            self.product_ids[self.weights.indices[part]],
            np.asarray(self.weights.data[part], np.float32),
        )

    def days(self, row: int) -> npt.NDArray[np.float32]:
        """The day of the last order of each product of `history`."""
        return self.last_days[self.weights.indptr[row] : self.weights.indptr[row + 1]]


def check(lines: pl.DataFrame) -> pl.DataFrame:
    """The needed columns, lines with a quantity only. Raises ValueError naming a column that is missing."""
    missing = [name for name in COLUMNS if name not in lines.columns]
    if missing:
        raise ValueError(f"interactions lack {', '.join(missing)}")
    kept = lines.select(COLUMNS).filter(pl.col("quantity") > 0)
    return kept.with_columns(pl.col("customer_id").cast(pl.String), pl.col("order_id").cast(pl.String))


def for_sale(lines: pl.DataFrame, products: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both without the products that `is_active` says are not sold any more; as they are where nothing is said."""
    if "is_active" not in products.columns:
        return lines, products
    is_sold = pl.col("is_active").fill_null(value=True)
    return lines.join(products.filter(~is_sold), on="product_id", how="anti"), products.filter(is_sold)


def split(lines: pl.DataFrame, held_out: timedelta) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(before, after) the moment `held_out` before the last purchase: nothing in the first is younger than the cut."""
    newest = lines["occurred_at"].max()
    if not isinstance(newest, datetime):
        raise ValueError("there are no purchases to split")
    cut = newest - held_out
    return lines.filter(pl.col("occurred_at") <= cut), lines.filter(pl.col("occurred_at") > cut)


def build(
    lines: pl.DataFrame, half_life: timedelta | None = HALF_LIFE, recent: timedelta = timedelta(weeks=4)
) -> Purchases:
    """Purchases from checked lines. `recent` is the window that current popularity counts orders in.

    Without a `half_life` nothing fades. A column `weight` (above zero) counts instead of one per order.
    """
    newest = lines["occurred_at"].max()
    if not isinstance(newest, datetime):
        raise ValueError("there are no purchases to train on")
    strength = pl.col("weight").sum() if "weight" in lines.columns else pl.lit(1.0)
    once = lines.group_by("customer_id", "order_id", "product_id").agg(
        pl.col("occurred_at").max(), strength.alias("strength")
    )
    fade = pl.lit(1.0)
    if half_life is not None:
        age = (pl.lit(newest) - pl.col("occurred_at")).dt.total_seconds() / half_life.total_seconds()
        # A floor keeps what is very old above zero: after a long pause it is still the best that is known of a person.
        fade = (0.5**age).clip(1e-6)
    once = once.with_columns(
        (pl.col("strength") * fade).cast(pl.Float32).alias("weight"),
        (pl.col("occurred_at").dt.epoch("s") / 86_400).alias("day"),
    ).sort("customer_id", "occurred_at", "order_id", "product_id")
    product_ids = np.sort(once["product_id"].unique().to_numpy()).astype(np.int64)
    column = np.searchsorted(product_ids, once["product_id"].to_numpy())
    customer_ids = once["customer_id"].unique().sort()
    row = customer_ids.search_sorted(once["customer_id"]).to_numpy().astype(np.int64)
    order = once["order_id"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (len(customer_ids), len(product_ids))
    weights = sparse.coo_array((once["weight"].to_numpy(), (row, column)), shape=shape).tocsr()
    baskets = sparse.csr_array(
        (np.ones(len(order), np.float32), (order, column)), shape=(int(order.max()) + 1, len(product_ids))
    )
    fresh = once.select(pl.col("occurred_at") > newest - recent).to_series().to_numpy()
    found = np.bincount(column[fresh], minlength=len(product_ids)).astype(np.float32)
    day = once["day"].to_numpy()
    pairs = row * len(product_ids) + column
    _, starts, place, counts = np.unique(pairs, return_index=True, return_inverse=True, return_counts=True)
    last = np.zeros(len(starts), np.float64)
    last[place] = day  # in time: the newest is written last
    return Purchases(
        customer_ids.to_list(),
        product_ids,
        weights,
        baskets,
        found,
        newest,
        first_days=day[starts].astype(np.float32),
        last_days=last.astype(np.float32),
        counts=counts.astype(np.float32),
        lines=Lines(row, column, day),
    )
