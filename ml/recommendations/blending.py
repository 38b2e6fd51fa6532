"""Fitting the learned blend: what was held out inside the training data teaches trees to order the candidates.

The sources that the trees learn from never saw what they are asked about; then the sources are fitted on everything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse
from threadpoolctl import threadpool_limits

from ml.recommendations.candidates import Candidate
from ml.recommendations.evaluation import Person
from ml.recommendations.interactions import Purchases
from ml.recommendations.serving import Blend, Floats, Ids, Items, Task, Trees

PERIODS = 64
TASKS: tuple[Task, ...] = ("next", "new")


@dataclass(frozen=True)
class Settings:
    """`depth` candidates are described in training, `trees` of at most `leaves` leaves are grown for each task.

    `people` bounds who is learned from in each fold. Weights are of the sources in the plain blend, 1 where not given.
    """

    trees: int = 150
    leaves: int = 15
    learning_rate: float = 0.05
    least: int = 60
    depth: int = 120
    people: int = 2000
    seed: int = 7
    tasks: tuple[Task, ...] = TASKS
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Fold:
    """A part of the training data, and people of whom the rest is known: what they took next."""

    known: Purchases
    persons: Sequence[Person]


def fit(
    known: Purchases, products: pl.DataFrame, sources: Sequence[Candidate], folds: Iterable[Fold], settings: Settings
) -> Blend:
    """Sources fitted on `known`, trees learned from the `folds`, which must be of nothing but `known`.

    `products` may have `trait`, one number per product. A task without a single hit in the folds has no trees.
    """
    taught: dict[Task, list[tuple[Floats, npt.NDArray[np.int8]]]] = {task: [] for task in settings.tasks}
    names: tuple[str, ...] = ()
    for fold in folds:
        blend = plain(fold.known, products, sources, settings)
        names = blend.features
        # One person's matrices are small: threads would only wait for each other.
        with threadpool_limits(limits=1):
            for person in fold.persons[: settings.people]:
                for task, lessons in taught.items():
                    lesson = describe(blend, person, task, settings.depth)
                    if lesson is not None:
                        lessons.append(lesson)
    trees = {task: grow(lessons, names, settings) for task, lessons in taught.items() if lessons}
    return replace(plain(known, products, sources, settings), trees=trees)


def plain(known: Purchases, products: pl.DataFrame, sources: Sequence[Candidate], settings: Settings) -> Blend:
    """The blend without trees: the sum of the sources' standard scores."""
    scorers = [source.fit(known, products) for source in sources]
    ids = np.unique(np.concatenate([scorer.product_ids for scorer in scorers]))
    return Blend(
        ids,
        tuple(source.name for source in sources),
        tuple(scorer.over(ids) for scorer in scorers),
        np.array([settings.weights.get(source.name, 1.0) for source in sources], np.float32),
        describe_items(known, products, ids),
        {},
    )


def describe(blend: Blend, person: Person, task: Task, depth: int) -> tuple[Floats, npt.NDArray[np.int8]] | None:
    """One person's candidates as rows, and which of them were taken; None where that teaches nothing."""
    rows, weights, days = blend.known(person.history, person.days)
    wanted = person.bought if task == "next" else person.new
    if not len(rows) or not wanted:
        return None
    chosen, scores = blend.candidates(person.history, rows, task, depth)
    taken = np.isin(blend.product_ids[chosen], np.fromiter(wanted, np.int64, len(wanted))).astype(np.int8)
    if not taken.any() or taken.all():
        return None
    return blend.describe(rows, weights, days, person.now, chosen, scores), taken


def grow(lessons: Sequence[tuple[Floats, npt.NDArray[np.int8]]], names: Sequence[str], settings: Settings) -> Trees:
    """LambdaMART (Burges 2010) by LightGBM, one query per person. One thread, so that a seed repeats."""
    data = lightgbm.Dataset(
        np.concatenate([rows for rows, _ in lessons]),
        np.concatenate([taken for _, taken in lessons]),
        group=[len(taken) for _, taken in lessons],
        feature_name=list(names),
    )
    parameters: dict[str, Any] = {
        "objective": "lambdarank",
        "lambdarank_truncation_level": 20,
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "max_depth": 6,  # what an answer costs is trees × depth
        "min_data_in_leaf": settings.least,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "max_bin": 127,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": settings.seed,
        "verbose": -1,
    }
    return flatten(lightgbm.train(parameters, data, settings.trees))


def flatten(booster: lightgbm.Booster) -> Trees:
    """LightGBM's nested trees as the arrays that serving walks through."""
    nodes: list[tuple[int, float, int, int, float]] = []
    roots: list[int] = []
    deepest = 0

    def add(tree: Mapping[str, Any], level: int) -> int:
        nonlocal deepest
        at = len(nodes)
        if "leaf_value" in tree:
            nodes.append((0, np.inf, at, at, tree["leaf_value"]))
            deepest = max(deepest, level)
            return at
        nodes.append((0, 0.0, 0, 0, 0.0))
        left, right = add(tree["left_child"], level + 1), add(tree["right_child"], level + 1)
        nodes[at] = (tree["split_feature"], tree["threshold"], left, right, 0.0)
        return at

    roots.extend(add(tree["tree_structure"], 0) for tree in booster.dump_model()["tree_info"])
    feature, threshold, left, right, value = (np.array(column) for column in zip(*nodes, strict=True))
    return Trees(
        np.array(roots, np.int32),
        feature.astype(np.int32),
        threshold.astype(np.float64),
        left.astype(np.int32),
        right.astype(np.int32),
        value.astype(np.float64),
        deepest,
    )


def describe_items(known: Purchases, products: pl.DataFrame, ids: Ids) -> Items:
    """The item side of the features, over `ids`; nothing younger than `known` is in it."""
    at = np.searchsorted(ids, known.product_ids)
    lines = known.lines
    column = at[lines.column]
    ever = np.bincount(column, minlength=len(ids)).astype(np.float32)
    recent = np.zeros(len(ids), np.float32)
    recent[at] = known.recent
    first, last = np.full(len(ids), np.inf), np.full(len(ids), -np.inf)
    np.minimum.at(first, column, lines.day)
    np.maximum.at(last, column, lines.day)
    start, end = float(lines.day.min()), float(lines.day.max())
    step = max((end - start) / PERIODS, 1.0)
    period = np.clip((lines.day - start) / step, 0, PERIODS - 1).astype(np.int64)
    when = np.asarray(
        sparse.coo_array((np.ones(len(column), np.float32), (column, period)), shape=(len(ids), PERIODS)).toarray()
    )
    code, trait = _of_products(products, ids)
    placed = code[column]
    shares = np.bincount(placed[placed >= 0], minlength=int(code.max(initial=-1)) + 1).astype(np.float32)
    never = ever == 0
    return Items(
        np.log1p(ever),
        np.log1p(recent),
        np.where(never, end, first).astype(np.float32),
        np.where(never, start, last).astype(np.float32),
        gaps(known, at, len(ids)),
        code,
        (shares / max(len(column), 1)).astype(np.float32),
        trait,
        np.log1p(when),
        start,
        step,
    )


def gaps(known: Purchases, at: npt.NDArray[np.int64], products: int) -> Floats:
    """Days between two orders of a product by one person: the mean over all who ordered it again."""
    again = known.counts > 1
    column = at[known.weights.indices[again]]
    spans = (known.last_days - known.first_days)[again]
    total = np.bincount(column, spans, minlength=products)
    times = np.bincount(column, known.counts[again] - 1, minlength=products)
    return np.where(times > 0, total / np.maximum(times, 1), 3650.0).astype(np.float32)


def _of_products(products: pl.DataFrame, ids: Ids) -> tuple[npt.NDArray[np.int32], Floats]:
    code, trait = np.full(len(ids), -1, np.int32), np.zeros(len(ids), np.float32)
    unique = products.unique("product_id").filter(pl.col("product_id").is_in(ids.tolist()))
    at = np.searchsorted(ids, unique["product_id"].to_numpy())
    if "category" in unique.columns:
        named = unique["category"].cast(pl.String).rank("dense").fill_null(0).to_numpy().astype(np.int32) - 1
        code[at] = named
    if "trait" in unique.columns:
        trait[at] = unique["trait"].cast(pl.Float32).fill_null(0.0).to_numpy()
    return code, trait
