"""Splits leak nothing: a property of all four, on histories of any shape."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.recommendations import splits
from ml.recommendations.splits import KINDS

START = datetime(2024, 1, 1, tzinfo=UTC)
EVENTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 2000)), min_size=1, max_size=60)


def frame(events: list[tuple[int, int, int]]) -> pl.DataFrame:
    rows = [(f"c{who}", what, 1, f"{who}@{hour}", START + timedelta(hours=hour)) for who, what, hour in events]
    return pl.DataFrame(
        rows,
        schema={
            "customer_id": pl.String,
            "product_id": pl.Int64,
            "quantity": pl.Int64,
            "order_id": pl.String,
            "occurred_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    )


@given(EVENTS, st.sampled_from(KINDS), st.integers(0, 3))
@settings(deadline=None, max_examples=80)
def test_no_split_leaks(events: list[tuple[int, int, int]], kind: splits.Kind, seed: int) -> None:
    lines = frame(events)
    part = splits.split(lines, kind, seed, timedelta(days=14))
    if kind == "strong":
        tested = part.test["customer_id"].unique().to_list()
        assert not part.train["customer_id"].is_in(tested).any()
        assert part.train.height + part.known.height + part.test.height == lines.height
    else:
        assert part.train.height + part.test.height == lines.height
    if part.test.is_empty() or part.train.is_empty():
        return
    if kind == "time":
        assert part.train["occurred_at"].max() < part.test["occurred_at"].min()  # type: ignore[operator]
    if kind == "random":
        both = part.train.join(part.test, on=["customer_id", "product_id"], how="semi")
        assert both.is_empty()
    if kind in {"leave-one-out", "strong"}:
        known = part.known.group_by("customer_id").agg(pl.col("occurred_at").max().alias("last"))
        met = part.test.join(known, on="customer_id")
        assert (met["occurred_at"] >= met["last"]).all()
        assert part.test["customer_id"].is_in(known["customer_id"].implode()).all()


@given(EVENTS, st.sampled_from(KINDS))
@settings(deadline=None, max_examples=40)
def test_what_teaches_a_blend_is_of_the_training_part(events: list[tuple[int, int, int]], kind: splits.Kind) -> None:
    part = splits.split(frame(events), kind, 1, timedelta(days=14))
    keys = ["customer_id", "product_id", "occurred_at"]
    for inside in splits.inner(part.train, kind, 2, timedelta(days=14), 3):
        for piece in (inside.train, inside.test, inside.known):
            assert piece.join(part.train, on=keys, how="anti").is_empty()


def test_the_folds_of_a_random_split_ask_for_everything_once() -> None:
    lines = frame([(who, what, what) for who in range(4) for what in range(8)])
    asked = pl.concat([fold.test for fold in splits.inner(lines, "random", 1, timedelta(days=1), 5)])
    assert asked.height == lines.height
    assert asked.select("customer_id", "product_id").is_unique().all()


def test_a_random_split_takes_a_fifth_of_each_person() -> None:
    lines = frame([(who, what, what) for who in range(3) for what in range(8)] + [(4, 1, 1)])
    part = splits.split(lines, "random", 3, timedelta(days=1))
    counts = dict(part.test.group_by("customer_id").len().iter_rows())
    assert counts == {"c0": 2, "c1": 2, "c2": 2}


def test_the_same_seed_draws_the_same() -> None:
    lines = frame([(who, what, what) for who in range(5) for what in range(8)])
    one, two = (splits.split(lines.sample(fraction=1, shuffle=True, seed=s), "random", 5, timedelta(1)) for s in (1, 2))
    assert one.test.sort("customer_id", "product_id").equals(two.test.sort("customer_id", "product_id"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_line_is_no_question(kind: splits.Kind) -> None:
    part = splits.split(frame([(1, 1, 1)]), kind, 1, timedelta(days=14))
    assert part.train.is_empty() or part.test.is_empty()
