"""The toxicity model: what it reads, what it says, and how it is judged."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_score, recall_score

from ml.moderation import corpora, packaging
from ml.moderation.evaluation import at_recall, evaluate
from ml.moderation.serving import BUCKETS, MOST_CHARACTERS, Scorer, features, load, normalise, words
from ml.moderation.train import Trained, held_out, train
from ml.registry import Registry

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "toxicity"

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]  # MLflow warns of its own code


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(corpora.made(), penalties=(10.0,))


def test_it_tells_apart_what_it_never_saw(trained: Trained) -> None:
    assert trained.evaluation.figures["roc_auc"] > 0.99
    assert trained.scorer.score("you are a stupid idiot") > 0.5 > trained.scorer.score("thanks, that was helpful")
    assert "idiot" in trained.scorer.because("Honestly the shop is fine, you idiot")
    assert trained.scorer.because("thanks") == []


def test_nothing_to_read_is_not_toxic(trained: Trained) -> None:
    assert [trained.scorer.score(text) for text in ("", " \n", "\u200b")] == [0.0, 0.0, 0.0]


@given(st.text(max_size=300))
def test_any_text_has_a_probability_and_unit_features(text: str) -> None:
    scorer = Scorer(np.full(BUCKETS, 50, np.float32), 0.0)
    assert 0 <= scorer.score(text) <= 1
    found = words(normalise(text))
    if found:
        assert np.linalg.norm(features(found)[1]) == pytest.approx(1, abs=1e-4)


def test_disguises_are_read_like_the_plain_word() -> None:
    plain = normalise("you idiot")
    for disguised in ("YOU IDIOT", "you i\u200bdiot", "ｙｏｕ ｉｄｉｏｔ", "you id\u00adiot"):
        assert normalise(disguised) == plain
    assert normalise("noooooo") == "noo"
    assert normalise("see https://example.org/x @ada_l") == "see http @user"


def test_a_long_text_is_judged_by_both_of_its_ends(trained: Trained) -> None:
    long = "fine words " * 20_000 + "you are a pathetic idiot"
    assert len(normalise(long)) <= MOST_CHARACTERS + 1
    assert "idiot" in normalise(long)


def test_the_file_brings_back_the_same_model(trained: Trained, tmp_path: Path) -> None:
    path = trained.scorer.save(tmp_path / "model.npz")
    again = load(path)
    assert again.score("you are a stupid idiot") == trained.scorer.score("you are a stupid idiot")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3), bias=np.array(0.0))
    with pytest.raises(ValueError, match="no toxicity model"):
        load(tmp_path / "other.npz")


def test_training_twice_gives_the_same_model(trained: Trained) -> None:
    again = train(corpora.made(), penalties=(10.0,))
    assert np.array_equal(again.scorer.weights, trained.scorer.weights)


def test_copies_of_a_text_stand_on_one_side() -> None:
    texts = pl.DataFrame(
        {"text": [f"some text {n}" for n in range(200)] + [f"SOME  TEXT {n}".replace("  ", " ") for n in range(200)]}
    )
    part = held_out(texts)
    assert part[:200].to_list() == part[200:].to_list()
    assert 10 < part.sum() < 150


def test_the_threshold_finds_what_was_asked_for() -> None:
    random = np.random.default_rng(3)
    truth = random.random(500) < 0.3
    scores = np.clip(truth * 0.3 + random.random(500) * 0.7, 0, 1)
    for recall in (0.5, 0.8, 1.0):
        threshold, precision = at_recall(truth, scores, recall)
        flagged = scores >= threshold
        assert recall_score(truth, flagged) >= recall
        assert precision == pytest.approx(precision_score(truth, flagged))
        assert recall_score(truth, scores > threshold) < recall


def test_a_group_that_draws_false_alarms_shows_it() -> None:
    """Harmless texts about a group that score like toxic ones: the AUC of all hides it, BPSN does not."""
    rows = [("fine words", False, 0.1)] * 900 + [("cruel words", True, 0.9)] * 100
    rows += [("a gay wedding", False, 0.95)] * 30 + [("a gay insult", True, 0.97)] * 30
    texts = pl.DataFrame([(text, toxic, "s") for text, toxic, _ in rows], corpora.SCHEMA, orient="row")
    found = evaluate(texts, np.array([score for _, _, score in rows]))
    assert found.figures["roc_auc"] > 0.95
    about = found.slices["about gay people"]
    assert about["texts"] == 60
    assert about["roc_auc"] == 1.0
    assert about["bpsn_auc"] == 0.0
    assert about["bnsp_auc"] == pytest.approx(1.0)


def test_a_version_is_registered_with_its_card_and_answers(trained: Trained, registry: Registry) -> None:
    registered = packaging.register(registry, trained, {"data": "made"})
    assert registry.champion(packaging.MODEL) == registered.version
    assert registry.metrics(packaging.MODEL, registered.version)["roc_auc"] > 0.99
    answer = registry.load(packaging.MODEL).predict(pd.DataFrame({"text": ["you are an idiot", "thanks"]}))
    assert (answer["score"] > 0.5).tolist() == [True, False]
    written = packaging.card(trained)
    for words_ in ("ROC AUC", "source made", "Limits"):
        assert words_ in written


def test_one_class_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="both toxic and harmless"):
        train(corpora.made().filter(pl.col("is_toxic")))


def test_an_empty_folder_means_the_made_texts(tmp_path: Path) -> None:
    corpus = corpora.read(tmp_path)
    assert len(corpus.missing) == 4
    assert set(corpus.texts["source"]) == {"made"}


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/toxicity is missing")
def test_the_judged_sets_are_read_once_each() -> None:
    corpus = corpora.read(DATA)
    assert corpus.missing == ()
    assert set(corpus.texts["source"]) == {"davidson", "olid", "hateval", "goemotions"}
    assert corpus.texts["text"].is_unique().all()
    assert not corpus.texts.filter(pl.col("source") == "goemotions")["is_toxic"].any()
    sample = corpus.texts.sample(3_000, seed=1)
    assert train(sample, penalties=(10.0,)).evaluation.figures["roc_auc"] > 0.85
