"""Training: every candidate on a time split, the best one by NDCG@10 again on everything.

The weight of a person's own repeats is chosen per model on the four weeks before the cut, never on the test weeks.
"""

import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import structlog

from ml.recommendations import interactions
from ml.recommendations.candidates import Candidate, candidates
from ml.recommendations.comparison import Paired, paired
from ml.recommendations.evaluation import Evaluation, Person, evaluate, people, sweep
from ml.recommendations.interactions import Purchases
from ml.recommendations.serving import Scorer

log = structlog.get_logger(__name__)

HELD_OUT = timedelta(weeks=4)
REPEAT_WEIGHTS = (0.0, 1.0, 2.0, 4.0, 8.0)
PEOPLE = 1000
TUNING_PEOPLE = 300
METRIC = "ndcg_at_10"


@dataclass(frozen=True)
class Trained:
    """One candidate with its figures, and the scorer that they are of: it knows nothing after the cut.

    `seconds` is fitting for the test, without tuning and evaluation.
    """

    name: str
    parameters: dict[str, Any]
    evaluation: Evaluation
    seconds: float
    scorer: Scorer


@dataclass(frozen=True)
class Training:
    """The outcome: all candidates, and the champion fitted on everything. `cut` separates training from test."""

    trained: dict[str, Trained]
    champion: str
    scorer: Scorer
    purchases: Purchases
    products: pl.DataFrame
    cut: datetime
    lines: int
    seconds: float
    facts: dict[str, float] = field(default_factory=dict)


def train(
    lines: pl.DataFrame,
    products: pl.DataFrame,
    held_out: timedelta = HELD_OUT,
    limit: int = PEOPLE,
    seed: int = 7,
    only: frozenset[str] | None = None,
    incumbent: str | None = None,
) -> Training:
    """Fit, evaluate, choose, fit again. `incumbent` is the kind of model that answers now: another kind takes its place
    only where it is better by more than chance.

    `lines`: customer_id, product_id, quantity, order_id, occurred_at (UTC), one row per order line. `products`:
    product_id, title, category, product_type, brand, department, and where known is_active: what is not for sale is
    unknown to every model, so none can rank it. A history shorter than 20 weeks holds out its last fifth. `only` names
    the candidates to try beside popularity. Raises ValueError where there is nothing to train on.
    """
    started = time.perf_counter()
    checked, products = interactions.for_sale(interactions.check(lines), products)
    held_out = min(held_out, span(checked) / 5)
    before, after = interactions.split(checked, held_out)
    known = interactions.build(before)
    persons = people(known, after, limit, seed)
    chosen = [c for c in candidates(seed) if only is None or c.name in only or c.name == "popularity"]
    weights = tune(chosen, before, products, held_out, seed)
    trained = {c.name: try_out(c, weights.get(c.name), known, products, persons, seed) for c in chosen}
    champion = best(trained, incumbent)
    everything = interactions.build(checked)
    winner = next(c for c in chosen if c.name == champion)
    scorer = with_repeats(winner.fit(everything, products), weights.get(champion))
    cut = before["occurred_at"].max()
    if not isinstance(cut, datetime):
        raise ValueError("there are no purchases before the test weeks")
    facts = {
        "held_out_days": held_out / timedelta(days=1),
        "evaluated_people": float(len(persons)),
        "held_out_people": float(after["customer_id"].n_unique()),
        "catalogue_products": float(products["product_id"].n_unique()),
    }
    seconds = time.perf_counter() - started
    return Training(trained, champion, scorer, everything, products, cut, checked.height, seconds, facts)


def span(lines: pl.DataFrame) -> timedelta:
    """From the first purchase to the last. Raises ValueError when there are none."""
    first, last = lines["occurred_at"].min(), lines["occurred_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise ValueError("there are no purchases to train on")
    return last - first


def tune(
    chosen: list[Candidate], before: pl.DataFrame, products: pl.DataFrame, held_out: timedelta, seed: int
) -> dict[str, float]:
    """Per candidate the repeat weight with the best NDCG@10 on the last `held_out` of the training lines."""
    earlier, later = interactions.split(before, held_out)
    if earlier.is_empty():
        return {}
    known = interactions.build(earlier)
    persons = people(known, later, TUNING_PEOPLE, seed)
    result = {}
    for candidate in chosen:
        if candidate.tunes_repeats:
            scorer = candidate.fit(known, products)
            figures = sweep(scorer, persons, REPEAT_WEIGHTS)
            result[candidate.name] = max(figures, key=lambda weight: figures[weight])
    return result


def try_out(
    candidate: Candidate,
    repeat_weight: float | None,
    known: Purchases,
    products: pl.DataFrame,
    persons: list[Person],
    seed: int,
) -> Trained:
    """Fit on what was known at the cut and rank for the held-out people."""
    began = time.perf_counter()
    scorer = with_repeats(candidate.fit(known, products), repeat_weight)
    seconds = time.perf_counter() - began
    catalogue = products["product_id"].n_unique()
    result = evaluate(scorer, persons, catalogue, seed)
    figures = result.figures | {"fit_seconds": seconds}
    parameters = candidate.parameters | {"repeat_weight": scorer.repeat_weight, "kind": scorer.kind}
    log.info("model evaluated", model=candidate.name, ndcg_at_10=round(figures[METRIC], 4), seconds=round(seconds, 1))
    return Trained(candidate.name, parameters, replace(result, figures=figures), seconds, scorer)


def with_repeats(scorer: Scorer, weight: float | None) -> Scorer:
    """The same scorer with another repeat weight; itself where none was chosen."""
    return scorer if weight is None else replace(scorer, repeat_weight=weight)


def best(trained: dict[str, Trained], incumbent: str | None = None) -> str:
    """The name with the highest NDCG@10; popularity where nothing is better than it.

    The incumbent stays unless the paired 95 % interval of the difference, person by person, is above zero.
    """
    popular = trained["popularity"]
    winner = max(trained.values(), key=lambda t: t.evaluation.figures[METRIC])
    if winner.evaluation.figures[METRIC] <= popular.evaluation.figures[METRIC]:
        winner = popular
    if incumbent in trained and incumbent != winner.name and not challenge(winner, trained[incumbent]).is_better:
        return incumbent
    return winner.name


def challenge(challenger: Trained, champion: Trained, figure: str = METRIC) -> Paired:
    """How much better the challenger is on the same people."""
    values = [np.asarray(each.evaluation.per_person.get(figure, []), np.float64) for each in (challenger, champion)]
    return paired(values[0], values[1])
