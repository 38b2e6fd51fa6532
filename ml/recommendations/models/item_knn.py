"""Item-kNN: cosine between products over the customers (or the orders) that hold them."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ml.recommendations.interactions import Purchases
from ml.recommendations.models.popularity import popularity
from ml.recommendations.models.sparse_rows import from_rows
from ml.recommendations.serving import Neighbours, Scorer

ROWS = 512


def cosine(matrix: sparse.csr_array, minimum: int, keep: int, shrink: float, products: int) -> Neighbours:
    """Each product's `keep` nearest by dot(i, j) / (|i|·|j| + shrink), the product itself left out.

    `matrix` is (holders × products); products with fewer than `minimum` holders have no neighbours.
    """
    support = np.bincount(matrix.indices, minlength=products)
    chosen = np.flatnonzero(support >= minimum)
    if len(chosen) == 0:
        return Neighbours(np.zeros(products + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    columns = sparse.csc_array(matrix[:, chosen])
    lengths = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=0)).ravel())
    holders = sparse.csr_array(columns)

    def blocks() -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
        for start in range(0, len(chosen), ROWS):
            part = np.arange(start, min(start + ROWS, len(chosen)))
            dots = (sparse.csr_array(columns[:, part].T) @ holders).toarray()
            near = dots / (lengths[part][:, None] * lengths[None, :] + shrink)
            near[np.arange(len(part)), part] = 0
            yield chosen[part], near.astype(np.float32)

    return from_rows(blocks(), keep, chosen, products)


def fit(
    purchases: Purchases,
    minimum: int = 10,
    keep: int = 200,
    shrink: float = 20.0,
    power: float = 0.5,
    repeat_weight: float = 0.0,
) -> Scorer:
    """Cosine over customers' damped counts."""
    matrix = purchases.weights.copy()
    matrix.data = matrix.data**power
    return Scorer(
        "neighbours",
        purchases.product_ids,
        popularity(purchases),
        repeat_weight=repeat_weight,
        power=power,
        neighbours=cosine(matrix, minimum, keep, shrink, len(purchases.product_ids)),
    )
