"""Ranking metrics of one list against the set that was bought, and a bootstrap over people."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def ndcg(hits: Sequence[bool], relevant: int, at: int = 10) -> float:
    """Discounted gain of the first `at` places over the best possible; binary gains, log₂(place + 1)."""
    gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(hits[:at]) if hit)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(relevant, at)))
    return gain / ideal if ideal else 0.0


def recall(hits: Sequence[bool], relevant: int, at: int = 20) -> float:
    """Share of all relevant products that stand among the first `at`."""
    return sum(hits[:at]) / relevant if relevant else 0.0


def average_precision(hits: Sequence[bool], relevant: int, at: int = 10) -> float:
    """Mean of the precision at each hit among the first `at`, over the hits that were possible there."""
    found, total = 0, 0.0
    for place, hit in enumerate(hits[:at], start=1):
        if hit:
            found += 1
            total += found / place
    possible = min(relevant, at)
    return total / possible if possible else 0.0


def reciprocal_rank(hits: Sequence[bool], at: int = 10) -> float:
    """One over the place of the first hit among the first `at`."""
    return next((1 / place for place, hit in enumerate(hits[:at], start=1) if hit), 0.0)


def interval(values: npt.NDArray[np.float64], seed: int = 7, resamples: int = 1000) -> tuple[float, float]:
    """95 % bootstrap interval of the mean, resampling people."""
    if len(values) == 0:
        return 0.0, 0.0
    drawn = np.random.default_rng(seed).integers(0, len(values), (resamples, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
