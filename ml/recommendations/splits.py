"""Four ways to hold something back: by time, each person's last, a random share of each, whole people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

import numpy as np
import polars as pl

Kind = Literal["time", "leave-one-out", "random", "strong"]
KINDS: tuple[Kind, ...] = get_args(Kind)


PARTS = 5  # of a person's products in a random split: each fold asks for a fifth, as the split itself does


@dataclass(frozen=True)
class Split:
    """`train` teaches; `test` is what must be found. `known` is what is known of the tested people when they are asked:
    lines of `train`, or of nobody's training where whole people are held out (`strong`)."""

    train: pl.DataFrame
    test: pl.DataFrame
    known: pl.DataFrame
    is_timed: bool


def split(lines: pl.DataFrame, kind: Kind, seed: int, held_out: timedelta, share: float = 0.2) -> Split:
    """`lines` (customer_id, product_id, order_id, occurred_at) in two parts.

    time: the last `held_out`. leave-one-out: each person's newest line, where they have two. random: `share` of each
    person's distinct products, at least one. strong: `share` of the people; of theirs the last fifth is asked for.
    """
    lines = lines.sort("customer_id", "occurred_at", "order_id", "product_id")
    if kind == "time":
        newest = lines["occurred_at"].max()
        cut = pl.lit(newest) - held_out
        before = lines.filter(pl.col("occurred_at") <= cut)
        return Split(before, lines.filter(pl.col("occurred_at") > cut), before, is_timed=True)
    if kind == "leave-one-out":
        place = pl.int_range(pl.len()).over("customer_id")
        last = (place == pl.len().over("customer_id") - 1) & (place > 0)
        before = lines.filter(~last)
        return Split(before, lines.filter(last), before, is_timed=False)
    if kind == "random":
        marked = lines.join(_drawn(lines, seed, share), on=["customer_id", "product_id"])
        before = marked.filter(~pl.col("is_held")).drop("is_held")
        return Split(before, marked.filter(pl.col("is_held")).drop("is_held"), before, is_timed=False)
    people = lines["customer_id"].unique().sort()
    chosen = people.sample(max(1, round(len(people) * share)), seed=seed)
    theirs = lines.filter(pl.col("customer_id").is_in(chosen.implode()))
    place, count = pl.int_range(pl.len()).over("customer_id"), pl.len().over("customer_id")
    asked = (place >= count - (count * 0.2).ceil()) & (place > 0)
    train = lines.filter(~pl.col("customer_id").is_in(chosen.implode()))
    return Split(train, theirs.filter(asked), theirs.filter(~asked), is_timed=False)


def inner(train: pl.DataFrame, kind: Kind, seed: int, held_out: timedelta, folds: int) -> Iterator[Split]:
    """The same question asked inside the training data, `folds` times: what tuning and blends learn from.

    time: windows one before the other. Random: disjoint shares of each person. The others: with other seeds.
    """
    if kind == "random":
        drawn, parts = _ranked(train, seed), max(folds, PARTS)
        for fold in range(folds):
            marked = train.join(drawn, on=["customer_id", "product_id"])
            held = pl.col("rank") % parts == fold
            before = marked.filter(~held).drop("rank")
            yield Split(before, marked.filter(held).drop("rank"), before, is_timed=False)
        return
    for fold in range(folds if kind != "leave-one-out" else 1):
        if train.is_empty():
            return
        part = split(train, kind, seed + fold, held_out)
        if part.train.is_empty() or part.test.is_empty():
            return
        yield part
        if kind == "time":
            train = part.train


def _ranked(lines: pl.DataFrame, seed: int) -> pl.DataFrame:
    pairs = lines.select("customer_id", "product_id").unique().sort("customer_id", "product_id")
    dice = pl.Series("dice", np.random.default_rng(seed).random(pairs.height))
    rank = pl.col("dice").rank("ordinal").over("customer_id").cast(pl.Int64) - 1
    return pairs.with_columns(dice).select("customer_id", "product_id", rank.alias("rank"))


def _drawn(lines: pl.DataFrame, seed: int, share: float) -> pl.DataFrame:
    count = pl.len().over("customer_id")
    held = pl.col("rank") < pl.max_horizontal((count * share).round(), 1)
    # Whoever has a single product keeps it: without a history there is nothing to learn or to ask.
    return _ranked(lines, seed).select("customer_id", "product_id", (held & (count > 1)).alias("is_held"))
