"""Models compared on one split: every item ranked for every person, the same people for all, no sampled negatives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from ml.recommendations.evaluation import Person
from ml.recommendations.interactions import Purchases
from ml.recommendations.metrics import average_precision, interval, ndcg, recall, reciprocal_rank
from ml.recommendations.serving import Blend, Scorer, top

Task = Literal["next", "again", "new"]
Array = npt.NDArray[np.float64]
FEW = 5  # known items of a person, holders of an item: up to here it is a cold start


class Ranker(Protocol):
    """Whatever orders all items for a person: `next` all of them, `again` those of the history, `new` the others."""

    def __call__(self, person: Person, limit: int, task: Task) -> list[int]:
        """Item ids, best first."""


@dataclass(frozen=True)
class Measured:
    """One model on one task: a value per person and metric, and what only the lists together tell."""

    per_person: dict[str, Array]
    whole: dict[str, float]
    cold: npt.NDArray[np.bool_]

    def figures(self, seed: int) -> dict[str, float]:
        """Means with 95 % bootstrap intervals over people, the same for the cold slice, and the whole's figures."""
        found: dict[str, float] = dict(self.whole) | {"people": float(len(self.cold))}
        for name, values in self.per_person.items():
            found[name] = float(values.mean()) if len(values) else 0.0
            found[f"{name}_low"], found[f"{name}_high"] = interval(values, seed)
        found["cold_people"] = float(self.cold.sum())
        for name, values in self.per_person.items():
            if name.startswith(("ndcg", "recall")) and self.cold.any():
                found[f"cold_{name}"] = float(values[self.cold].mean())
        return found


@dataclass(frozen=True)
class Paired:
    """How much better the first of two models is, person by person: mean and 95 % bootstrap interval."""

    difference: float
    low: float
    high: float

    @property
    def is_better(self) -> bool:
        """Whether the whole interval is above zero."""
        return self.low > 0


@dataclass(frozen=True)
class Asked:
    """The people of a split and what is to be found of them; `popularity` is the share of known people per item."""

    persons: Sequence[Person]
    popularity: Mapping[int, float]
    catalogue: int
    k: int = 10
    tasks: tuple[Task, ...] = ("next", "again", "new")
    warm: frozenset[int] = field(default_factory=frozenset)


def asked(known: Purchases, persons: Sequence[Person], catalogue: int, k: int = 10) -> Asked:
    """What can be asked: repeats only where people take a thing again at all."""
    shares = known.support / max(len(known.customer_ids), 1)
    repeats = any(person.bought - person.new for person in persons)
    tasks: tuple[Task, ...] = ("next", "again", "new") if repeats else ("new",)
    warm = known.product_ids[known.support > FEW]
    popularity = dict(zip(known.product_ids.tolist(), shares.tolist(), strict=True))
    return Asked(persons, popularity, catalogue, k, tasks, frozenset(warm.tolist()))


def of_scorer(scorer: Scorer) -> Ranker:
    """A scorer as a ranker."""

    def rank(person: Person, limit: int, task: Task) -> list[int]:
        rows, _ = scorer.positions(person.history)
        scores = scorer.score(person.history)
        if task == "new":
            scores[rows] = -np.inf
        if task == "again":
            return list(map(int, scorer.product_ids[rows[top(scores[rows], limit)]]))
        return list(map(int, scorer.product_ids[top(scores, limit)]))

    return rank


def of_blend(blend: Blend) -> Ranker:
    """A blend as a ranker."""

    def rank(person: Person, limit: int, task: Task) -> list[int]:
        if task == "new":
            return list(map(int, blend.rank(person.history, person.days, person.now, limit, "new")[0]))
        if task == "next":
            return list(map(int, blend.rank(person.history, person.days, person.now, limit, "next")[0]))
        ranked, _ = blend.rank(person.history, person.days, person.now, len(blend.product_ids), "next")
        return list(map(int, ranked[np.isin(ranked, person.history.product_ids)][:limit]))

    return rank


def wanted(person: Person, task: Task) -> frozenset[int]:
    """What a person took after the cut, as far as the task asks for it."""
    return {"next": person.bought, "new": person.new, "again": person.bought - person.new}[task]


def measure(ranker: Ranker, questions: Asked, task: Task, step: Callable[[], None] = lambda: None) -> Measured:
    """Ask about every person who has something to be found. Items that a model does not know are missed."""
    k = questions.k
    names = (f"ndcg_at_{k}", f"recall_at_{k}", "recall_at_20", f"map_at_{k}", f"mrr_at_{k}", f"novelty_at_{k}")
    rows: dict[str, list[float]] = {name: [] for name in dict.fromkeys(names)}
    shown: set[int] = set()
    cold: list[bool] = []
    bias: list[float] = []
    cold_items = [0, 0]
    for person in questions.persons:
        step()
        relevant = wanted(person, task)
        if not relevant:
            continue
        ranked = ranker(person, max(k, 20), task)
        hits = [item in relevant for item in ranked]
        values = (
            ndcg(hits, len(relevant), k),
            recall(hits, len(relevant), k),
            recall(hits, len(relevant), 20),
            average_precision(hits, len(relevant), k),
            reciprocal_rank(hits, k),
            novelty(ranked[:k], questions.popularity),
        )
        for name, value in dict(zip(names, values, strict=True)).items():
            rows[name].append(value)
        shown.update(ranked[:k])
        cold.append(len(person.history.product_ids) <= FEW)
        bias.append(popularity_bias(ranked[:k], person, questions.popularity))
        unknown = relevant - questions.warm
        cold_items[0] += len(unknown & set(ranked[:20]))
        cold_items[1] += len(unknown)
    whole = {
        f"coverage_at_{k}": len(shown) / max(questions.catalogue, 1),
        f"popularity_bias_at_{k}": float(np.mean(bias)) if bias else 0.0,
        "cold_item_recall_at_20": cold_items[0] / max(cold_items[1], 1),
    }
    return Measured({name: np.asarray(values) for name, values in rows.items()}, whole, np.asarray(cold, np.bool_))


def novelty(items: Sequence[int], popularity: Mapping[int, float]) -> float:
    """Mean self-information, −log₂ of the share of people who have an item (Zhou et al. 2010); unseen ones count as
    the rarest that was seen."""
    rarest = min(popularity.values(), default=1.0)
    return float(np.mean([-np.log2(max(popularity.get(item, rarest), rarest)) for item in items])) if items else 0.0


def popularity_bias(items: Sequence[int], person: Person, popularity: Mapping[int, float]) -> float:
    """How much more popular than the person's own items the shown ones are: the ratio of mean shares less one
    (popularity lift, Abdollahpouri et al. 2020)."""
    own = np.mean([popularity.get(item, 0.0) for item in person.history.product_ids.tolist()] or [0.0])
    shown = np.mean([popularity.get(item, 0.0) for item in items] or [0.0])
    return float(shown / own - 1) if own > 0 else 0.0


def paired(one: Array, other: Array, seed: int = 7, resamples: int = 2000) -> Paired:
    """Bootstrap of the mean difference, people resampled: both models are asked about the same people."""
    difference = one - other
    low, high = interval(difference, seed, resamples)
    return Paired(float(difference.mean()) if len(difference) else 0.0, low, high)


def tasks_of(questions: Asked) -> Iterator[Task]:
    """The tasks with somebody to ask about."""
    for task in questions.tasks:
        if any(wanted(person, task) for person in questions.persons):
            yield task
