"""Training: every candidate and their blend on a time split, the best one by NDCG@10 again on everything.

The weight of a person's own repeats is learned on the four weeks before the cut, the trees of the blend on those and on
the weeks before them: never on the test weeks.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import structlog

from ml.recommendations import blending, interactions
from ml.recommendations.candidates import BLEND, DEPTH, LOUDEST, SOURCES, Candidate, candidates
from ml.recommendations.comparison import Paired, paired
from ml.recommendations.evaluation import Evaluation, Person, evaluate, people, sweep
from ml.recommendations.interactions import Purchases
from ml.recommendations.serving import Blend, Scorer

log = structlog.get_logger(__name__)

HELD_OUT = timedelta(weeks=4)
REPEAT_WEIGHTS = (0.0, 1.0, 2.0, 4.0, 8.0)
PEOPLE = 1000
TUNING_PEOPLE = 300
LESSONS = 1000  # people that the blend learns from in each of
WINDOWS = 4  # stretches of time as long as the test, one before the other: one alone teaches what was usual in it
METRIC = "ndcg_at_10"


@dataclass(frozen=True)
class Trained:
    """One competitor with its figures, and the model that they are of: it knows nothing after the cut.

    `seconds` is fitting for the test, without tuning and evaluation; of a blend that of its trees alone.
    """

    name: str
    parameters: dict[str, Any]
    evaluation: Evaluation
    seconds: float
    model: Scorer | Blend


@dataclass(frozen=True)
class Training:
    """The outcome: all competitors, and the champion fitted on everything. `cut` separates training from test.

    `scorer` is the best single model, fitted on everything too: the champion itself, or what stands behind the `blend`.
    `histories` says of each person that was asked how many products were known of them.
    """

    trained: dict[str, Trained]
    champion: str
    single: str
    scorer: Scorer
    blend: Blend | None
    purchases: Purchases
    products: pl.DataFrame
    cut: datetime
    lines: int
    seconds: float
    facts: dict[str, float] = field(default_factory=dict)
    histories: tuple[int, ...] = ()

    @property
    def final(self) -> dict[str, Scorer | Blend]:
        """The models that were fitted on everything, by name."""
        return {self.single: self.scorer} | ({} if self.blend is None else {BLEND: self.blend})


@dataclass(frozen=True)
class Rehearsal:
    """The test as it would have been some weeks earlier: models fitted on what was known then, and what came next."""

    known: Purchases
    later: pl.DataFrame
    scorers: Mapping[str, Scorer]


Lesson = tuple[Blend, Sequence[Person]]  # the blend as it stood at a cut, and people of whom is known what came next


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
    rehearsal = rehearse([c for c in chosen if c.tunes_repeats], before, products, held_out)
    weights = tune(rehearsal, seed)
    trained = {c.name: try_out(c, weights.get(c.name), known, products, persons, seed) for c in chosen}
    lessons: list[Lesson] = []
    if rehearsal is not None and (only is None or BLEND in only):
        lessons = rehearsed(rehearsal, [c for c in chosen if c.name in SOURCES], before, products, held_out, seed)
        blended = try_blend(lessons, trained, known, products, persons, seed)
        trained |= {} if blended is None else {BLEND: blended}
    champion = best(trained, incumbent)
    single = best({name: each for name, each in trained.items() if name != BLEND}) if champion == BLEND else champion
    everything = interactions.build(checked)
    by_name = {c.name: c for c in chosen}
    scorer = with_repeats(by_name[single].fit(everything, products), weights.get(single))
    blend = None
    if champion == BLEND:
        names = trained_sources(trained)
        fitted = {name: scorer if name == single else by_name[name].fit(everything, products) for name in names}
        blend = blend_again(fitted, everything, products, trained[BLEND], persons, lessons, seed)
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
    histories = tuple(len(person.history.product_ids) for person in persons)
    return Training(
        trained, champion, single, scorer, blend, everything, products, cut, checked.height, seconds, facts, histories
    )


def span(lines: pl.DataFrame) -> timedelta:
    """From the first purchase to the last. Raises ValueError when there are none."""
    first, last = lines["occurred_at"].min(), lines["occurred_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise ValueError("there are no purchases to train on")
    return last - first


def rehearse(
    chosen: Sequence[Candidate], before: pl.DataFrame, products: pl.DataFrame, held_out: timedelta
) -> Rehearsal | None:
    """Models fitted without the last `held_out` of the training lines; None where nothing is left then."""
    earlier, later = interactions.split(before, held_out)
    if earlier.is_empty():
        return None
    known = interactions.build(earlier)
    return Rehearsal(known, later, {c.name: c.fit(known, products) for c in chosen})


def rehearsed(
    newest: Rehearsal,
    sources: Sequence[Candidate],
    before: pl.DataFrame,
    products: pl.DataFrame,
    held_out: timedelta,
    seed: int,
) -> list[Lesson]:
    """What the blend learns from, the newest first: its sources as they stood at each of `WINDOWS` cuts, and what came
    next. Fewer where the history is too short, none without two sources."""
    if len(sources) < 2:
        return []
    settings, found = blend_settings(seed), list[Lesson]()
    rehearsal: Rehearsal | None = newest
    while rehearsal is not None:
        then = {source.name: rehearsal.scorers[source.name] for source in sources}
        blend = blending.of_scorers(rehearsal.known, products, then, settings)
        found.append((blend, people(rehearsal.known, rehearsal.later, settings.people, seed)))
        before, _ = interactions.split(before, held_out)
        # What is left must be longer than what is asked about it.
        is_enough = len(found) < WINDOWS and span(before) > held_out * 2
        rehearsal = rehearse(sources, before, products, held_out) if is_enough else None
    return found


def tune(rehearsal: Rehearsal | None, seed: int) -> dict[str, float]:
    """Per model the repeat weight with the best NDCG@10 in the rehearsal."""
    if rehearsal is None:
        return {}
    persons = people(rehearsal.known, rehearsal.later, TUNING_PEOPLE, seed)
    result = {}
    for name, scorer in rehearsal.scorers.items():
        figures = sweep(scorer, persons, REPEAT_WEIGHTS)
        result[name] = max(figures, key=lambda weight: figures[weight])
    return result


def blend_settings(seed: int) -> blending.Settings:
    """How the blend of the shop is learned."""
    return blending.Settings(
        seed=seed, depth=DEPTH, served_depth=DEPTH, loudest=LOUDEST, weights=SOURCES, people=LESSONS
    )


def trained_sources(trained: Mapping[str, Trained]) -> list[str]:
    """Those of the blend's sources that were trained."""
    return [name for name in SOURCES if name in trained]


def try_blend(
    lessons: Sequence[Lesson],
    trained: Mapping[str, Trained],
    known: Purchases,
    products: pl.DataFrame,
    persons: list[Person],
    seed: int,
) -> Trained | None:
    """Trees learned from the lessons order what the models say that were fitted at the cut, in the tasks where they are
    better than the sum of what the models say. None without two sources to blend.
    """
    names = trained_sources(trained)
    if not lessons:
        return None
    began, settings = time.perf_counter(), blend_settings(seed)
    trees = blending.taught(lessons, settings)
    now = {name: model for name in names if isinstance(model := trained[name].model, Scorer)}
    blend = replace(blending.of_scorers(known, products, now, settings), trees=trees)
    parameters = {
        name: value for name, value in asdict(settings).items() if name in {"trees", "leaves", "learning_rate", "seed"}
    }
    parameters |= {
        "kind": BLEND,
        "sources": "+".join(names),
        "depth": DEPTH,
        "loudest": LOUDEST,
        "windows": len(lessons),
        "tasks": "+".join(trees) or "none",
    }
    return tried(BLEND, parameters, blend, time.perf_counter() - began, products, persons, seed)


def blend_again(
    fitted: Mapping[str, Scorer],
    everything: Purchases,
    products: pl.DataFrame,
    tested: Trained,
    persons: Sequence[Person],
    lessons: Sequence[Lesson],
    seed: int,
) -> Blend:
    """The blend of models that were fitted on everything; its trees learn from the test weeks as well, the newest there
    are, instead of the oldest lesson."""
    if not isinstance(tested.model, Blend):
        raise TypeError(f"{tested.name} is no blend")
    settings = replace(blend_settings(seed), tasks=tuple(tested.model.trees))
    trees = blending.learn([(tested.model, persons), *lessons[: WINDOWS - 1]], settings)
    return replace(blending.of_scorers(everything, products, fitted, settings), trees=trees)


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
    parameters = candidate.parameters | {"repeat_weight": scorer.repeat_weight, "kind": scorer.kind}
    return tried(candidate.name, parameters, scorer, time.perf_counter() - began, products, persons, seed)


def tried(
    name: str,
    parameters: dict[str, Any],
    model: Scorer | Blend,
    seconds: float,
    products: pl.DataFrame,
    persons: list[Person],
    seed: int,
) -> Trained:
    """A fitted model with its figures."""
    result = evaluate(model, persons, products["product_id"].n_unique(), seed)
    figures = result.figures | {"fit_seconds": seconds}
    log.info("model evaluated", model=name, ndcg_at_10=round(figures[METRIC], 4), seconds=round(seconds, 1))
    return Trained(name, parameters, replace(result, figures=figures), seconds, model)


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
