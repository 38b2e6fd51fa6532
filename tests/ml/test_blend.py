"""The learned blend: its trees are the library's, its order is the plain sum without them, its features are finite."""

from dataclasses import replace
from datetime import timedelta

import lightgbm
import numpy as np
import polars as pl
import pytest

from ml.recommendations import blending, interactions, splits
from ml.recommendations.blending import Fold, Settings
from ml.recommendations.competitors import competitor
from ml.recommendations.evaluation import people
from ml.recommendations.interactions import Purchases
from ml.recommendations.serving import EMPTY, Blend, History, Scorer, Trees, standardised, top

SOURCES = [
    competitor("ease", regularization=20.0),
    competitor("als", factors=8, regularization=10.0, iterations=5),
    competitor("content", dimensions=8),
]
NO_DAYS = np.empty(0, np.float32)


@pytest.fixture(scope="module")
def purchases(lines: pl.DataFrame) -> Purchases:
    return interactions.build(interactions.check(lines))


@pytest.fixture(scope="module")
def blend(lines: pl.DataFrame, products: pl.DataFrame, purchases: Purchases) -> Blend:
    [part] = splits.inner(interactions.check(lines), "time", 1, timedelta(weeks=4), 1)
    known = interactions.build(part.train)
    settings = Settings(trees=20, leaves=7, least=20, people=30)
    return blending.fit(purchases, products, SOURCES, [Fold(known, people(known, part.test))], settings)


def test_trees_answer_as_the_library_does() -> None:
    dice = np.random.default_rng(1)
    rows = dice.normal(size=(500, 6)).astype(np.float32)
    wanted = rows[:, 0] * (rows[:, 1] > 0) + dice.normal(size=500) * 0.1
    booster = lightgbm.train({"verbose": -1, "num_leaves": 9, "num_threads": 1}, lightgbm.Dataset(rows, wanted), 12)
    fresh = dice.normal(size=(200, 6)).astype(np.float32)
    np.testing.assert_allclose(blending.flatten(booster).predict(fresh), booster.predict(fresh), rtol=1e-5, atol=1e-6)


def test_a_tree_without_a_split_is_its_leaf() -> None:
    one, leads = np.zeros(1, np.int32), np.zeros(1, np.int32)
    tree = Trees(one, leads, np.full(1, np.inf), leads, leads, np.full(1, 0.5), 0)
    assert tree.predict(np.ones((3, 2), np.float32)).tolist() == [0.5, 0.5, 0.5]


def test_without_trees_the_order_is_the_sum_of_standard_scores(blend: Blend, purchases: Purchases) -> None:
    plain = replace(blend, trees={})
    history, days = purchases.history(3), purchases.days(3)
    ids, scores = plain.rank(history, days, float(days.max()), 10)
    parts = [standardised(source.affinity(history)) for source in plain.sources]
    np.testing.assert_array_equal(ids, plain.product_ids[top(plain.plain(parts), 10)])
    assert np.all(np.diff(scores) <= 0)


def test_features_are_named_and_finite(blend: Blend, purchases: Purchases) -> None:
    history, days = purchases.history(0), purchases.days(0)
    rows, weights, known = blend.known(history, days)
    chosen, scores = blend.candidates(history, rows, "next")
    described = blend.describe(rows, weights, known, float(days.max()) + 1, chosen, scores)
    assert described.shape == (len(chosen), len(blend.features))
    assert np.isfinite(described).all()
    own = described[:, blend.features.index("own_weight")] > 0
    np.testing.assert_array_equal(blend.product_ids[chosen][own], history.product_ids)
    since = described[own, blend.features.index("own_days")]
    np.testing.assert_allclose(since, days.max() + 1 - days, atol=0.01)


def test_new_has_nothing_that_the_person_had(blend: Blend, purchases: Purchases) -> None:
    for row in range(5):
        history, days = purchases.history(row), purchases.days(row)
        ids, _ = blend.rank(history, days, float(days.max()), 20, "new")
        assert not set(ids.tolist()) & set(history.product_ids.tolist())


def test_a_stranger_and_a_vanished_product_give_what_is_popular_now(blend: Blend) -> None:
    popular = blend.items.recent * np.float32(1e-3) + blend.items.ever * np.float32(1e-5)
    expected = blend.product_ids[top(popular, 5)].tolist()
    for history in (EMPTY, History.of({999_999: 1.0})):
        days = np.full(len(history.product_ids), 19_000, np.float32)
        ids, _ = blend.rank(history, days, 19_001.0, 5)
        assert ids.tolist() == expected


def test_one_event_moves_the_list(blend: Blend) -> None:
    day = np.full(1, blend.items.last_day.max(), np.float32)
    for clicked, half in ((3, range(1, 21)), (33, range(21, 41))):
        ids, _ = blend.rank(History.of({clicked: 1.0}), day, float(day[0]), 5, "new")
        assert sum(product in half for product in ids.tolist()) >= 4


def test_ten_thousand_events_are_as_good_as_their_products(blend: Blend, purchases: Purchases) -> None:
    dice = np.random.default_rng(4)
    products = dice.choice(purchases.product_ids, 10_000)
    days = dice.uniform(19_000, 19_100, 10_000).astype(np.float32)
    ids, scores = blend.rank(History(products, np.ones(10_000, np.float32)), days, 19_101.0, 10)
    assert len(set(ids.tolist())) == 10
    assert np.isfinite(scores).all()


def test_the_same_seed_grows_the_same_trees(lines: pl.DataFrame, products: pl.DataFrame, blend: Blend) -> None:
    [part] = splits.inner(interactions.check(lines), "time", 1, timedelta(weeks=4), 1)
    known = interactions.build(part.train)
    purchases = interactions.build(interactions.check(lines))
    settings = Settings(trees=20, leaves=7, least=20, people=30)
    again = blending.fit(purchases, products, SOURCES, [Fold(known, people(known, part.test))], settings)
    for task, trees in blend.trees.items():
        np.testing.assert_array_equal(trees.threshold, again.trees[task].threshold)


def test_a_scorer_over_another_catalogue_forgets_and_keeps_silent(purchases: Purchases, products: pl.DataFrame) -> None:
    scorer = SOURCES[0].fit(purchases, products)
    there = np.array([3, 5, 7, 9, 500], np.int64)
    other = scorer.over(there)
    history = History.of({3: 1.0, 8: 1.0})  # 8 has vanished
    of_known = scorer.affinity(History.of({3: 1.0}))[np.searchsorted(scorer.product_ids, there[:4])]
    np.testing.assert_allclose(other.affinity(history), [*of_known, 0.0], atol=1e-6)
    assert isinstance(other, Scorer)
    assert other.positions(History.of({8: 1.0}))[0].size == 0


def test_folds_teach_nothing_about_what_they_may_not_know(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    """What happens after the cut of the inner split changes no feature of the lessons."""
    checked = interactions.check(lines)
    [part] = splits.inner(checked, "time", 1, timedelta(weeks=4), 1)
    known = interactions.build(part.train)
    items = blending.describe_items(known, products, known.product_ids)
    assert items.last_day.max() <= known.until.timestamp() / 86_400 + 0.01
    for person in people(known, part.test):
        assert person.days.max() <= person.now + 0.01
