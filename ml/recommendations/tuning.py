"""Budgeted search for settings inside the training data, by Optuna: the same seed gives the same result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from ml.recommendations import comparison, interactions, offline, splits
from ml.recommendations.competitors import SETTINGS, competitor
from ml.registry import Record, Registry

if TYPE_CHECKING:
    import optuna

EXPERIMENT = "tuning"
# setting → lowest, highest, whether on a logarithmic scale
SPACE: Mapping[str, Mapping[str, tuple[float, float, bool]]] = {
    "item_knn": {"shrink": (1.0, 200.0, True), "keep": (20, 400, True)},
    "rp3beta": {"beta": (0.0, 1.0, False), "alpha": (0.4, 1.6, False)},
    "sessions": {"window": (1, 20, True), "damp": (0.0, 0.7, False)},
    "ease": {"regularization": (20.0, 2000.0, True)},
    "als": {"factors": (16, 192, True), "regularization": (1.0, 100.0, True), "alpha": (0.5, 20.0, True)},
    "bpr": {"factors": (16, 128, True), "learning_rate": (0.01, 0.2, True), "regularization": (0.001, 0.1, True)},
    "content": {"dimensions": (8, 128, True)},
}
PATIENCE = 8  # tries without anything better, after which a search ends


@dataclass(frozen=True)
class Try:
    """One setting and what it reached."""

    parameters: dict[str, Any]
    figure: float


@dataclass(frozen=True)
class Search:
    """What a search found for a model; the first try is of the usual settings."""

    model: str
    tries: list[Try]

    @property
    def best(self) -> Try:
        """The first of the best."""
        return max(self.tries, key=lambda each: each.figure)


def search(model: str, lines: pl.DataFrame, products: pl.DataFrame, options: offline.Options, budget: int) -> Search:
    """At most `budget` settings by NDCG of what is held back inside `lines`, fewer when `PATIENCE` tries bring nothing.

    `lines` must be the training part alone. A model without anything to tune gives its usual settings.
    """
    import optuna  # noqa: PLC0415

    part = next(splits.inner(lines, options.split, options.seed + 1, options.held_out, 5), None)
    if model not in SPACE or part is None:
        return Search(model, [Try(dict(options.changed.get(model, {})), 0.0)])
    build = partial(interactions.build, half_life=options.half_life)
    known = build(part.train)
    persons = offline.of_people(build, part, known, options)
    questions = comparison.asked(known, persons, known.product_ids.size, options.k)
    task = questions.tasks[0]
    tries: list[Try] = []

    def reached(trial: "optuna.Trial") -> float:
        parameters = {name: suggest(trial, model, name) for name in SPACE[model]}
        changed = dict(options.changed.get(model, {})) | parameters
        scorer = competitor(model, options.seed, **changed).fit(known, products)
        found = comparison.measure(comparison.of_scorer(scorer), questions, task)
        figure = float(found.per_person[f"ndcg_at_{options.k}"].mean())
        tries.append(Try(changed, figure))
        return figure

    def stop(study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> None:
        if trial.number - study.best_trial.number >= PATIENCE:
            study.stop()

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=options.seed))
    usual = dict(SETTINGS[model]) | dict(options.changed.get(model, {}))
    study.enqueue_trial({name: within(model, name, usual[name]) for name in SPACE[model]})
    study.optimize(reached, n_trials=budget, callbacks=[stop])
    return Search(model, tries)


def suggest(trial: "optuna.Trial", model: str, name: str) -> float | int:
    """A value of the setting's kind."""
    low, high, is_log = SPACE[model][name]
    if isinstance(SETTINGS[model][name], int):
        return trial.suggest_int(name, int(low), int(high), log=is_log)
    return trial.suggest_float(name, low, high, log=is_log)


def within(model: str, name: str, value: float) -> float:
    """The value, or the nearest that the search may try."""
    low, high, _ = SPACE[model][name]
    return min(max(value, type(value)(low)), type(value)(high))


def tune_all(
    lines: pl.DataFrame,
    products: pl.DataFrame,
    options: offline.Options,
    budget: int,
    tell: Callable[[str], None],
    found_one: Callable[[Search], object] = lambda _search: None,
) -> dict[str, dict[str, Any]]:
    """The best settings of every model that competes, found in the train part of the split alone.

    `found_one` is given each search when it has ended.
    """
    train = splits.split(lines, options.split, options.seed, options.held_out).train
    found = {name: dict(settings) for name, settings in options.changed.items()}
    names = [n for n in offline.usable(dict.fromkeys((*options.models, *options.sources)), products) if n in SPACE]
    for name in names:
        result = search(name, train, products, options, budget)
        found[name] = result.best.parameters
        found_one(result)
        tell(f"{name}: {len(result.tries)} tries, {result.best.figure:.4f} with {result.best.parameters}")
    return found


def track(registry: Registry, search: Search, options: offline.Options) -> str:
    """A run for the search and one below it for each try; the id of the first."""
    asked = {"split": options.split, "seed": options.seed, "k": options.k}
    figure = f"ndcg_at_{options.k}"
    whole = Record(f"tuning {search.model}", asked | search.best.parameters, {figure: search.best.figure})
    parent = registry.log(EXPERIMENT, whole)
    for number, each in enumerate(search.tries):
        registry.log(EXPERIMENT, Record(f"{search.model} {number}", each.parameters, {figure: each.figure}), parent)
    return parent
