"""BPR (Rendle et al. 2009) by the library `implicit`: factors that order what was bought above what was not."""

import numpy as np
from implicit.cpu.bpr import BayesianPersonalizedRanking
from scipy import sparse
from threadpoolctl import threadpool_limits

from ml.recommendations.interactions import Purchases
from ml.recommendations.models.popularity import popularity
from ml.recommendations.serving import Scorer


def fit(
    purchases: Purchases,
    minimum: int = 5,
    factors: int = 64,
    iterations: int = 100,
    learning_rate: float = 0.05,
    regularization: float = 0.01,
    power: float = 0.5,
    repeat_weight: float = 0.0,
    seed: int = 7,
) -> Scorer:
    """Factors of the products with at least `minimum` customers; zeros for the rest.

    A person is folded in as the mean of what they bought. One thread: with more, updates race and no seed repeats.
    """
    chosen = np.flatnonzero(purchases.support >= minimum)
    matrix = sparse.csr_matrix(purchases.weights[:, chosen])
    with threadpool_limits(limits=1, user_api="blas"):
        model = BayesianPersonalizedRanking(
            factors=factors,
            iterations=iterations,
            learning_rate=learning_rate,
            regularization=regularization,
            num_threads=1,
            random_state=seed,
        )
        model.fit(matrix, show_progress=False)
    table = np.zeros((len(purchases.product_ids), model.item_factors.shape[1]), np.float32)
    # The last column is each product's bias; a person's mean keeps it as popularity.
    table[chosen] = model.item_factors
    return Scorer(
        "profile",
        purchases.product_ids,
        popularity(purchases),
        repeat_weight=repeat_weight,
        power=power,
        factors=table,
    )
