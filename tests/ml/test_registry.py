"""Promotion, refusal and the way back, on a real MLflow over SQLite."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ml.recommendations import artifact, interactions
from ml.recommendations.card import card
from ml.recommendations.models import als, content, ease, popularity
from ml.recommendations.offline import Options
from ml.recommendations.serving import History, Scorer
from ml.recommendations.train import train
from ml.recommendations.tuning import Search, Try, track
from ml.registry import NothingToRollBackError, Packaged, Record, Registry, WorseChallengerError

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]  # MLflow warns of its own code
NAME = "product-recommendations"


@pytest.fixture(scope="module")
def scorer(lines: pl.DataFrame) -> Scorer:
    return ease.fit(interactions.build(interactions.check(lines)), repeat_weight=2.0)


def packaged(scorer: Scorer) -> Packaged:
    return Packaged(
        save=lambda path: artifact.keep(scorer, path),
        load=artifact.fetch,
        predict=artifact.predict,
        example=artifact.example(scorer),
    )


def logged(registry: Registry, scorer: Scorer, ndcg: float) -> int:
    record = Record(
        "ease", {"keep": 3}, {"ndcg_at_10": ndcg}, {"lake.typed": "42"}, {"card.md": "# x"}, packaged(scorer)
    )
    return registry.register(NAME, registry.log("recommendations", record))


def test_the_life_of_a_champion(registry: Registry, scorer: Scorer) -> None:
    assert registry.champion(NAME) is None
    with pytest.raises(NothingToRollBackError):
        registry.rollback(NAME)
    first = logged(registry, scorer, 0.40)
    registry.promote(NAME, first, "ndcg_at_10")
    assert registry.champion(NAME) == first
    with pytest.raises(NothingToRollBackError):
        registry.rollback(NAME)

    worse = logged(registry, scorer, 0.30)
    with pytest.raises(WorseChallengerError, match=r"0\.3000, below the champion's 0\.4000"):
        registry.promote(NAME, worse, "ndcg_at_10")
    assert registry.champion(NAME) == first

    # On the challenger's own test weeks the champion's kind may do worse than when it was logged.
    registry.promote(NAME, worse, "ndcg_at_10", champion_figure=0.25)
    assert registry.champion(NAME) == worse
    assert registry.rollback(NAME) == first
    assert registry.champion(NAME) == first

    history = pd.DataFrame({"product_id": [3, 5], "weight": [1.0, 0.5]})
    answer = registry.load(NAME).predict(history)
    expected = artifact.predict(scorer, history)
    assert answer["product_id"].tolist() == expected["product_id"].tolist()
    np.testing.assert_allclose(answer["score"], expected["score"])


def test_a_run_keeps_all_that_was_said(registry: Registry, scorer: Scorer) -> None:
    parent = registry.log("recommendations", Record("training", {"seed": 7}, {}))
    model = packaged(scorer)
    record = Record("ease", {"keep": 3}, {"ndcg_at_10": 0.5}, {"lake.typed": "42"}, {"card.md": "# Card"}, model)
    run = registry.client.get_run(registry.log("recommendations", record, parent))
    assert run.data.params == {"keep": "3"}
    assert run.data.metrics == {"ndcg_at_10": 0.5}
    assert run.data.tags["lake.typed"] == "42"
    assert run.data.tags["mlflow.parentRunId"] == parent
    version = registry.register(NAME, run.info.run_id, "# Card")
    assert registry.metrics(NAME, version) == {"ndcg_at_10": 0.5}
    assert registry.tags(NAME, version)["lake.typed"] == "42"
    signature = registry.load(NAME, version).metadata.signature
    assert signature.inputs.input_names() == ["product_id", "weight"]
    assert signature.outputs.input_names() == ["product_id", "score"]


def test_a_search_is_a_run_with_its_tries_below_it(registry: Registry) -> None:
    search = Search("ease", [Try({"regularization": 200.0}, 0.4), Try({"regularization": 90.0}, 0.5)])
    parent = registry.client.get_run(track(registry, search, Options("random", seed=3)))
    assert parent.data.params == {"split": "random", "seed": "3", "k": "10", "regularization": "90.0"}
    below = registry.client.search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["start_time"]
    )
    assert [run.data.metrics["ndcg_at_10"] for run in below] == [0.4, 0.5]


@pytest.mark.parametrize("name", ["ease", "als", "content", "popularity"])
def test_a_saved_scorer_answers_the_same(
    lines: pl.DataFrame, products: pl.DataFrame, tmp_path: Path, name: str
) -> None:
    purchases = interactions.build(interactions.check(lines))
    scorer = {
        "ease": lambda: ease.fit(purchases, repeat_weight=2.0),
        "als": lambda: als.fit(purchases, minimum=1, factors=8),
        "content": lambda: content.fit(purchases, products, dimensions=8),
        "popularity": lambda: popularity.fit(purchases, repeat_weight=1.0),
    }[name]()
    again = artifact.load(artifact.save(scorer, tmp_path / "arrays.npz"))
    history = History.of({3: 1.0, 33: 0.5})
    np.testing.assert_allclose(again.score(history), scorer.score(history), atol=1e-6)


def test_the_card_states_the_figures_of_every_candidate(lines: pl.DataFrame, products: pl.DataFrame) -> None:
    training = train(lines, products, only=frozenset({"ease"}))
    text = card(training, {"typed.ordering_order_placed": 7})
    for name, trained in training.trained.items():
        assert f"| {name} | {trained.evaluation.figures['ndcg_at_10']:.4f}" in text
    assert "`typed.ordering_order_placed` 7" in text
    assert f"{training.facts['evaluated_people']:.0f} of" in text
