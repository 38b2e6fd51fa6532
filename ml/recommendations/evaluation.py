"""Full-catalogue ranking of held-out purchases, by the scorer that would answer in the product."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from ml.recommendations.interactions import Purchases
from ml.recommendations.metrics import average_precision, interval, ndcg, recall
from ml.recommendations.serving import Blend, Floats, History, Scorer, Task, top

DEPTH = 20


@dataclass(frozen=True)
class Person:
    """One held-out customer: what was known before the cut, and what was bought after it.

    `days` are those of the history's products, `now` is the day of the question, all since the epoch.
    """

    history: History
    bought: frozenset[int]
    new: frozenset[int]
    days: Floats
    now: float


@dataclass(frozen=True)
class Evaluation:
    """Means over people with 95 % intervals; `new_` figures rank only what the person had not bought before.

    `per_person` has the values that were averaged, in the order of the people, for paired comparisons. `scores` and
    `hits` (people × DEPTH) are those of the products that each was shown; NaN and False where a list was shorter.
    """

    figures: dict[str, float]
    people: int
    seconds: float
    per_person: dict[str, list[float]] = field(default_factory=dict)
    scores: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty((0, DEPTH)))
    hits: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, DEPTH), np.bool_))


def people(
    before: Purchases, after: pl.DataFrame, limit: int = 1000, seed: int = 7, is_timed: bool = True
) -> list[Person]:
    """Customers with purchases on both sides of the cut, at most `limit`, drawn with a fixed seed.

    They are asked at the cut, or (not `is_timed`) just after the last that is known of them.
    """
    cut = before.until.timestamp() / 86_400
    row_of = {customer: row for row, customer in enumerate(before.customer_ids)}
    bought = after.group_by("customer_id").agg(pl.col("product_id").unique()).sort("customer_id")
    known = bought.filter(pl.col("customer_id").is_in(list(row_of)))
    if known.height > limit:
        known = known.sample(limit, seed=seed)
    result = []
    for customer, products in known.iter_rows():
        history, days = before.history(row_of[customer]), before.days(row_of[customer])
        had = set(history.product_ids.tolist())
        now = cut if is_timed else float(days.max())
        result.append(Person(history, frozenset(products), frozenset(products) - had, days, now))
    return result


class Lists(NamedTuple):
    """The first `DEPTH` products for a person: of all, of those new to them, and without the weight of repeats.

    `scores` are those of the first list.
    """

    ranked: list[int]
    new: list[int]
    alone: list[int]
    scores: Floats


def lists(model: Scorer | Blend, person: Person) -> Lists:
    """What a model answers; a blend is alone without its trees, as the sum of its sources."""
    if isinstance(model, Blend):
        return _of_blend(model, person)
    had, weights = model.positions(person.history)
    affinity = model.affinity_of(had, weights)
    scores = model.blend(had, weights, affinity, model.repeat_weight)
    alone = model.blend(had, weights, affinity, 0.0)
    new = scores.copy()
    new[had] = -np.inf
    ranked, discovered, unaided = (model.product_ids[top(each, DEPTH)].tolist() for each in (scores, new, alone))
    return Lists(ranked, discovered, unaided, scores[top(scores, DEPTH)])


def _of_blend(blend: Blend, person: Person) -> Lists:
    known = blend.known(person.history, person.days)
    heard = blend.hear(known)
    plain = blend.plain(heard)
    tasks: tuple[Task, ...] = ("next", "new")
    (ranked, scores), (new, _) = (
        blend.order(known, heard, blend.candidates(known, plain, task), plain, person.now, task) for task in tasks
    )
    alone = plain.best(DEPTH, known.rows[:0])
    of_all, discovered, unaided = (blend.product_ids[each[:DEPTH]].tolist() for each in (ranked, new, alone))
    return Lists(of_all, discovered, unaided, scores[:DEPTH])


def evaluate(model: Scorer | Blend, persons: Sequence[Person], catalogue: int, seed: int = 7) -> Evaluation:
    """Ranks every product the model knows for every person; products it does not know count as missed.

    `alone_ndcg_at_10` is of the model without the weight of own repeats.
    """
    started = time.perf_counter()
    names = ("ndcg_at_10", "recall_at_20", "map_at_10", "new_ndcg_at_10", "alone_ndcg_at_10")
    rows: dict[str, list[float]] = {name: [] for name in names}
    shown: set[int] = set()
    scores, hit = np.full((len(persons), DEPTH), np.nan), np.zeros((len(persons), DEPTH), np.bool_)
    for row, person in enumerate(persons):
        found = lists(model, person)
        hits = [product in person.bought for product in found.ranked]
        scores[row, : len(hits)], hit[row, : len(hits)] = found.scores, hits
        rows["ndcg_at_10"].append(ndcg(hits, len(person.bought)))
        rows["recall_at_20"].append(recall(hits, len(person.bought)))
        rows["map_at_10"].append(average_precision(hits, len(person.bought)))
        rows["alone_ndcg_at_10"].append(_ndcg(found.alone, person.bought))
        shown.update(found.ranked[:10])
        if person.new:
            rows["new_ndcg_at_10"].append(_ndcg(found.new, person.new))
    figures: dict[str, float] = {"coverage_at_10": len(shown) / max(catalogue, 1)}
    for name, values in rows.items():
        array = np.asarray(values, np.float64)
        figures[name] = float(array.mean()) if len(array) else 0.0
        figures[f"{name}_low"], figures[f"{name}_high"] = interval(array, seed)
    return Evaluation(figures, len(persons), time.perf_counter() - started, rows, scores, hit)


def sweep(scorer: Scorer, persons: list[Person], repeat_weights: Sequence[float]) -> dict[float, float]:
    """NDCG@10 for each weight of own repeats: the model itself is asked once per person."""
    found: dict[float, list[float]] = {weight: [] for weight in repeat_weights}
    for person in persons:
        had, weights = scorer.positions(person.history)
        affinity = scorer.affinity_of(had, weights)
        for repeat_weight, figures in found.items():
            scores = scorer.blend(had, weights, affinity, repeat_weight)
            figures.append(_ndcg(scorer.product_ids[top(scores, DEPTH)].tolist(), person.bought))
    return {weight: float(np.mean(figures)) if figures else 0.0 for weight, figures in found.items()}


def _ndcg(ranked: Sequence[int], wanted: frozenset[int]) -> float:
    return ndcg([product in wanted for product in ranked], len(wanted))
