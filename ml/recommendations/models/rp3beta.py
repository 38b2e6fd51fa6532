"""RP3β: three random steps over customers and products, less for what is popular (Paudel et al. 2017)."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ml.recommendations.interactions import Purchases
from ml.recommendations.models.popularity import popularity
from ml.recommendations.models.sparse_rows import from_rows
from ml.recommendations.serving import Neighbours, Scorer

ROWS = 512


def steps(matrix: sparse.csr_array, alpha: float, beta: float, keep: int) -> Neighbours:
    """Product i to product j: (Σᵤ p(u|i)^α · p(j|u)^α) / holders(j)^β, each row's `keep` largest, itself left out.

    `matrix` is (holders × products); what counts is whether an entry is there.
    """
    held = sparse.csr_array((np.ones(matrix.nnz, np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)
    holders = np.maximum(np.bincount(held.indices, minlength=held.shape[1]), 1).astype(np.float32)
    sizes = np.maximum(np.diff(held.indptr), 1).astype(np.float32)
    back = sparse.csr_array(sparse.diags_array(holders**-alpha) @ held.T)
    forth = sparse.csr_array(sparse.diags_array(sizes**-alpha) @ held)

    def blocks() -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
        for start in range(0, held.shape[1], ROWS):
            part = np.arange(start, min(start + ROWS, held.shape[1]))
            block = (back[part] @ forth).toarray() / holders[None, :] ** beta
            block[np.arange(len(part)), part] = 0
            yield part, block.astype(np.float32)

    return from_rows(blocks(), keep, np.arange(held.shape[1]), held.shape[1])


def fit(
    purchases: Purchases,
    alpha: float = 1.0,
    beta: float = 0.3,
    keep: int = 200,
    power: float = 0.5,
    repeat_weight: float = 0.0,
) -> Scorer:
    """RP3β over customers."""
    return Scorer(
        "neighbours",
        purchases.product_ids,
        popularity(purchases),
        repeat_weight=repeat_weight,
        power=power,
        neighbours=steps(purchases.weights, alpha, beta, keep),
    )
