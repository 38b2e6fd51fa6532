"""Implicit ALS (Hu, Koren, Volinsky 2008) by the library `implicit`."""

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from ml.recommendations.interactions import Purchases
from ml.recommendations.models.popularity import popularity
from ml.recommendations.serving import Scorer


def fit(
    purchases: Purchases,
    minimum: int = 5,
    factors: int = 64,
    iterations: int = 15,
    alpha: float = 2.0,
    regularization: float = 10.0,
    power: float = 0.5,
    repeat_weight: float = 0.0,
    seed: int = 7,
) -> Scorer:
    """Factors of the products with at least `minimum` customers; zeros for the rest. People are folded in."""
    chosen = np.flatnonzero(purchases.support >= minimum)
    matrix = sparse.csr_matrix(purchases.weights[:, chosen])
    matrix.data = matrix.data.astype(np.float32) ** np.float32(power)
    # implicit runs its own threads; BLAS threads below them fight for the same cores.
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=min(factors, max(len(chosen) - 1, 1)),
            iterations=iterations,
            alpha=alpha,
            regularization=regularization,
            random_state=seed,
            calculate_training_loss=False,
        )
        model.fit(matrix, show_progress=False)
    table = np.zeros((len(purchases.product_ids), model.item_factors.shape[1]), np.float32)
    table[chosen] = model.item_factors
    return Scorer(
        "least_squares",
        purchases.product_ids,
        popularity(purchases),
        repeat_weight=repeat_weight,
        power=power,
        factors=table,
        alpha=alpha,
        regularization=regularization,
        gram=table.T @ table,
    )
