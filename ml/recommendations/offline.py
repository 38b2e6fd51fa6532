"""`agora evaluate recommendations` as one function: split, fit, ask everyone, compare."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import polars as pl
import psutil
from threadpoolctl import threadpool_limits

from ml.recommendations import blending, comparison, interactions, splits
from ml.recommendations.candidates import Candidate
from ml.recommendations.comparison import Asked, Measured, Paired, Ranker, Task
from ml.recommendations.competitors import BLENDS, DESCRIBED, SETTINGS, SOURCES, WEIGHTS, competitor
from ml.recommendations.evaluation import Person, people
from ml.recommendations.interactions import Purchases

EVERYONE = 1_000_000_000


@dataclass(frozen=True)
class Options:
    """How to evaluate. `changed` maps a model to settings other than its usual ones; `people` bounds who is asked and
    who a blend learns from in each of its `folds`; without `half_life` nothing fades."""

    split: splits.Kind = "time"
    k: int = 10
    models: Sequence[str] = (*SETTINGS, *BLENDS)
    seed: int = 7
    held_out: timedelta = timedelta(weeks=4)
    people: int = EVERYONE
    folds: int = 4
    half_life: timedelta | None = None
    changed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: Sequence[str] = SOURCES
    trees: int = 150


@dataclass(frozen=True)
class Tried:
    """One model: what it measured on each task, and what it cost."""

    measured: dict[Task, Measured]
    fit_seconds: float
    score_seconds: float
    memory_mb: float


@dataclass(frozen=True)
class Report:
    """All models on one split."""

    options: Options
    tried: dict[str, Tried]
    tasks: tuple[Task, ...]
    persons: int
    train_rows: int
    test_rows: int
    people: int
    items: int

    @property
    def metric(self) -> str:
        """What models are ordered by."""
        return f"ndcg_at_{self.options.k}"

    def best(self, task: Task, among: Sequence[str] | None = None) -> str:
        """The model with the highest NDCG."""
        names = [name for name in self.tried if among is None or name in among]
        return max(names, key=lambda name: float(self.tried[name].measured[task].per_person[self.metric].mean()))

    def paired(self, task: Task, one: str, other: str) -> Paired:
        """NDCG of one model less the other's, person by person."""
        values = [self.tried[name].measured[task].per_person[self.metric] for name in (one, other)]
        return comparison.paired(values[0], values[1], self.options.seed)


def evaluate(
    lines: pl.DataFrame, products: pl.DataFrame, options: Options, tell: Callable[[str], None] = lambda _line: None
) -> Report:
    """Fit every model on the train part alone and rank all items for every tested person.

    `lines` and `products` as `reading` makes them. `tell` hears of progress. Raises ValueError where the split leaves
    nobody to ask, KeyError for an unknown model.
    """
    part = splits.split(lines, options.split, options.seed, options.held_out)
    if part.train.is_empty() or part.test.is_empty():
        raise ValueError(f"the split {options.split} leaves nothing to learn from or nothing to ask")
    build = partial(interactions.build, half_life=options.half_life)
    known = build(part.train)
    persons = of_people(build, part, known, options)
    if not persons:
        raise ValueError(f"the split {options.split} leaves nobody with a history to ask about")
    questions = comparison.asked(known, persons, lines["product_id"].n_unique(), options.k)
    tasks = tuple(comparison.tasks_of(questions))
    tell(f"{part.train.height:,} rows to learn from, {part.test.height:,} to find, {len(persons):,} people asked")
    tried = {}
    for name in usable(options.models, products):
        began = time.perf_counter()
        with peak_memory() as memory:
            ranker = fitted(name, part.train, known, products, build, options)
        fit_seconds = time.perf_counter() - began
        tried[name] = ask(ranker, questions, tasks, fit_seconds, memory[0])
        figure = tried[name].measured[tasks[-1]].per_person[f"ndcg_at_{options.k}"].mean()
        spent = f"fit {fit_seconds:.1f} s, asked {tried[name].score_seconds:.1f} s"
        tell(f"{name}: NDCG@{options.k} {figure:.4f} ({tasks[-1]}), {spent}")
    return Report(
        options,
        tried,
        tasks,
        len(persons),
        part.train.height,
        part.test.height,
        lines["customer_id"].n_unique(),
        lines["product_id"].n_unique(),
    )


def of_people(
    build: Callable[[pl.DataFrame], Purchases], part: splits.Split, known: Purchases, options: Options
) -> list[Person]:
    """The tested people with what is known of them; of held-out people that is not in `known`."""
    theirs = known if part.known is part.train else build(part.known)
    return people(theirs, part.test, options.people, options.seed, is_timed=part.is_timed)


def usable(names: Iterable[str], products: pl.DataFrame) -> list[str]:
    """The names without those models that need descriptions where there are none."""
    described = any(name in products.columns for name in ("title", "category"))
    return [name for name in names if name not in DESCRIBED or (described and _has(name, products))]


def _has(name: str, products: pl.DataFrame) -> bool:
    return name != "segment_popularity" or "category" in products.columns


def fitted(
    name: str,
    train: pl.DataFrame,
    known: Purchases,
    products: pl.DataFrame,
    build: Callable[[pl.DataFrame], Purchases],
    options: Options,
) -> Ranker:
    """A model that saw nothing but `train`; blends hold back a part of it for themselves."""
    if name not in BLENDS:
        candidate = competitor(name, options.seed, **options.changed.get(name, {}))
        return comparison.of_scorer(candidate.fit(known, products))
    sources = of_blend(options, products)
    changed = dict(options.changed.get("blend", {}))
    tasks: tuple[str, ...] = ("next", "new") if (known.counts > 1).any() else ("new",)
    usual: dict[str, Any] = {"trees": options.trees, "seed": options.seed, "weights": WEIGHTS, "tasks": tasks}
    settings = blending.Settings(**(usual | changed))
    if name == "zscore_blend":
        return comparison.of_blend(blending.plain(known, products, sources[:2], settings))

    def folds() -> Iterator[blending.Fold]:
        for part in splits.inner(train, options.split, options.seed + 1, options.held_out, options.folds):
            inner = build(part.train)
            yield blending.Fold(inner, of_people(build, part, inner, options))

    return comparison.of_blend(blending.fit(known, products, sources, folds(), settings))


def of_blend(options: Options, products: pl.DataFrame) -> list[Candidate]:
    """The sources of the blends."""
    names = usable(options.sources, products)
    return [competitor(name, options.seed, **options.changed.get(name, {})) for name in names]


def ask(ranker: Ranker, questions: Asked, tasks: Sequence[Task], fit_seconds: float, memory_mb: float) -> Tried:
    """Every person on every task."""
    began = time.perf_counter()
    # One person's matrices are small: threads would only wait for each other.
    with threadpool_limits(limits=1):
        measured = {task: comparison.measure(ranker, questions, task) for task in tasks}
    return Tried(measured, fit_seconds, time.perf_counter() - began, memory_mb)


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """By how many MB the process grew at most meanwhile: the first of the list, once the block has ended."""
    process, found, done = psutil.Process(), [0.0], threading.Event()
    before = process.memory_info().rss

    def watch() -> None:
        while True:
            found[0] = max(found[0], (process.memory_info().rss - before) / 1e6)
            if done.wait(0.05):
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()


def as_json(report: Report) -> dict[str, Any]:
    """Everything for programs: figures per task and model, and each model against the best single one."""
    options = report.options
    singles = [name for name in report.tried if name not in BLENDS]
    tasks: dict[str, Any] = {}
    for task in report.tasks:
        rows = {}
        against = report.best(task, singles) if singles else report.best(task)
        for name, tried in report.tried.items():
            pair = report.paired(task, name, against)
            rows[name] = tried.measured[task].figures(options.seed) | {
                "against": against,
                "difference": pair.difference,
                "difference_low": pair.low,
                "difference_high": pair.high,
            }
        tasks[task] = {"best": report.best(task), "best_single": against, "models": rows}
    costs = {
        name: {"fit_seconds": t.fit_seconds, "score_seconds": t.score_seconds, "memory_mb": t.memory_mb}
        for name, t in report.tried.items()
    }
    return {
        "split": options.split,
        "k": options.k,
        "seed": options.seed,
        "held_out_days": options.held_out / timedelta(days=1) if options.split == "time" else None,
        "people": report.people,
        "items": report.items,
        "train_rows": report.train_rows,
        "test_rows": report.test_rows,
        "asked_people": report.persons,
        "tasks": tasks,
        "costs": costs,
    }


def verdicts(report: Report) -> list[str]:
    """Plain words per task: what is best, whether by more than chance, and where recent popularity wins."""
    said = []
    for task in report.tasks:
        best = report.best(task)
        words = f"{task}: {best} is best"
        rest = [name for name in report.tried if name != best]
        if rest:
            second = report.best(task, rest)
            pair = report.paired(task, best, second)
            words += (
                f", {pair.difference:+.4f} [{pair.low:+.4f}, {pair.high:+.4f}] against {second}"
                f"{'' if pair.is_better else ': no more than chance'}"
            )
        said.append(words)
        if best == "recent_popularity":
            said.append(f"{task}: recent popularity wins here; nothing personal is worth its cost on these data")
        elif "recent_popularity" in report.tried and not report.paired(task, best, "recent_popularity").is_better:
            said.append(f"{task}: nothing is surely better than recent popularity")
    return said
