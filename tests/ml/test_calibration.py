"""Scores read as chances, on lists whose chances are known."""

import numpy as np
import numpy.typing as npt
import pytest

from ml.recommendations.calibration import reliability

Scores = npt.NDArray[np.float64]
PEOPLE, PLACES = 3000, 20


def drawn(seed: int = 1) -> tuple[Scores, Scores]:
    """Scores of everybody's list, and the chances that they stand for."""
    scores = np.random.default_rng(seed).normal(size=(PEOPLE, PLACES)) * 3
    return scores, 1 / (1 + np.exp(1.5 - scores))


def test_what_a_score_stands_for_is_found_by_other_people() -> None:
    scores, chances = drawn()
    found = reliability(scores, np.random.default_rng(2).random(chances.shape) < chances)
    assert found is not None
    assert found.shown.sum() == PEOPLE // 2 * PLACES
    assert found.error < 0.015
    np.testing.assert_allclose(found.foretold, found.seen, atol=0.03)
    assert (np.diff(found.foretold) >= 0).all()
    assert ((found.low <= found.seen) & (found.seen <= found.high)).all()
    # The tenths are of the scores: the outer ones hold the chances of the outer scores.
    edges = np.quantile(scores, [0.1, 0.9])
    assert found.seen[0] == pytest.approx(chances[scores < edges[0]].mean(), abs=0.03)
    assert found.seen[-1] == pytest.approx(chances[scores > edges[1]].mean(), abs=0.03)


def test_scores_that_say_nothing_foretell_the_mean() -> None:
    scores, _ = drawn()
    found = reliability(scores, np.random.default_rng(3).random(scores.shape) < 0.2)
    assert found is not None
    np.testing.assert_allclose(found.foretold, 0.2, atol=0.05)


def test_scores_that_mean_another_thing_for_each_person_are_off() -> None:
    """Half the people like what scores low: between people a score is then worth nothing, whatever it is within one."""
    scores, chances = drawn()
    whole = reliability(scores, np.random.default_rng(4).random(chances.shape) < chances)
    chances[::2] = 1 - chances[::2]
    mixed = reliability(scores, np.random.default_rng(4).random(chances.shape) < chances)
    assert whole is not None
    assert mixed is not None
    assert np.ptp(mixed.foretold) < np.ptp(whole.foretold) / 2


def test_places_without_a_product_and_too_few_people() -> None:
    scores, chances = drawn()
    hits = np.random.default_rng(5).random(chances.shape) < chances
    empty = np.full((PEOPLE, 3), np.nan)
    longer = reliability(np.hstack([scores, empty]), np.hstack([hits, np.ones(empty.shape, np.bool_)]))
    same = reliability(scores, hits)
    assert longer is not None
    assert same is not None
    np.testing.assert_array_equal(longer.seen, same.seen)
    assert reliability(scores[:19], hits[:19]) is None
    assert reliability(np.full((100, 20), np.nan), hits[:100]) is None
