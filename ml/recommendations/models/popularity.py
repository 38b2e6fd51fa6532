"""Popularity: of the last weeks, of all time, within the categories a person takes from, or own repeats first."""

import numpy as np
import polars as pl

from ml.recommendations.interactions import Purchases
from ml.recommendations.models.sparse_rows import largest_of
from ml.recommendations.serving import Floats, Scorer


def popularity(purchases: Purchases) -> Floats:
    """(products,) in [0, 1]: orders of the recent window; everything ever bought breaks ties."""
    ever = np.asarray(purchases.baskets.sum(axis=0), np.float32).ravel()
    counts = purchases.recent + ever / np.float32(max(float(ever.max(initial=0)), 1.0) * 2)
    return np.asarray(counts / max(float(counts.max(initial=0)), 1.0), np.float32)


def fit(purchases: Purchases, repeat_weight: float = 0.0) -> Scorer:
    """The same list for everyone, or (`repeat_weight` > 0) the person's own purchases before it."""
    return Scorer("popular", purchases.product_ids, popularity(purchases), repeat_weight=repeat_weight)


def all_time(purchases: Purchases) -> Scorer:
    """The same list for everyone: what most orders ever held."""
    ever = np.asarray(purchases.baskets.sum(axis=0), np.float32).ravel()
    return Scorer("popular", purchases.product_ids, ever / max(float(ever.max(initial=0)), 1.0))


def by_segment(purchases: Purchases, products: pl.DataFrame, keep: int = 50, repeat_weight: float = 0.0) -> Scorer:
    """What is popular in the categories that a person takes from, in the shares in which they do.

    A product speaks for the `keep` most popular ones of its category; without a category it says nothing.
    """
    counts = popularity(purchases)
    known = products.unique("product_id").select("product_id", pl.col("category").cast(pl.String))
    frame = pl.DataFrame({"product_id": purchases.product_ids, "at": np.arange(len(counts)), "score": counts})
    placed = frame.join(known, on="product_id").filter(pl.col("category").is_not_null())
    best = placed.sort("score", "product_id", descending=[True, False]).group_by("category").head(keep)
    pairs = placed.join(best, on="category", suffix="_of").filter(pl.col("at") != pl.col("at_of"))
    neighbours = largest_of(
        pairs["at"].to_numpy(), pairs["at_of"].to_numpy(), pairs["score_of"].to_numpy(), keep, len(counts)
    )
    return Scorer(
        "neighbours", purchases.product_ids, counts, repeat_weight=repeat_weight, power=0.5, neighbours=neighbours
    )
