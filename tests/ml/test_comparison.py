"""Figures of whole models: against two other libraries, by hand, and for people of every kind."""

import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from implicit.evaluation import ranking_metrics_at_k
from scipy import sparse
from sklearn.metrics import ndcg_score

from ml.recommendations import comparison, interactions, offline, splits, tuning
from ml.recommendations.comparison import Asked, Task, measure, paired
from ml.recommendations.competitors import BLENDS, SETTINGS, competitor
from ml.recommendations.evaluation import Person, people
from ml.recommendations.metrics import average_precision, ndcg, reciprocal_rank
from ml.recommendations.offline import Options
from ml.recommendations.serving import History

QUICK = {"als": {"factors": 8, "iterations": 3}, "bpr": {"factors": 8, "iterations": 5}, "blend": {"least": 10}}


def person(had: dict[int, float], bought: set[int]) -> Person:
    history = History.of(had)
    return Person(history, frozenset(bought), frozenset(bought) - set(had), np.full(len(had), 1.0, np.float32), 2.0)


class Fixed:
    """The same list for everyone."""

    def __init__(self, *items: int) -> None:
        self.items = list(items)

    def __call__(self, person: Person, limit: int, task: Task) -> list[int]:
        own = set(person.history.product_ids.tolist())
        kept = {"next": self.items, "new": [i for i in self.items if i not in own]}
        return kept.get(task, [i for i in self.items if i in own])[:limit]


class Scores:
    """Stands where `implicit` expects a model: recommends by given scores what was not liked before."""

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores

    def recommend(self, users: np.ndarray, _liked: object, N: int, **_: object) -> tuple[np.ndarray, np.ndarray]:  # noqa: N803
        order = np.argsort(-self.scores[users], axis=1)[:, :N]
        return order.astype(np.int32), np.take_along_axis(self.scores[users], order, axis=1)


def test_ndcg_is_that_of_scikit_learn() -> None:
    dice = np.random.default_rng(1)
    for _ in range(20):
        scores, relevant = dice.random(30), dice.random(30) < 0.2
        relevant[0] = True
        hits = relevant[np.argsort(-scores)].tolist()
        expected = ndcg_score(relevant[None, :].astype(int), scores[None, :], k=10)
        assert ndcg(hits, int(relevant.sum())) == pytest.approx(expected)


def test_ndcg_and_map_are_those_of_implicit() -> None:
    dice = np.random.default_rng(2)
    scores, relevant = dice.random((40, 25)), dice.random((40, 25)) < 0.25
    relevant[:, 3] = True
    found = ranking_metrics_at_k(
        Scores(scores),
        sparse.csr_matrix((40, 25), dtype=np.float32),
        sparse.csr_matrix(relevant.astype(np.float32)),
        K=10,
        show_progress=False,
    )
    hits = [relevant[u][np.argsort(-scores[u])].tolist() for u in range(40)]
    counts = relevant.sum(axis=1)
    mine = {
        "ndcg": np.mean([ndcg(h, int(n)) for h, n in zip(hits, counts, strict=True)]),
        "map": np.mean([average_precision(h, int(n)) for h, n in zip(hits, counts, strict=True)]),
    }
    assert mine == pytest.approx({name: found[name] for name in mine})


def test_reciprocal_rank_by_hand() -> None:
    assert reciprocal_rank([False, False, True, True]) == pytest.approx(1 / 3)
    assert reciprocal_rank([False] * 10 + [True]) == 0.0
    assert reciprocal_rank([]) == 0.0


def test_all_figures_of_two_people_by_hand() -> None:
    persons = [person({1: 1.0}, {1, 2}), person({1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0, 6: 1.0}, {7})]
    asked = Asked(persons, {1: 0.5, 2: 0.25, 7: 0.125}, catalogue=10, k=2, warm=frozenset({1, 2}))
    found = measure(Fixed(1, 2, 7), asked, "next").figures(seed=1)
    assert found["ndcg_at_2"] == pytest.approx(0.5)  # all for the first, nothing for the second
    assert found["mrr_at_2"] == pytest.approx(0.5)
    assert found["recall_at_20"] == pytest.approx(1.0)
    assert found["coverage_at_2"] == pytest.approx(0.2)
    assert found["novelty_at_2"] == pytest.approx(1.5)  # −log₂ of 1/2 and of 1/4
    assert (found["cold_people"], found["cold_ndcg_at_2"]) == (1.0, 1.0)
    assert found["cold_item_recall_at_20"] == pytest.approx(1.0)  # 7 is the only item that few have
    again = measure(Fixed(1, 2, 7), asked, "again").figures(seed=1)
    assert (again["people"], again["ndcg_at_2"]) == (1.0, pytest.approx(1.0))
    new = measure(Fixed(1, 2, 7), asked, "new").figures(seed=1)
    assert new["ndcg_at_2"] == pytest.approx((1.0 + 1.0) / 2)


def test_popularity_bias_by_hand() -> None:
    one = person({1: 1.0}, {2})
    assert comparison.popularity_bias([2, 3], one, {1: 0.1, 2: 0.3, 3: 0.1}) == pytest.approx(1.0)
    assert comparison.popularity_bias([2], person({}, {2}), {2: 0.3}) == 0.0


def test_novelty_of_what_nobody_has_is_that_of_the_rarest() -> None:
    assert comparison.novelty([9], {1: 0.5, 2: 0.25}) == pytest.approx(2.0)
    assert comparison.novelty([], {1: 0.5}) == 0.0


def test_a_paired_interval_is_of_the_difference() -> None:
    dice = np.random.default_rng(3)
    hard = dice.random(300)
    pair = paired(hard + 0.01 + dice.normal(0, 0.02, 300), hard)
    assert pair.difference == pytest.approx(0.01, abs=0.005)
    assert pair.is_better
    assert pair.high - pair.low == pytest.approx(2 * 1.96 * 0.02 / math.sqrt(300), rel=0.25)
    assert not paired(hard, hard).is_better


@pytest.mark.parametrize("kind", splits.KINDS)
def test_every_model_on_every_split(lines: pl.DataFrame, products: pl.DataFrame, kind: splits.Kind) -> None:
    models = (*SETTINGS, *BLENDS)
    options = Options(kind, models=models, people=25, folds=1, trees=5, changed=QUICK, sources=("ease", "content"))
    told: list[str] = []
    report = offline.evaluate(interactions.check(lines), products, options, told.append)
    assert set(report.tried) == set(models)
    assert len(told) == 1 + len(models)
    for name, tried in report.tried.items():
        for task, measured in tried.measured.items():
            figures = measured.figures(1)
            assert 0 <= figures["ndcg_at_10_low"] <= figures["ndcg_at_10"] <= figures["ndcg_at_10_high"] <= 1, (
                name,
                task,
            )
    told = offline.verdicts(report)
    assert any(line.startswith(f"{report.tasks[-1]}: ") for line in told)
    found = offline.as_json(report)
    assert (
        found["tasks"][report.tasks[0]]["models"]["ease"]["against"] == found["tasks"][report.tasks[0]]["best_single"]
    )


def test_the_future_changes_nothing_that_a_model_says(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    """Whatever happens after the cut, every model ranks the same for the same person."""
    checked = interactions.check(lines)
    part = splits.split(checked, "time", 1, timedelta(weeks=4))
    other = part.test.with_columns(pl.col("product_id").reverse())
    options = Options(people=10, folds=1, trees=5, changed=QUICK, sources=("ease",))
    answers = []
    for future in (part.test, other):
        whole = pl.concat([part.train, future])
        inside = splits.split(whole, "time", 1, timedelta(weeks=4))
        known = interactions.build(inside.train)
        asked = sorted(people(known, part.test, 10), key=lambda each: sorted(each.bought))
        said = []
        for name in ("recent_popularity", "ease", "als", "sessions", "blend"):
            rank = offline.fitted(name, inside.train, known, products, interactions.build, options)
            said.append([rank(each, 10, "next") for each in asked])
        answers.append(said)
    assert answers[0] == answers[1]


def test_where_recent_popularity_wins_it_is_said(products: pl.DataFrame) -> None:
    dice = np.random.default_rng(5)
    rows = []
    for week in range(12):
        # Everyone takes what is new this fortnight; tastes do not exist.
        rows += [(f"c{who}", week // 2 * 3 + int(dice.integers(1, 4)), 1, f"{who}-{week}", week) for who in range(40)]
    frame = pl.DataFrame(rows, schema=["customer_id", "product_id", "quantity", "order_id", "week"], orient="row")
    at = pl.datetime(2024, 1, 1, time_zone="UTC") + pl.col("week") * pl.duration(days=7)
    lines = interactions.check(frame.with_columns(occurred_at=at))
    options = Options(models=("recent_popularity", "item_knn", "als"), held_out=timedelta(days=6), changed=QUICK)
    said = offline.verdicts(offline.evaluate(lines, products, options))
    assert any("recent popularity" in line for line in said)


def test_a_split_with_nobody_to_ask_is_refused(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="nothing to ask"):
        offline.evaluate(interactions.check(lines).head(1), products, Options("random"))


def test_a_search_repeats_with_its_seed_and_stops_early(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    options = Options("time", models=("item_knn",), people=20, seed=3)
    train = splits.split(interactions.check(lines), "time", 3, options.held_out).train
    one, two = (tuning.search("item_knn", train, products, options, 12) for _ in range(2))
    assert one == two
    assert one.best.figure == max(each.figure for each in one.tries)
    assert one.tries[0].parameters["keep"] == SETTINGS["item_knn"]["keep"]
    assert len(one.tries) <= 12
    assert one.best.figure >= one.tries[0].figure


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(KeyError):
        competitor("oracle")
