"""What answers is the plain formula: of compact sources, over what they speak of, for the rows that are asked for."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as some

from ml.recommendations.serving import Blend, Floats, History, Items, Neighbours, Plain, Positions, Scorer, Trees

DAY = 19_000.0
Dense = npt.NDArray[np.float64]


def neighbours(weights: Dense) -> Neighbours:
    """The rows of a dense table, zeros left out."""
    rows = [np.flatnonzero(row) for row in weights]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    values = np.concatenate([weights[at, row] for at, row in enumerate(rows)])
    return Neighbours(indptr, np.concatenate(rows).astype(np.int32), values.astype(np.float32))


def table(dice: np.random.Generator, products: int, width: int | None) -> Dense:
    """Weights of products for each other: `width` in each of some rows, or any number."""
    found = np.zeros((products, products))
    for row in dice.choice(products, products // 2, replace=False):
        count = width or int(dice.integers(0, products // 2))
        found[row, dice.choice(products // 2, min(count, products // 2), replace=False)] = dice.uniform(0.1, 1)
    return found


def factors(dice: np.random.Generator, products: int) -> Floats:
    """Of a third of the products none."""
    found = dice.normal(size=(products, 3)).astype(np.float32)
    found[dice.choice(products, products // 3, replace=False)] = 0
    return found


def world(seed: int, products: int) -> tuple[Blend, list[Dense | Floats]]:
    """A blend of three sources, and what each of them is made of."""
    dice = np.random.default_rng(seed)
    ids = np.sort(dice.choice(1000, products, replace=False)).astype(np.int64)
    popularity = dice.uniform(0, 1, products).astype(np.float32)
    tables = [table(dice, products, 3), table(dice, products, None), factors(dice, products)]
    sources = (
        Scorer("neighbours", ids, popularity, neighbours=neighbours(tables[0]), power=0.5),
        Scorer("neighbours", ids, popularity, neighbours=neighbours(tables[1])),
        Scorer("least_squares", ids, popularity, factors=factors_of(tables[2]), alpha=2.0, regularization=1.0),
    )
    counts = np.round(dice.uniform(0, 3, (2, products))).astype(np.float32)
    days = dice.uniform(DAY - 90, DAY, (2, products)).astype(np.float32)
    items = Items(
        counts[0], counts[1], days.min(axis=0), days.max(axis=0), days[0], dice.integers(-1, 3, products, np.int32),
        np.full(3, 0.3, np.float32), popularity, dice.uniform(0, 1, (products, 4)).astype(np.float32), DAY - 90, 30.0,
    )  # fmt: skip
    popular = dice.choice(products, 2, replace=False)
    blend = Blend(ids, ("a", "b", "c"), sources, np.array([1, 0.3, 0.7], np.float32), items, popular, {}, depth=4)
    return blend, [*tables]


def factors_of(value: Dense | Floats) -> Floats:
    return np.asarray(value, np.float32)


def person(blend: Blend, seed: int) -> tuple[History, Floats]:
    """Some products, one of them twice, and one that nobody knows."""
    dice = np.random.default_rng(seed)
    known = dice.choice(blend.product_ids, min(6, len(blend.product_ids)), replace=False)
    bought = np.concatenate([known, known[:1], [5000]])
    return History(bought, dice.uniform(0.2, 3, len(bought)).astype(np.float32)), dice.uniform(
        DAY - 90, DAY, len(bought)
    ).astype(np.float32)


def sums(blend: Blend, tables: list[Dense | Floats], rows: Positions, weights: Floats) -> list[Dense]:
    """What each source says, from its definition."""
    of_first = np.sqrt(weights.astype(np.float64)) @ tables[0][rows]
    of_second = weights.astype(np.float64) @ tables[1][rows]
    every = tables[2].astype(np.float64)
    mine, confidence = every[rows], 2.0 * weights.astype(np.float64)
    left = every.T @ every + mine.T @ np.diag(confidence - 1) @ mine + np.eye(3)
    return [of_first, of_second, every @ np.linalg.solve(left, confidence @ mine)]


@given(seed=some.integers(0, 10_000), products=some.integers(8, 40))
def test_compact_sources_say_what_the_formula_says(seed: int, products: int) -> None:
    blend, tables = world(seed, products)
    history, days = person(blend, seed)
    known = blend.known(history, days)
    heard = blend.hear(known)
    everything = np.arange(products)
    ties = blend.items.recent * 1e-3 + blend.items.ever * 1e-5
    total = ties.astype(np.float64)
    for source, said in enumerate(sums(blend, tables, known.rows, known.weights)):
        np.testing.assert_allclose(blend.sources[source].affinity_of(known.rows, known.weights), said, atol=2e-4)
        if said.std() > 1e-3:
            standard = (said - said.mean()) / said.std()
            np.testing.assert_allclose(heard.standard(source, everything), standard, atol=5e-3)
            total += said / said.std() * float(blend.weights[source])
    plain = blend.plain(heard)
    np.testing.assert_allclose(plain.at(everything), total, atol=5e-3)
    assert plain.largest == pytest.approx(float(plain.at(everything).max()))


@given(seed=some.integers(0, 10_000), products=some.integers(8, 40), limit=some.integers(0, 45))
def test_the_best_are_those_of_the_whole_catalogue(seed: int, products: int, limit: int) -> None:
    blend, _ = world(seed, products)
    history, days = person(blend, seed)
    known = blend.known(history, days)
    for rows in (known.rows, known.rows[:0]):
        for plain in (blend.plain(blend.hear(known)), blend.plain(blend.hear(known._replace(rows=rows[:0])))):
            every = plain.at(np.arange(products)).copy()
            every[rows] = -np.inf
            order = np.argsort(-every, kind="stable")
            expected = order[np.isfinite(every[order])][:limit]
            np.testing.assert_array_equal(plain.best(limit, rows), expected)


@given(seed=some.integers(0, 10_000), products=some.integers(8, 40))
def test_rows_that_are_asked_for_are_those_of_the_whole(seed: int, products: int) -> None:
    blend, _ = world(seed, products)
    history, days = person(blend, seed)
    known = blend.known(history, days)
    heard = blend.hear(known)
    plain = blend.plain(heard)
    for task in ("next", "new"):
        chosen = blend.candidates(known, plain, task)
        assert (np.diff(chosen) > 0).all()
        assert task == "next" or not np.isin(chosen, known.rows).any()
        every = blend.describe(known, heard, chosen, DAY)
        asked = np.arange(0, len(chosen), 2)
        np.testing.assert_array_equal(blend.describe(known, heard, chosen, DAY, asked), every[asked])
    trees = {
        "next": Trees(
            np.zeros(len(blend.features) + 1, np.int64),
            np.empty(0),
            np.full((len(blend.features), 1), 255, np.uint8),
            np.full((1, 1), 0.5),
        )
    }
    learned = replace(blend, trees=trees)
    chosen = learned.candidates(known, plain, "next")
    among = np.append(known.rows, len(blend.product_ids) - 1)
    found, scores = learned.order(known, heard, chosen, plain, DAY, "next", np.unique(among))
    assert set(found.tolist()) == set(among.tolist()) & set(chosen.tolist())
    assert (scores == 0.5).all()


@given(seed=some.integers(0, 10_000), products=some.integers(8, 40))
def test_what_speaks_loudest_is_the_largest_share(seed: int, products: int) -> None:
    blend, tables = world(seed, products)
    history, _ = person(blend, seed)
    for source, scorer in enumerate(blend.sources[:2]):
        rows, weights = scorer.positions(history)
        shares = tables[source][rows] * (weights**scorer.power)[:, None]
        shares[np.arange(len(rows)), rows] = 0
        for product_id, speaker in scorer.because(history, blend.product_ids).items():
            column = int(np.searchsorted(blend.product_ids, product_id))
            row = int(np.flatnonzero(blend.product_ids[rows] == speaker)[0])
            assert shares[row, column] == pytest.approx(float(shares[:, column].max()), rel=1e-5)
        silent = set(blend.product_ids[(shares <= 0).all(axis=0)].tolist())
        assert not silent & scorer.because(history, blend.product_ids).keys()


@given(seed=some.integers(0, 10_000), products=some.integers(8, 40))
def test_over_another_catalogue_a_compact_source_is_the_same(seed: int, products: int) -> None:
    blend, _ = world(seed, products)
    history, _ = person(blend, seed)
    there = np.union1d(blend.product_ids[::2], [7_000])
    stays = np.isin(blend.product_ids, there)
    kept = History(*(each[np.isin(history.product_ids, there)] for each in (history.product_ids, history.weights)))
    for source in blend.sources:
        other = source.over(there)
        at = np.searchsorted(there, blend.product_ids[stays])
        np.testing.assert_allclose(other.affinity(kept)[at], source.affinity(kept)[stays], atol=1e-4)
        assert other.affinity(kept)[-1] == 0


def test_the_best_of_nothing_is_nothing() -> None:
    blend, _ = world(1, 8)
    known = blend.known(*person(blend, 1))
    plain = blend.plain(blend.hear(known))
    assert isinstance(plain, Plain)
    assert not len(plain.best(0, known.rows))
    everything = np.arange(8)
    assert not len(plain.best(5, everything))
