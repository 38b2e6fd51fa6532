"""What fitting costs: ALS beside the bare library on the same matrix, EASE on twenty thousand products."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from infra.load import journey
from ml.recommendations import interactions
from ml.recommendations.interactions import Purchases
from ml.recommendations.models import als, ease
from ml.recommendations.offline import peak_memory
from tests.bench.form import Figure

WEEKS = 40
ITEMS = 20_000
TIMES = 3
FACTORS = 64
POWER = 0.5


def models(_stack_env: dict[str, str]) -> list[Figure]:
    """On the purchases that the demo loads."""
    purchases = bought()
    chosen = np.sort(np.argsort(-purchases.support, kind="stable")[:ITEMS])
    frequent = replace(purchases, product_ids=purchases.product_ids[chosen], weights=purchases.weights[:, chosen])
    matrix = sparse.csr_matrix(frequent.weights).astype(np.float32)
    matrix.data **= np.float32(POWER)  # what ours hands to the library
    # In turns, so that other work on the machine meets both.
    ours, bare = zip(*((timed(lambda: fit(frequent)), timed(lambda: alone(matrix))) for _ in range(TIMES)), strict=True)
    with peak_memory() as memory:
        seconds = timed(lambda: ease.weights(frequent.weights, 400.0))
    customers = len(purchases.customer_ids)
    return [
        Figure("ALS, 64 factors", min(ours), "s", 1.15 * min(bare), "lower", min(bare), "implicit alone"),
        Figure(f"EASE, {ITEMS:,} products of {customers:,} people", seconds, "s", 60, "lower"),
        Figure("EASE, memory", memory[0] / 1000, "GB", 8, "lower"),
    ]


def bought() -> Purchases:
    """Forty weeks of a supermarket chain."""
    lines = journey.purchase_lines(journey.Skipped(), last_week=WEEKS)
    names = {"household_id": "customer_id", "basket_id": "order_id", "taken_at": "occurred_at"}
    return interactions.build(interactions.check(lines.rename(names)))


def fit(purchases: Purchases) -> None:
    """Our ALS, whole: damping, fit, the table of all products."""
    counts = replace(
        purchases, baskets=sparse.csr_array(purchases.weights), recent=purchases.support.astype(np.float32)
    )
    als.fit(counts, minimum=1, factors=FACTORS, power=POWER)


def alone(matrix: sparse.csr_matrix) -> None:
    """The library with the same settings."""
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(factors=FACTORS, iterations=15, alpha=2.0, regularization=10.0, random_state=7)
        model.fit(matrix, show_progress=False)


def timed(action: Callable[[], object]) -> float:
    """Seconds that it took."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
