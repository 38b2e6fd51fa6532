"""Statistics of experiments and of places drawn by lot: NumPy alone, so that the dashboards can compute them.

Sequential test: the mixture sequential probability ratio test with a normal mixture (Robbins 1970; Johari, Koomen,
Pekelis, Walsh, Always Valid Inference, Operations Research 70(3), 2022). Its p-value and interval hold whenever one
looks, and however often.

Off-policy estimates: inverse propensity scoring (Horvitz and Thompson 1952), self-normalised (Swaminathan and Joachims
2015), doubly robust (Dudík, Langford and Li 2011).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
ALPHA = 0.05
# Differences of shares that are looked for: the standard deviation of the mixture, chosen before any data.
MIXTURE = 0.02
Z = 1.959963984540054  # of the normal 95 % interval


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an experiment: of `units` people `successes` did what is counted."""

    units: int
    successes: int

    @property
    def share(self) -> float:
        """Of the units; 0 where there are none."""
        return self.successes / self.units if self.units else 0.0

    @property
    def variance(self) -> float:
        """Of the share; with one more unit that did half of it, so that none or all is not taken for certain."""
        smoothed = (self.successes + 0.5) / (self.units + 1)
        return smoothed * (1 - smoothed) / self.units


@dataclass(frozen=True, slots=True)
class Difference:
    """Treatment less control, with an interval and a p-value that hold at any time. Nothing is known: 0, ±inf, 1."""

    value: float
    low: float
    high: float
    p_value: float

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def difference(control: Side, treatment: Side, mixture: float = MIXTURE, alpha: float = ALPHA) -> Difference:
    """With V the variance of the difference θ and τ² that of the mixture N(0, τ²), the likelihood ratio is

    Λ = √(V / (V + τ²)) · exp(τ²θ² / (2V(V + τ²)));

    the p-value is min(1, 1/Λ), and the interval holds every θ₀ whose Λ(θ − θ₀) stays below 1/α:
    θ ± √(V(V + τ²)/τ² · (2 ln(1/α) + ln((V + τ²)/V))).
    """
    if not control.units or not treatment.units:
        return Difference(0.0, -math.inf, math.inf, 1.0)
    value = treatment.share - control.share
    variance = control.variance + treatment.variance
    both, prior = variance + mixture**2, mixture**2
    log_ratio = 0.5 * math.log(variance / both) + prior * value**2 / (2 * variance * both)
    reach = math.sqrt(variance * both / prior * (2 * math.log(1 / alpha) + math.log(both / variance)))
    return Difference(value, value - reach, value + reach, min(1.0, math.exp(-log_ratio)))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a policy would have brought per place, with a 95 % interval.

    `effective` is how many places of the log speak for it (Kish: (Σw)² / Σw²).
    """

    value: float
    low: float
    high: float
    effective: float


def inverse_propensity(rewards: Array, propensities: Array, target: Array) -> Estimate:
    """Mean of w·r with w = target / propensity; unbiased where every target above 0 has a propensity above 0.

    `rewards`, `propensities` (of what was shown, by the policy that showed it) and `target` (the probability with which
    the policy in question shows the same) have one entry for each place. Raises ValueError for a propensity of 0.
    """
    weights = _weights(propensities, target)
    return _estimate(weights * rewards, weights)


def self_normalised(rewards: Array, propensities: Array, target: Array) -> Estimate:
    """Σ w·r / Σ w: a little biased, and calmer. The interval is by the delta method."""
    weights = _weights(propensities, target)
    total = weights.sum()
    if total <= 0:
        return Estimate(0.0, -math.inf, math.inf, 0.0)
    value = float((weights * rewards).sum() / total)
    return _estimate(value + weights * (rewards - value) / weights.mean(), weights)


def doubly_robust(rewards: Array, propensities: Array, target: Array, predicted: Array, expected: Array) -> Estimate:
    """Mean of v + w·(r − q): right where the propensities are, or where the model of rewards is.

    `predicted` is q, the model's reward of what was shown; `expected` is v, its mean reward under the policy in
    question. The model must not have seen the very rewards that it is used with.
    """
    weights = _weights(propensities, target)
    return _estimate(expected + weights * (rewards - predicted), weights)


def _weights(propensities: Array, target: Array) -> Array:
    if (propensities <= 0).any():
        raise ValueError("something was shown that the log says could not be shown")
    return np.asarray(target / propensities, np.float64)


def _estimate(parts: Array, weights: Array) -> Estimate:
    squares = float((weights**2).sum())
    if not squares:
        return Estimate(0.0, -math.inf, math.inf, 0.0)
    value = float(parts.mean())
    reach = Z * float(parts.std(ddof=1)) / math.sqrt(len(parts)) if len(parts) > 1 else math.inf
    return Estimate(value, value - reach, value + reach, float(weights.sum()) ** 2 / squares)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Places drawn at random, added up: a row for each size of a pool and rank in it (from 1), all arrays as long."""

    pool_size: Array
    pool_rank: Array
    shown: Array
    clicked: Array


@dataclass(frozen=True, slots=True)
class Choice:
    """What always showing one of the best `most` of a pool would bring, by three estimates."""

    most: int
    ips: Estimate
    snips: Estimate
    robust: Estimate


def best_of_pool(drawn: Drawn, most: int, folds: int = 2, seed: int = 7) -> Choice:
    """Estimates for the policy that draws among the `most` best of each pool instead of among all.

    The model of rewards is the click rate of the rank, drawn towards the rate of all with the weight of 20 places. It
    is fitted on the other fold.
    """
    times = drawn.shown.astype(np.int64)
    row = np.repeat(np.arange(len(times)), times)
    rewards = np.concatenate(
        [np.arange(n) < clicked for n, clicked in zip(times.tolist(), drawn.clicked.tolist(), strict=True)] or [[]]
    ).astype(np.float64)
    size, rank = drawn.pool_size[row], drawn.pool_rank[row]
    reach = np.minimum(size, most)
    target = np.where(rank <= reach, 1 / np.maximum(reach, 1), 0.0)
    fold = np.random.default_rng(seed).integers(0, folds, len(row))
    predicted, expected = np.zeros(len(row)), np.zeros(len(row))
    for each in range(folds):
        rates = _rates(rank[fold != each], rewards[fold != each], int(rank.max(initial=0)) if len(rank) else 0)
        here = fold == each
        predicted[here] = rates[rank[here].astype(np.int64)]
        means = np.cumsum(rates[1:]) / np.arange(1, len(rates))
        expected[here] = means[np.minimum(reach[here].astype(np.int64), len(means)) - 1] if len(means) else 0.0
    propensities = 1 / np.maximum(size, 1)
    return Choice(
        most,
        inverse_propensity(rewards, propensities, target),
        self_normalised(rewards, propensities, target),
        doubly_robust(rewards, propensities, target, predicted, expected),
    )


def _rates(rank: Array, rewards: Array, ranks: int) -> Array:
    """Click rate by rank (index 0 is unused)."""
    places = np.bincount(rank.astype(np.int64), minlength=ranks + 1)
    clicks = np.bincount(rank.astype(np.int64), weights=rewards, minlength=ranks + 1)
    overall = float(rewards.mean()) if len(rewards) else 0.0
    return np.asarray((clicks + 20 * overall) / (places + 20), np.float64)
