"""Whether scores can be read as chances: what a score meant for some people, and what it then was for others."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

BINS = 10
FEWEST = 20  # people; half of them teach, the others are asked
RESAMPLES = 500


@dataclass(frozen=True)
class Reliability:
    """By rising chance: what was foretold, the share that was bought, its 95 % bootstrap over people, and how many.

    `error` is the mean distance of the first two, weighted by how many (expected calibration error, Guo et al. 2017).
    """

    foretold: npt.NDArray[np.float64]
    seen: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    shown: npt.NDArray[np.int64]
    error: float


def reliability(
    scores: npt.NDArray[np.float64], hits: npt.NDArray[np.bool_], seed: int = 7, bins: int = BINS
) -> Reliability | None:
    """(people × places) of both; places with a score that is not finite count for nothing. None for too few people.

    A score of a ranker is no probability: an isotonic regression on every second person (drawn) makes it one, and the
    others tell whether that holds.
    """
    if len(scores) < FEWEST:
        return None
    order = np.random.default_rng(seed).permutation(len(scores))
    taught, asked = order[::2], order[1::2]
    is_there = np.isfinite(scores)
    if not is_there[taught].any() or not is_there[asked].any():
        return None
    curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    curve.fit(scores[taught][is_there[taught]], hits[taught][is_there[taught]])
    person, place = np.nonzero(is_there[asked])
    score, hit = scores[asked][person, place], hits[asked][person, place]
    # By score, not by chance: an isotonic curve has steps, and many scores share one.
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)))
    of_bin = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, max(len(edges) - 2, 0))
    size = int(of_bin.max()) + 1
    shown, bought = np.zeros((len(asked), size)), np.zeros((len(asked), size))
    np.add.at(shown, (person, of_bin), 1)
    np.add.at(bought, (person, of_bin), hit)
    foretold = np.bincount(of_bin, curve.predict(score), size) / shown.sum(axis=0)
    seen = bought.sum(axis=0) / shown.sum(axis=0)
    drawn = np.random.default_rng(seed).integers(0, len(asked), (RESAMPLES, len(asked)))
    again = np.stack([bought[each].sum(axis=0) / np.maximum(shown[each].sum(axis=0), 1) for each in drawn])
    low, high = np.percentile(again, [2.5, 97.5], axis=0)
    error = float(np.average(np.abs(foretold - seen), weights=shown.sum(axis=0)))
    return Reliability(foretold, seen, low, high, shown.sum(axis=0).astype(np.int64), error)
