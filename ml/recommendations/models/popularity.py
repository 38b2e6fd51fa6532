"""Popularity: what most orders of the last weeks held. With a repeat weight: what the person buys, then the rest."""

import numpy as np

from ml.recommendations.interactions import Purchases
from ml.recommendations.serving import Floats, Scorer


def popularity(purchases: Purchases) -> Floats:
    """(products,) in [0, 1]: orders of the recent window; everything ever bought breaks ties."""
    ever = np.asarray(purchases.baskets.sum(axis=0), np.float32).ravel()
    counts = purchases.recent + ever / np.float32(max(float(ever.max(initial=0)), 1.0) * 2)
    return np.asarray(counts / max(float(counts.max(initial=0)), 1.0), np.float32)


def fit(purchases: Purchases, repeat_weight: float = 0.0) -> Scorer:
    """The same list for everyone, or (`repeat_weight` > 0) the person's own purchases before it."""
    return Scorer("popular", purchases.product_ids, popularity(purchases), repeat_weight=repeat_weight)
