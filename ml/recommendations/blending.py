"""Fitting the learned blend: what was held out inside the training data teaches trees to order the candidates.

The sources that the trees learn from never saw what they are asked about; then the sources are fitted on everything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
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
from ml.recommendations.metrics import interval, ndcg
from ml.recommendations.serving import EVERY, Blend, Floats, Ids, Items, Scorer, Task, Trees, top

PERIODS = 64
POPULAR = 50  # bestsellers that are candidates for everybody
ORIGINS = 2  # lessons in which what older ones teach is tried
TASKS: tuple[Task, ...] = ("next", "new")


@dataclass(frozen=True)
class Settings:
    """`depth` candidates are described in training, `trees` of at most `leaves` leaves are grown for each task.

    `served_depth` and `loudest` are those of the blend.

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
    served_depth: int = 200
    loudest: int = EVERY


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
    lessons = ((plain(fold.known, products, sources, settings), fold.persons) for fold in folds)
    trees = learn(lessons, settings)
    return replace(plain(known, products, sources, settings), trees=trees)


def learn(lessons: Iterable[tuple[Blend, Sequence[Person]]], settings: Settings) -> dict[Task, Trees]:
    """Trees for each task from blends and people of whom more is known than those blends were fitted on."""
    taught: dict[Task, list[tuple[Floats, npt.NDArray[np.int8]]]] = {task: [] for task in settings.tasks}
    names: tuple[str, ...] = ()
    for blend, persons in lessons:
        names = blend.features
        # One person's matrices are small: threads would only wait for each other.
        with threadpool_limits(limits=1):
            for person in persons[: settings.people]:
                for task, found in describe(blend, person, settings).items():
                    taught[task].append(found)
    return {task: grow(found, names, settings) for task, found in taught.items() if found}


def taught(lessons: Sequence[tuple[Blend, Sequence[Person]]], settings: Settings) -> dict[Task, Trees]:
    """Trees learned from all `lessons`, the newest first, of those tasks in which they are worth it.

    That is tried as it will be: what older lessons teach must surely hold in the newest, and what still older ones
    teach in the one before it, for some months are like the one before them by chance. One alone teaches nothing.
    """
    tasks = settings.tasks if len(lessons) > 1 else ()
    for place in range(min(ORIGINS, len(lessons) - 1)):
        trees = learn(lessons[place + 1 :], replace(settings, tasks=tasks))
        gains = gained(*lessons[place], trees)
        tasks = tuple(task for task, found in gains.items() if is_surely_better(found))
    return learn(lessons, replace(settings, tasks=tasks)) if tasks else {}


def gained(blend: Blend, persons: Sequence[Person], trees: Mapping[Task, Trees]) -> dict[Task, Floats]:
    """By how much NDCG@10 is higher with the trees than in the plain blend, person by person."""
    found: dict[Task, list[float]] = {task: [] for task in trees}
    both = replace(blend, trees=trees), replace(blend, trees={})
    with threadpool_limits(limits=1):
        for person in persons:
            known = blend.known(person.history, person.days)
            heard = blend.hear(known)
            total = blend.plain(heard)
            for task, values in found.items():
                wanted = person.bought if task == "next" else person.new
                chosen = blend.candidates(known, total, task)
                ours, others = (
                    each.product_ids[each.order(known, heard, chosen, total, person.now, task)[0][:10]].tolist()
                    for each in both
                )
                with_trees, without = (ndcg([p in wanted for p in each], len(wanted)) for each in (ours, others))
                values.append(with_trees - without)
    return {task: np.asarray(values, np.float32) for task, values in found.items()}


def is_surely_better(gains: Floats) -> bool:
    """Whether the whole 95 % bootstrap interval of the mean is above zero."""
    low, _ = interval(np.asarray(gains, np.float64))
    return low > 0


def plain(known: Purchases, products: pl.DataFrame, sources: Sequence[Candidate], settings: Settings) -> Blend:
    """The blend without trees: the sum of the sources' standard scores."""
    fitted = {source.name: source.fit(known, products) for source in sources}
    return of_scorers(known, products, fitted, settings)


def of_scorers(known: Purchases, products: pl.DataFrame, scorers: Mapping[str, Scorer], settings: Settings) -> Blend:
    """The same of sources that were fitted on `known` already; their products are the blend's."""
    ids = np.unique(np.concatenate([scorer.product_ids for scorer in scorers.values()]))
    items = describe_items(known, products, ids)
    return Blend(
        ids,
        tuple(scorers),
        tuple(scorer.compact().over(ids) for scorer in scorers.values()),
        np.array([settings.weights.get(name, 1.0) for name in scorers], np.float32),
        items,
        top(items.recent, POPULAR),
        {},
        settings.served_depth,
        settings.loudest,
    )


def describe(blend: Blend, person: Person, settings: Settings) -> dict[Task, tuple[Floats, npt.NDArray[np.int8]]]:
    """One person's candidates as rows, and which of them were taken; no task where that teaches nothing."""
    known = blend.known(person.history, person.days)
    if not len(known.rows):
        return {}
    heard = blend.hear(known)
    total = blend.plain(heard)
    found: dict[Task, tuple[Floats, npt.NDArray[np.int8]]] = {}
    for task in settings.tasks:
        wanted = person.bought if task == "next" else person.new
        chosen = blend.candidates(known, total, task, settings.depth)
        taken = np.isin(blend.product_ids[chosen], np.fromiter(wanted, np.int64, len(wanted))).astype(np.int8)
        if taken.any() and not taken.all():
            found[task] = blend.describe(known, heard, chosen, person.now), taken
    return found


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
    """LightGBM's nested trees as serving holds them: which leaves every split leaves open."""
    structures = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    values: list[list[float]] = []
    splits: list[tuple[int, float, int, int]] = []  # feature, threshold, tree, the bits of the leaves on its left

    def visit(node: Mapping[str, Any], tree: int) -> int:
        """The bits of the leaves below a node."""
        if "leaf_value" in node:
            values[tree].append(node["leaf_value"])
            return 1 << (len(values[tree]) - 1)
        left, right = visit(node["left_child"], tree), visit(node["right_child"], tree)
        splits.append((node["split_feature"], node["threshold"], tree, left))
        return left | right

    for tree, structure in enumerate(structures):
        values.append([])
        visit(structure, tree)
    leaves = max(map(len, values))
    bits = next((kind for kind in (np.uint16, np.uint32, np.uint64) if np.iinfo(kind).bits >= leaves), None)
    if bits is None:
        raise ValueError(f"a tree of {leaves} leaves: at most 64 can be served")
    starts: list[int] = [0]
    thresholds: list[float] = []
    rows: list[npt.NDArray[Any]] = []
    for feature in range(booster.num_feature()):
        still = np.full(len(structures), np.iinfo(bits).max, bits)
        rows.append(still)
        of_feature = sorted(each for each in splits if each[0] == feature)
        for threshold, same in groupby(of_feature, key=itemgetter(1)):
            still = still.copy()
            for _, _, tree, left in same:
                still[tree] &= ~bits(left)
            thresholds.append(threshold)
            rows.append(still)
        starts.append(len(thresholds))
    return Trees(
        np.array(starts, np.int64),
        np.array(thresholds, np.float64),
        np.stack(rows),
        np.array([[*each, *[0.0] * (leaves - len(each))] for each in values], np.float64),
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
    # The narrowest shelf that is known: what somebody tries next mostly stands beside what they take.
    shelves = [pl.col(name).cast(pl.String) for name in ("product_type", "category") if name in unique.columns]
    if shelves:
        named = unique.select(pl.coalesce(shelves)).to_series()
        code[at] = named.rank("dense").fill_null(0).to_numpy().astype(np.int32) - 1
    if "trait" in unique.columns:
        trait[at] = unique["trait"].cast(pl.Float32).fill_null(0.0).to_numpy()
    return code, trait
