"""Metrics against figures worked out by hand."""

import math

import numpy as np
import pytest

from ml.recommendations.metrics import average_precision, interval, ndcg, recall


def test_ndcg_of_a_hand_computed_list() -> None:
    # Hits at places 1 and 3 of three relevant: (1 + 1/2) / (1 + 1/log2(3) + 1/2).
    expected = 1.5 / (1 + 1 / math.log2(3) + 0.5)
    assert ndcg([True, False, True, False], relevant=3) == pytest.approx(expected)


def test_ndcg_is_one_for_the_best_list_and_zero_for_a_miss() -> None:
    assert ndcg([True, True, False], relevant=2) == pytest.approx(1.0)
    assert ndcg([False] * 10, relevant=2) == 0.0
    assert ndcg([True] * 10, relevant=40) == pytest.approx(1.0)


def test_ndcg_looks_no_further_than_its_depth() -> None:
    assert ndcg([False] * 10 + [True], relevant=1, at=10) == 0.0


def test_recall_counts_all_relevant() -> None:
    assert recall([True, False, True], relevant=8) == pytest.approx(0.25)
    assert recall([False] * 20 + [True], relevant=1, at=20) == 0.0
    assert recall([], relevant=0) == 0.0


def test_average_precision_of_a_hand_computed_list() -> None:
    # Precision 1/1 at place 1 and 2/3 at place 3, over three possible hits.
    assert average_precision([True, False, True], relevant=3) == pytest.approx((1 + 2 / 3) / 3)


def test_interval_holds_the_mean_and_repeats_with_its_seed() -> None:
    values = np.random.default_rng(1).normal(0.4, 0.1, 500)
    low, high = interval(values, seed=3)
    assert low < values.mean() < high
    # The normal approximation is ±1.96·s/√n.
    assert high - low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(500), rel=0.15)
    assert interval(values, seed=3) == (low, high)
