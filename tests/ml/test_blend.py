"""The learned blend: its trees are the library's, its order is the plain sum without them, its features are finite."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import pytest

from ml.recommendations import blending, interactions, plots, splits
from ml.recommendations.blending import Fold, Settings
from ml.recommendations.competitors import competitor
from ml.recommendations.evaluation import Person, people
from ml.recommendations.interactions import Purchases
from ml.recommendations.serving import EMPTY, Blend, History, Scorer, Trees, files, top

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


@pytest.mark.parametrize(("leaves", "bits"), [(9, 16), (30, 32), (64, 64)])
def test_trees_answer_as_the_library_does(leaves: int, bits: int) -> None:
    dice = np.random.default_rng(1)
    rows = dice.normal(size=(2000, 6)).astype(np.float32)
    rows[:, 3] = np.round(rows[:, 3])  # values that stand on a threshold
    wanted = rows[:, 0] * (rows[:, 1] > 0) + rows[:, 3] + dice.normal(size=2000) * 0.1
    parameters = {"verbose": -1, "num_leaves": leaves, "num_threads": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(rows, wanted), 12)
    trees = blending.flatten(booster)
    assert trees.open_leaves.dtype.itemsize * 8 == bits
    drawn, said = plots.splits(trees), booster.feature_importance("split")
    np.testing.assert_array_equal(drawn > 0, said > 0)
    assert (drawn <= said).all()
    np.testing.assert_allclose(trees.predict(rows), booster.predict(rows), rtol=1e-5, atol=1e-6)


def test_trees_of_more_leaves_than_bits_are_refused() -> None:
    rows = np.random.default_rng(1).normal(size=(2000, 2)).astype(np.float32)
    wanted = rows[:, 0].copy()
    booster = lightgbm.train({"verbose": -1, "num_leaves": 65, "num_threads": 1}, lightgbm.Dataset(rows, wanted), 1)
    with pytest.raises(ValueError, match="65 leaves"):
        blending.flatten(booster)


def test_a_tree_without_a_split_is_its_leaf() -> None:
    all_open = np.full((2, 1), 0xFFFF, np.uint16)
    tree = Trees(np.zeros(3, np.int64), np.empty(0), all_open, np.full((1, 1), 0.5))
    assert tree.predict(np.ones((3, 2), np.float32)).tolist() == [0.5, 0.5, 0.5]


def test_without_trees_the_order_is_the_sum_of_standard_scores(blend: Blend, purchases: Purchases) -> None:
    plain = replace(blend, trees={})
    history, days = purchases.history(3), purchases.days(3)
    ids, scores = plain.rank(history, days, float(days.max()), 10)
    parts = [source.affinity(history).astype(np.float64) for source in plain.sources]
    expected = sum((part - part.mean()) / part.std() for part in parts)
    np.testing.assert_array_equal(ids, plain.product_ids[np.argsort(-expected)[:10]])
    assert np.all(np.diff(scores) <= 0)
    heard = plain.hear(plain.known(history, days))
    at = np.arange(len(plain.product_ids))
    for source, part in enumerate(parts):
        np.testing.assert_allclose(heard.standard(source, at), (part - part.mean()) / part.std(), atol=1e-4)


def test_features_are_named_and_finite(blend: Blend, purchases: Purchases) -> None:
    history, days = purchases.history(0), purchases.days(0)
    known = blend.known(history, days)
    heard = blend.hear(known)
    chosen = blend.candidates(known, blend.plain(heard), "next")
    described = blend.describe(known, heard, chosen, float(days.max()) + 1)
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
        np.testing.assert_array_equal(trees.thresholds, again.trees[task].thresholds)
        np.testing.assert_array_equal(trees.values, again.trees[task].values)


def test_trees_that_are_no_better_than_the_sum_are_not_kept(blend: Blend, purchases: Purchases) -> None:
    persons = [
        Person(
            purchases.history(row),
            frozenset(wanted),
            frozenset(),
            purchases.days(row),
            float(purchases.days(row).max()),
        )
        for row in range(40)
        for wanted in [blend.rank(purchases.history(row), purchases.days(row), 19_900.0, 3, "next")[0].tolist()]
    ]
    plain = replace(blend, trees={})
    constant = replace(blend.trees["next"], values=np.zeros_like(blend.trees["next"].values))
    [better] = blending.gained(plain, persons, {"next": blend.trees["next"]}).values()
    [worse] = blending.gained(plain, persons, {"next": constant}).values()
    assert len(better) == len(worse) == 40
    assert blending.is_surely_better(better)
    assert not blending.is_surely_better(worse)


def test_what_older_weeks_teach_must_hold_in_the_newest(blend: Blend, purchases: Purchases) -> None:
    """Two lessons in which people took what is rare; a newest in which they did, and one in which they did not."""
    plain = replace(blend, trees={})

    def taking(place: int) -> list[Person]:
        found = []
        for row in range(40):
            history, days = purchases.history(row), purchases.days(row)
            ranked, _ = plain.rank(history, days, float(days.max()) + 1, 40, "next")
            rare = ranked[np.argsort(plain.items.ever[np.searchsorted(plain.product_ids, ranked)])].tolist()
            wanted = frozenset(rare[:4] if place == 0 else ranked[:4].tolist())
            found.append(Person(history, wanted, frozenset(), days, float(days.max()) + 1))
        return found

    settings = Settings(trees=20, leaves=7, least=20, tasks=("next",))
    older = [(plain, taking(0)), (plain, taking(0))]
    assert set(blending.taught([(plain, taking(0)), *older], settings)) == {"next"}
    assert blending.taught([(plain, taking(1)), *older], settings) == {}
    assert blending.taught([older[0], (plain, taking(1)), older[0]], settings) == {}  # nor in the one before it
    assert blending.taught(older[:1], settings) == {}


def test_a_shelf_is_the_type_where_one_is_known(purchases: Purchases, products: pl.DataFrame) -> None:
    ids = purchases.product_ids
    finer = products.with_columns(
        pl.when(pl.col("product_id") % 2 == 0).then(pl.lit("EVEN")).otherwise(pl.lit(None)).alias("product_type")
    )
    codes = blending.describe_items(purchases, finer, ids).category
    assert len(set(codes[ids % 2 == 0].tolist())) == 1
    assert len(set(codes[ids % 2 == 1].tolist())) == 2  # of these the category alone is known
    bare = blending.describe_items(purchases, products.select("product_id", "title"), ids).category
    assert (bare == -1).all()


def test_factors_that_are_not_there_are_not_kept(purchases: Purchases, products: pl.DataFrame) -> None:
    scorer = SOURCES[1].fit(purchases, products)
    assert scorer.factors is not None
    sparse = replace(scorer, factors=scorer.factors * (scorer.product_ids % 2 == 0)[:, None], gram=None)
    compact = sparse.compact()
    assert compact.factors is not None
    assert len(compact.factors) < len(compact.product_ids)
    history = History.of({3: 1.0, 4: 2.0})
    np.testing.assert_allclose(compact.score(history), sparse.score(history), atol=1e-5)
    there = np.array([2, 3, 4, 500], np.int64)
    np.testing.assert_allclose(compact.over(there).score(history), sparse.over(there).score(history), atol=1e-5)
    assert compact.because(history, np.array([8, 10])) == sparse.because(history, np.array([8, 10]))


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


def test_a_saved_blend_answers_the_same_from_maps(blend: Blend, purchases: Purchases, tmp_path: Path) -> None:
    again = files.load(files.save(blend, tmp_path / "1"))
    for row in range(3):
        history, days = purchases.history(row), purchases.days(row)
        for task in ("next", "new"):
            one, other = (each.rank(history, days, float(days.max()), 10, task) for each in (blend, again))
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_allclose(one[1], other[1], rtol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        again.items.recent[0] = 1
    with pytest.raises(OSError, match="1"):
        files.save(blend, tmp_path / "1")  # a version is never written over
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["1"]
