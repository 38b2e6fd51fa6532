"""Each model against a brute-force form of itself, and what all of them must do."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from ml.recommendations import interactions
from ml.recommendations.competitors import SETTINGS
from ml.recommendations.interactions import Lines, Purchases
from ml.recommendations.model import Model
from ml.recommendations.models import als, bpr, content, ease, item_knn, popularity, rp3beta, sessions
from ml.recommendations.serving import EMPTY, History, Neighbours, Scorer, fold_in, top


@pytest.fixture(scope="module")
def purchases(lines: pl.DataFrame) -> Purchases:
    return interactions.build(interactions.check(lines))


def test_ease_equals_one_regression_per_item() -> None:
    x = np.random.default_rng(5).random((30, 7)) * (np.random.default_rng(6).random((30, 7)) < 0.5)
    found = ease.weights(sparse.csr_array(x.astype(np.float32)), regularization=3.0)
    for item in range(7):
        others = [other for other in range(7) if other != item]
        left = x[:, others].T @ x[:, others] + 3.0 * np.eye(6)
        expected = np.linalg.solve(left, x[:, others].T @ x[:, item])
        np.testing.assert_allclose(found[others, item], expected, atol=2e-4)
        assert found[item, item] == 0


def test_ease_refuses_what_has_no_inverse() -> None:
    with pytest.raises(ValueError, match="regularization"):
        ease.weights(sparse.csr_array(np.zeros((3, 2), np.float32)), regularization=0.0)


def test_cosine_equals_the_dense_form() -> None:
    x = (np.random.default_rng(2).random((50, 9)) < 0.4).astype(np.float32)
    rows = item_knn.cosine(sparse.csr_array(x), minimum=1, keep=9, shrink=2.0, products=9)
    lengths = np.linalg.norm(x, axis=0)
    expected = x.T @ x / (np.outer(lengths, lengths) + 2.0)
    np.fill_diagonal(expected, 0)
    dense = np.zeros((9, 9))
    for row in range(9):
        indices, weights = rows.row(row)
        dense[row, indices] = weights
    np.testing.assert_allclose(dense, expected, atol=1e-6)


def test_cosine_keeps_the_nearest(purchases: Purchases) -> None:
    all_rows = item_knn.cosine(purchases.weights, 1, 40, 1.0, len(purchases.product_ids))
    few = item_knn.cosine(purchases.weights, 1, 3, 1.0, len(purchases.product_ids))
    for row in range(5):
        _, weights = all_rows.row(row)
        np.testing.assert_allclose(np.sort(few.row(row)[1]), np.sort(weights)[-3:], rtol=1e-6)


def test_als_fold_in_is_the_least_squares_of_the_library(purchases: Purchases) -> None:
    scorer = als.fit(purchases, minimum=1, factors=8, power=1.0)
    assert scorer.factors is not None
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(factors=8, alpha=2.0, regularization=10.0, random_state=7)
        model.item_factors = scorer.factors
        model.user_factors = np.zeros((1, 8), np.float32)
        row = sparse.csr_matrix(purchases.weights[[3], :])
        expected = model.recalculate_user(0, row)
    rows, weights = scorer.positions(purchases.history(3))
    np.testing.assert_allclose(scorer.person(rows, weights), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["ease", "knn", "als", "content"])
def test_a_fold_in_equals_having_had_it_in_the_history(purchases: Purchases, products: pl.DataFrame, name: str) -> None:
    scorer = fitted(name, purchases, products)
    old, recent = History.of({3: 1.0, 5: 0.5}), History.of({5: 1.0, 9: 2.0})
    together = History.of({3: 1.0, 5: 1.5, 9: 2.0})
    np.testing.assert_allclose(scorer.score(fold_in(old, recent)), scorer.score(together), atol=1e-5)


@pytest.mark.parametrize("name", ["ease", "knn", "als", "content"])
def test_one_event_moves_the_list_to_its_own_kind(purchases: Purchases, products: pl.DataFrame, name: str) -> None:
    scorer = fitted(name, purchases, products)
    for clicked, kind in ((3, "CHEESE"), (33, "NAILS")):
        ranked = scorer.product_ids[top(scorer.score(fold_in(EMPTY, History.of({clicked: 0.3}))), 10)]
        kinds = products.filter(pl.col("product_id").is_in(ranked.tolist()))["category"].to_list()
        assert kinds.count(kind) >= 9, (name, clicked, ranked)


@pytest.mark.parametrize("name", ["popular", "ease", "knn", "als", "content"])
def test_a_stranger_gets_what_is_popular(purchases: Purchases, products: pl.DataFrame, name: str) -> None:
    scorer = fitted(name, purchases, products)
    unknown = History.of({999_999: 1.0})
    for history in (EMPTY, unknown):
        ranked = scorer.product_ids[top(scorer.score(history), 5)].tolist()
        counts = dict(zip(purchases.product_ids.tolist(), popularity.popularity(purchases).tolist(), strict=True))
        assert ranked == sorted(counts, key=lambda p: (-counts[p], p))[:5]


def test_content_finds_products_that_were_never_sold(purchases: Purchases, products: pl.DataFrame) -> None:
    scorer = fitted("content", purchases, products)
    assert {41, 42} <= set(scorer.product_ids.tolist())
    near, weights = scorer.similar(41, 5)
    assert len(near) == 5
    assert all(product <= 20 for product in near.tolist())
    assert np.all(np.diff(weights) <= 0)


def test_repeats_lift_what_the_person_buys(purchases: Purchases, products: pl.DataFrame) -> None:
    history = purchases.history(0)
    favourite = int(history.product_ids[np.argmax(history.weights)])
    scorer = ease.fit(purchases, repeat_weight=8.0)
    assert scorer.product_ids[top(scorer.score(history), 1)][0] == favourite


@pytest.mark.parametrize("name", ["ease", "knn", "als", "content"])
def test_because_names_a_product_of_the_history(purchases: Purchases, products: pl.DataFrame, name: str) -> None:
    scorer = fitted(name, purchases, products)
    history = History.of({3: 1.0, 33: 1.0})
    causes = scorer.because(history, np.array([4, 7, 34, 37]))
    assert set(causes.values()) <= {3, 33}
    assert all((product <= 20) == (cause == 3) for product, cause in causes.items())
    assert 3 not in scorer.because(History.of({3: 1.0}), np.array([3]))


def test_ease_by_woodbury_equals_the_inverse_over_items() -> None:
    x = (np.random.default_rng(5).random((6, 40)) < 0.3).astype(np.float32)
    gram = x.T @ x + 3.0 * np.eye(40)
    inverse = np.linalg.inv(gram)
    expected = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(ease.weights(sparse.csr_array(x), 3.0), expected, atol=1e-5)


def test_rp3beta_equals_three_steps_of_the_dense_form() -> None:
    x = (np.random.default_rng(3).random((20, 8)) < 0.4).astype(np.float64)
    x[0] = 1
    found = dense(rp3beta.steps(sparse.csr_array(x), alpha=0.8, beta=0.4, keep=8), 8)
    to_item, to_person = (x / x.sum(1, keepdims=True)) ** 0.8 * x, ((x / x.sum(0)) ** 0.8 * x).T
    expected = to_person @ to_item / x.sum(0)[None, :] ** 0.4
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_covisits_by_hand() -> None:
    # c1 took 0, 1, 2 within an hour and 3 a week later; c2 took 0, 1.
    row, column = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 1, 2, 3, 0, 1])
    day = np.array([1.0, 1.01, 1.02, 8.0, 1.0, 1.5])
    found = dense(sessions.covisits(Lines(row, column, day), 4, window=2, gap_days=1.0, damp=0.0, keep=4), 4)
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = 2.0
    expected[1, 2] = expected[2, 1] = 1.0
    expected[0, 2] = expected[2, 0] = 0.5
    np.testing.assert_allclose(found, expected)


def test_bpr_orders_ones_own_half_first(purchases: Purchases) -> None:
    scorer = bpr.fit(purchases, minimum=1, factors=8)
    ranked = scorer.product_ids[top(scorer.affinity(History.of({3: 1.0, 5: 1.0, 8: 1.0})), 10)]
    assert np.mean(ranked <= 20) >= 0.8
    np.testing.assert_array_equal(scorer.factors, bpr.fit(purchases, minimum=1, factors=8).factors)


def test_popularity_of_all_time_and_within_categories(purchases: Purchases, products: pl.DataFrame) -> None:
    ever = np.asarray(purchases.baskets.sum(axis=0)).ravel()
    scorer = popularity.all_time(purchases)
    assert scorer.product_ids[top(scorer.score(EMPTY), 1)][0] == purchases.product_ids[ever.argmax()]
    within = popularity.by_segment(purchases, products)
    ranked = within.product_ids[top(within.score(History.of({33: 1.0})), 10)]
    assert np.all(ranked > 20)


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_model_has_the_same_face(purchases: Purchases, products: pl.DataFrame, tmp_path: Path, name: str) -> None:
    quick = {"als": {"factors": 8}, "bpr": {"factors": 8, "iterations": 5}, "content": {"dimensions": 8}}
    model = Model.fit(name, purchases, products, **quick.get(name, {}))
    again = Model.load(name, model.save(tmp_path / "model.npz"))
    one = History.of({3: 1.0})
    dice = np.random.default_rng(1)
    many = History(dice.choice(purchases.product_ids, 10_000), np.ones(10_000, np.float32))
    vanished = History.of({3: 1.0, 999_999: 5.0})
    for history in (EMPTY, one, many, vanished):
        found = model.recommend(history, 10)
        assert len({product for product, _ in found}) == 10
        assert np.isfinite([score for _, score in found]).all()
        assert [product for product, _ in again.recommend(history, 10)] == [product for product, _ in found]
    assert model.recommend(vanished) == model.recommend(one)
    assert model.recommend(EMPTY) == model.recommend(History.of({999_999: 1.0}))
    assert model.recommend(model.fold_in(EMPTY, one)) == model.recommend(one)
    assert 3 not in dict(model.recommend(one, 10, new_only=True))
    assert model.recommend(many, 50, new_only=True) == [] or name == "content"
    assert 3 not in dict(model.similar(3))
    assert model.similar(999_999) == []
    assert set(model.explain(one, np.array([4, 5])).values()) <= {3}


def dense(rows: Neighbours, products: int) -> np.ndarray:
    found = np.zeros((products, products))
    for row in range(products):
        indices, values = rows.row(row)
        found[row, indices] = values
    return found


def test_top_is_stable_and_bounded() -> None:
    scores = np.array([1, 3, 3, 2], np.float32)
    assert top(scores, 3).tolist() == [1, 2, 3]
    assert top(scores, 9).tolist() == [1, 2, 3, 0]
    assert top(scores[:0], 3).tolist() == []


def fitted(name: str, purchases: Purchases, products: pl.DataFrame) -> Scorer:
    if name == "ease":
        return ease.fit(purchases, regularization=5.0)
    if name == "knn":
        return item_knn.fit(purchases, minimum=1)
    if name == "als":
        return als.fit(purchases, minimum=1, factors=8)
    if name == "popular":
        return popularity.fit(purchases)
    return content.fit(purchases, products, dimensions=8)
