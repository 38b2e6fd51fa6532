"""The split, the choice of the champion, and that what is exported scores as what was evaluated."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ml.recommendations import artifact, blending, export, interactions, plots
from ml.recommendations.candidates import SOURCES, candidates
from ml.recommendations.evaluation import Evaluation, evaluate, people
from ml.recommendations.serving import Blend, History, Related, Scorer, assemble
from ml.recommendations.train import WINDOWS, Trained, Training, best, blend_settings, rehearse, rehearsed, train
from tests.ml.conftest import START


@pytest.fixture(scope="module")
def training(lines: pl.DataFrame, products: pl.DataFrame) -> Training:
    return train(lines, products)


def test_the_split_is_clean(lines: pl.DataFrame) -> None:
    before, after = interactions.split(interactions.check(lines), timedelta(weeks=4))
    assert before.height + after.height == lines.height
    assert before["occurred_at"].max() < after["occurred_at"].min()  # type: ignore[operator]


def test_nothing_of_the_test_weeks_reaches_a_fitted_model(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    """A product that everyone buys, but only after the cut, must be unknown to every candidate at evaluation."""
    before, after = interactions.split(interactions.check(lines), timedelta(weeks=4))
    late = after.with_columns(pl.lit(777, pl.Int64).alias("product_id")).unique("order_id")
    known_clean = interactions.build(before)
    again, held = interactions.split(pl.concat([before, after, late]), timedelta(weeks=4))
    known = interactions.build(again)
    assert 777 not in known.product_ids
    assert 777 in held["product_id"]
    np.testing.assert_array_equal(known.weights.toarray(), known_clean.weights.toarray())
    for person in people(known, held):
        assert 777 not in person.history.product_ids
        assert 777 in person.bought


def test_tuning_sees_no_test_week(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    """Two histories that differ only after the cut give the same parameters."""
    before, after = interactions.split(interactions.check(lines), timedelta(weeks=4))
    shuffled = after.with_columns(pl.col("product_id").reverse())
    one = train(pl.concat([before, after]), products, held_out=timedelta(weeks=4), only=frozenset({"ease"}))
    two = train(pl.concat([before, shuffled]), products, held_out=timedelta(weeks=4), only=frozenset({"ease"}))
    assert one.trained["ease"].parameters == two.trained["ease"].parameters


def test_the_blend_learns_from_windows_before_the_cut_alone(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    """Each lesson asks about the four weeks after its own cut; whatever happens after the test's teaches nothing."""
    weeks = timedelta(weeks=4)
    before, after = interactions.split(interactions.check(lines), weeks)
    sources = [each for each in candidates() if each.name in SOURCES]
    newest = rehearse(sources, before, products, weeks)
    assert newest is not None
    lessons = rehearsed(newest, sources, before, products, weeks, seed=7)
    assert len(lessons) == 3 < WINDOWS  # of 24 weeks
    days = before["occurred_at"].dt.epoch("s") / 86_400
    ends = days.max()
    for blend, persons in lessons:
        assert isinstance(ends, float)
        cut = ends - 28
        assert blend.items.last_day.max() <= cut + 0.01
        for person in persons:
            assert person.now <= cut + 0.01
            asked = before.filter(days.is_between(person.now, ends + 0.01))["product_id"]
            assert person.bought <= set(asked)
        known = before.filter(days <= cut + 0.01)
        days = known["occurred_at"].dt.epoch("s") / 86_400
        ends, before = days.max(), known
    shuffled = after.with_columns(pl.col("product_id").reverse())
    trees = []
    for future in (after, shuffled):
        blend = train(pl.concat([interactions.check(lines).join(after, on="order_id", how="anti"), future]), products)
        tested = blend.trained["blend"].model
        assert isinstance(tested, Blend)
        trees.append(tested.trees)
    assert trees[0].keys() == trees[1].keys()
    for task, each in trees[0].items():
        np.testing.assert_array_equal(each.values, trees[1][task].values)


def test_a_history_too_short_for_two_lessons_has_the_plain_sum(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    weeks = timedelta(weeks=4)
    short = interactions.check(lines).filter(pl.col("occurred_at") <= START + timedelta(weeks=11))
    sources = [each for each in candidates() if each.name in SOURCES]
    newest = rehearse(sources, short, products, weeks)
    assert newest is not None
    lessons = rehearsed(newest, sources, short, products, weeks, seed=7)
    assert len(lessons) == 1
    assert blending.taught(lessons, blend_settings(7)) == {}
    assert rehearsed(newest, sources[:1], short, products, weeks, seed=7) == []


def test_every_candidate_is_beside_popularity(training: Training) -> None:
    assert set(training.trained) == {"popularity", "own_repeats", "item_knn", "ease", "als", "content", "blend"}
    popular = training.trained["popularity"].evaluation.figures
    figures = training.trained[training.champion].evaluation.figures
    assert figures["ndcg_at_10"] > popular["ndcg_at_10"]
    assert figures["ndcg_at_10_low"] <= figures["ndcg_at_10"] <= figures["ndcg_at_10_high"]
    assert training.facts["evaluated_people"] == 60
    assert training.cut < training.purchases.until


def test_two_trainings_on_the_same_data_agree(training: Training, lines: pl.DataFrame, products: pl.DataFrame) -> None:
    again = train(lines, products)
    for name, trained in training.trained.items():
        figures = {k: v for k, v in trained.evaluation.figures.items() if k != "fit_seconds"}
        repeated = again.trained[name].evaluation.figures
        assert figures == pytest.approx({k: repeated[k] for k in figures}, abs=1e-6), name


def test_the_blend_that_was_tested_is_kept_and_read_back(training: Training, tmp_path: Path) -> None:
    tested = training.trained["blend"]
    assert isinstance(tested.model, Blend)
    assert tested.parameters["sources"] == "ease+als+item_knn"
    again = artifact.fetch(artifact.keep(tested.model, tmp_path / "arrays.npz"))
    pd.testing.assert_frame_equal(
        artifact.predict(again, artifact.example(again)), artifact.predict(tested.model, artifact.example(tested.model))
    )


def test_a_winning_blend_is_learned_again_on_everything_with_a_single_model_behind_it(
    lines: pl.DataFrame, products: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.recommendations.train.best", lambda found, *_: "blend" if "blend" in found else "ease")
    training = train(lines, products, only=frozenset({"ease", "item_knn", "blend"}))
    tested = training.trained["blend"].model
    assert (training.champion, training.single) == ("blend", "ease")
    assert training.blend is not None
    assert isinstance(tested, Blend)
    assert training.blend.names == ("ease", "item_knn")
    assert set(training.blend.trees) == set(tested.trees)
    assert training.blend.items.last_day.max() > tested.items.last_day.max()
    assert set(training.final) == {"blend", "ease"}


def test_one_source_makes_no_blend(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    assert set(train(lines, products, only=frozenset({"ease", "blend"})).trained) == {"popularity", "ease"}


def trained(name: str, ndcg: float) -> Trained:
    nothing = Scorer("popular", np.empty(0, np.int64), np.empty(0, np.float32))
    return Trained(name, {}, Evaluation({"ndcg_at_10": ndcg}, 1, 0.0), 0.0, nothing)


def test_the_champion_is_never_worse_than_popularity() -> None:
    assert best({"popularity": trained("popularity", 0.2), "als": trained("als", 0.1)}) == "popularity"
    assert best({"popularity": trained("popularity", 0.2), "als": trained("als", 0.2)}) == "popularity"
    assert best({"popularity": trained("popularity", 0.2), "als": trained("als", 0.3)}) == "als"


def test_what_is_not_for_sale_is_in_no_list(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    said = products.with_columns(is_active=pl.col("product_id") != 7)
    assert 7 in lines["product_id"]
    training = train(lines, said, only=frozenset({"ease", "content"}))
    assert all(7 not in trained.model.product_ids for trained in training.trained.values())
    tables = export.tables(training)
    related = tables["item_neighbours"].to_pylist()
    assert all(7 not in (row["product_id"], *row["neighbours"]) for row in related)
    assert all(7 not in row["product_ids"] for row in tables["popular"].to_pylist())


def test_a_missing_column_is_named(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="order_id"):
        train(lines.drop("order_id"), products)


def test_no_purchases_is_refused(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="no purchases"):
        train(lines.head(0), products)


@pytest.mark.parametrize("name", ["popularity", "own_repeats", "item_knn", "ease", "als", "content"])
def test_what_is_exported_scores_as_what_was_trained(lines: pl.DataFrame, products: pl.DataFrame, name: str) -> None:
    training = train(lines, products, only=frozenset({name}), limit=20)
    if training.champion != name:
        pytest.skip("popularity won on the small shop")
    tables = export.tables(training)
    everyone = tables["popular"].slice(0, 1).to_pylist()[0]
    factors = tables["item_factors"]
    wide = (
        (factors["product_id"].to_numpy(), np.array(factors["factors"].to_pylist(), np.float32))
        if factors.num_rows
        else None
    )
    own = [r for r in tables["item_neighbours"].to_pylist() if r["relation"] == "score"]
    near = None
    if own:
        near = Related(
            np.array([r["product_id"] for r in own]),
            np.concatenate([[0], np.cumsum([len(r["neighbours"]) for r in own])]),
            np.concatenate([np.array(r["neighbours"]) for r in own]),
            np.concatenate([np.array(r["weights"], np.float32) for r in own]),
        )
    popular = np.array(everyone["product_ids"]), np.array(everyone["scores"], np.float32)
    loaded = assemble(export.parameters(training.scorer), popular, wide, near)
    history = History.of({3: 1.0, 5: 0.5, 33: 0.1})
    position = np.searchsorted(training.scorer.product_ids, loaded.product_ids)
    np.testing.assert_allclose(loaded.score(history), training.scorer.score(history)[position], atol=1e-5)


def test_relations_are_best_first_and_of_the_right_kind(training: Training) -> None:
    rows = export.tables(training)["item_neighbours"].to_pylist()
    similar = {r["product_id"]: r for r in rows if r["relation"] == "similar"}
    together = {r["product_id"]: r for r in rows if r["relation"] == "together"}
    assert 41 in similar
    assert 41 not in together
    for row in (*similar.values(), *together.values()):
        assert row["weights"] == sorted(row["weights"], reverse=True)
        assert row["product_id"] not in row["neighbours"]
    assert all(n <= 20 or n == 41 for n in similar[3]["neighbours"])


def test_histories_hold_every_customer(training: Training) -> None:
    rows = export.tables(training)["customer_histories"].to_pylist()
    assert len(rows) == 60
    history = training.purchases.history(0)
    assert sorted(rows[0]["product_ids"]) == history.product_ids.tolist()
    days = dict(zip(history.product_ids.tolist(), training.purchases.days(0).tolist(), strict=True))
    assert rows[0]["days"] == [days[product_id] for product_id in rows[0]["product_ids"]]
    assert rows[0]["weights"] == sorted(rows[0]["weights"], reverse=True)


def test_coverage_counts_distinct_products(training: Training, lines: pl.DataFrame) -> None:
    before, after = interactions.split(interactions.check(lines), timedelta(weeks=4))
    known = interactions.build(before)
    persons = people(known, after)
    flat = replace(training.scorer, repeat_weight=0.0, neighbours=None, factors=None, kind="popular")
    assert evaluate(flat, persons, catalogue=100).figures["coverage_at_10"] == pytest.approx(0.10)


def test_what_was_shown_is_kept_with_its_scores(training: Training, lines: pl.DataFrame) -> None:
    before, after = interactions.split(interactions.check(lines), timedelta(weeks=4))
    persons = people(interactions.build(before), after)
    for trained in training.trained.values():
        found = trained.evaluation
        assert found.hits.shape == found.scores.shape == (len(persons), 20)
        shown = np.isfinite(found.scores)
        assert not found.hits[~shown].any()
        assert (np.diff(np.where(shown, found.scores, -np.inf), axis=1)[shown[:, 1:]] <= 0).all()
        gain = (found.hits[:, :10] / np.log2(np.arange(10) + 2)).sum(axis=1)
        best = [(1 / np.log2(np.arange(min(len(each.bought), 10)) + 2)).sum() for each in persons]
        np.testing.assert_allclose(gain / best, found.per_person["ndcg_at_10"])


def test_a_training_is_drawn(training: Training) -> None:
    drawn = plots.plots(training)
    assert {"models.svg", "slices.svg", "calibration.svg"} <= set(drawn)
    assert "foretold by the score" in drawn["calibration.svg"]
    assert all(each.startswith("<?xml") and "</svg>" in each for each in drawn.values())
    assert ("features.svg" in drawn) == (training.blend is not None and bool(training.blend.trees))
    assert len(training.histories) == len(training.trained[training.champion].evaluation.per_person["ndcg_at_10"])
