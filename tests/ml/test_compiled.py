"""Compiled loops say what the plain formulas say, however awkward the numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from ml.recommendations.serving import compiled
from ml.recommendations.serving.blend import NEVER, OF_BOTH

SEEDS = some.integers(0, 2**32 - 1)


@given(SEEDS, some.integers(0, 20_000), some.integers(0, 200), some.sampled_from(["even", "steps", "few", "tail"]))
def test_the_best_are_in_the_order_of_all(seed: int, count: int, limit: int, kind: str) -> None:
    """Also where a sample of them says too much or too little."""
    dice = np.random.default_rng(seed)
    scores = {
        "even": lambda: dice.normal(size=count),
        "steps": lambda: dice.integers(0, 4, count),
        "few": lambda: np.where(dice.random(count) < 0.99, -np.inf, 1.0),
        "tail": lambda: dice.exponential(size=count) ** 4,
    }[kind]().astype(np.float32)
    assert compiled.top(scores, limit).tolist() == np.argsort(-scores, kind="stable")[:limit].tolist()


@given(SEEDS, some.integers(0, 40), some.integers(0, 60))
def test_each_known_product_once_with_its_newest_day(seed: int, products: int, events: int) -> None:
    """Weights add up; a product that is no more, and one that weighs nothing, are left out."""
    dice = np.random.default_rng(seed)
    ids = np.sort(dice.choice(80, products, replace=False)).astype(np.int64)
    happened = dice.integers(0, 80, events)
    weights = dice.integers(0, 3, events).astype(np.float32)
    days = dice.integers(0, 100, events).astype(np.float32)
    expected = [
        (at, weights[happened == one].sum(), days[happened == one].max())
        for at, one in enumerate(ids.tolist())
        if weights[happened == one].sum() > 0
    ]
    found = zip(*(each.tolist() for each in compiled.known(ids, happened, weights, days)), strict=True)
    assert list(found) == expected


@given(SEEDS, some.integers(1, 12), some.integers(0, 20))
def test_a_person_is_the_solution_of_the_normal_equations(seed: int, size: int, count: int) -> None:
    """(G + Yᵀ(C − I)Y + λI) x = YᵀC1."""
    dice = np.random.default_rng(seed)
    factors = dice.normal(size=(30, size)).astype(np.float32)
    items, confidence = factors[:count], dice.uniform(1, 5, count).astype(np.float32)
    gram = factors.T @ factors
    left = gram + (items * (confidence - 1)[:, None]).T @ items + 0.5 * np.eye(size)
    expected = np.linalg.solve(left.astype(np.float64), confidence @ items)
    found = compiled.fold_in(gram, items, confidence, 0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@given(SEEDS, some.integers(1, 25))
def test_what_own_purchases_say_of_products(seed: int, bought: int) -> None:
    """Every column against its formula, also where nothing has a category."""
    dice = np.random.default_rng(seed)
    products, now = 40, 1000.0
    rows = np.sort(dice.choice(products, bought, replace=False)).astype(np.int64)
    weights, days = dice.uniform(0.1, 3, bought).astype(np.float32), dice.uniform(900, 1001, bought).astype(np.float32)
    chosen = np.arange(products)
    gap, trait = dice.uniform(0, 90, products).astype(np.float32), dice.normal(size=products).astype(np.float32)
    category = dice.integers(-1, 5, products).astype(np.int32)
    shares = dice.uniform(0, 1, 5).astype(np.float32)
    found = np.zeros((products, len(OF_BOTH)), np.float32)
    compiled.own_and_alike(rows, weights, days, now, NEVER, chosen, gap, category, shares, trait, found, 0)
    rank = {row: place for place, row in enumerate(rows[np.argsort(-weights, kind="stable")].tolist())}
    mean, spread = trait[rows].mean(), trait[rows].std()
    for product in range(products):
        mine = sum(weights[category[rows] == category[product]]) / sum(weights) if category[product] >= 0 else 0.0
        usual = shares[category[product]] if category[product] >= 0 else 0.0
        away = trait[product] - mean
        alike = [mine, mine - usual, away, away / (spread + 1e-3 + 0.01 * abs(mean))]
        own = [0.0, 0.0, np.log1p(NEVER), NEVER, 10.0]
        if product in rank:
            at = rows.tolist().index(product)
            since = max(now - days[at], 0.0)
            due = min(since / max(gap[product], 1.0), 10.0)
            own = [weights[at], weights[at] / weights.max(), np.log1p(rank[product]), since, due]
        np.testing.assert_allclose(found[product], [*own, *alike], rtol=1e-3, atol=1e-4)


@given(SEEDS, some.integers(0, 30), some.integers(0, 15), some.floats(0, 1), some.integers(1, 4))
def test_the_next_one_is_relevant_and_unlike_those_before(
    seed: int, count: int, limit: int, relevance: float, most: int
) -> None:
    """Step by step, as the formula says; of what stands equal the one with the better rank."""
    dice = np.random.default_rng(seed)
    traits = dice.integers(0, 4, (count, 3))
    is_filler = dice.random(count) < 0.3
    shares = np.array([0.6, 0.25, 0.15], np.float32)
    chosen: list[int] = []
    for at in compiled.diversified(traits, shares, is_filler, limit, relevance, most).tolist():

        def worth(one: int) -> float:
            alike = max((float(((traits[one] == traits[each]) * shares).sum()) for each in chosen), default=0.0)
            first = 0.0 if is_filler[one] else 2.0
            return relevance / float(np.log2(one + 2)) + first - (1 - relevance) * alike

        def is_open(one: int) -> bool:
            same = sum(traits[one, 0] == traits[each, 0] for each in chosen)
            return one not in chosen and same < most

        assert is_open(at)
        assert worth(at) >= max(worth(one) for one in range(count) if is_open(one)) - 1e-6
        chosen.append(at)
    kinds = {int(kind): min(most, int((traits[:, 0] == kind).sum())) for kind in np.unique(traits[:, 0])}
    assert len(chosen) == min(limit, sum(kinds.values()))


def test_what_does_not_fit_is_refused() -> None:
    """Rather a clear error than something that is compiled while somebody waits."""
    with pytest.raises(TypeError, match="No matching definition"):
        compiled.top(np.arange(10, dtype=np.float32)[::2], 3)
