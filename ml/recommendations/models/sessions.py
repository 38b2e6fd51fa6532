"""Session co-visitation: what people took shortly before and after a product."""

import numpy as np
from scipy import sparse

from ml.recommendations.interactions import Lines, Purchases
from ml.recommendations.models.popularity import popularity
from ml.recommendations.models.sparse_rows import largest_of
from ml.recommendations.serving import Neighbours, Scorer


def covisits(lines: Lines, products: int, window: int, gap_days: float, damp: float, keep: int) -> Neighbours:
    """Pairs of one person's lines at most `window` places and `gap_days` apart, each worth 1 / places.

    A pair's sum is divided by (lines of i · lines of j)^damp. Each row's `keep` largest, itself left out.
    """
    total = sparse.csr_array((products, products), dtype=np.float32)
    for places in range(1, window + 1):
        same = lines.row[places:] == lines.row[:-places]
        near = same & (lines.day[places:] - lines.day[:-places] <= gap_days)
        one, other = lines.column[:-places][near], lines.column[places:][near]
        worth = np.full(len(one), 1 / places, np.float32)
        pairs = sparse.coo_array((worth, (one, other)), shape=(products, products)).tocsr()
        total = total + pairs + pairs.T
    found = sparse.coo_array(total)
    seen = np.maximum(np.bincount(lines.column, minlength=products), 1).astype(np.float32)
    value = found.data / (seen[found.row] * seen[found.col]) ** np.float32(damp)
    apart = found.row != found.col
    return largest_of(found.row[apart], found.col[apart], value[apart], keep, products)


def fit(
    purchases: Purchases,
    window: int = 10,
    gap_days: float = 1.0,
    damp: float = 0.5,
    keep: int = 200,
    power: float = 0.5,
    repeat_weight: float = 0.0,
) -> Scorer:
    """Co-visitation over every person's lines in time."""
    return Scorer(
        "neighbours",
        purchases.product_ids,
        popularity(purchases),
        repeat_weight=repeat_weight,
        power=power,
        neighbours=covisits(purchases.lines, len(purchases.product_ids), window, gap_days, damp, keep),
    )
