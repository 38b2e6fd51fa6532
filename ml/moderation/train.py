"""Training of the toxicity model: a split by text, the penalty chosen within the training part, figures on the rest."""

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import structlog
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ml.moderation.evaluation import RECALL, Evaluation, evaluate
from ml.moderation.serving import BUCKETS, Scorer, features, normalise, words

log = structlog.get_logger(__name__)
PENALTIES = (3.0, 10.0, 30.0)
TEST_SHARE = 0.2


@dataclass(frozen=True)
class Trained:
    """A model with its figures on texts that it never saw. `scored` are those texts with `score`."""

    scorer: Scorer
    evaluation: Evaluation
    penalty: float
    texts: int
    seconds: float
    scored: pl.DataFrame


def train(
    corpus: pl.DataFrame, penalties: Sequence[float] = PENALTIES, recall: float = RECALL, seed: int = 7
) -> Trained:
    """Fit on judged texts (text, is_toxic, source). Raises ValueError where a part has one class only."""
    began = time.perf_counter()
    part = held_out(corpus)
    learned, tested = corpus.filter(~part), corpus.filter(part)
    matrix, truth = matrix_of(learned["text"].to_list()), learned["is_toxic"].to_numpy()
    if truth.all() or not truth.any() or tested["is_toxic"].n_unique() < 2:
        raise ValueError("both toxic and harmless texts are needed, in the part to learn from and in the part to test")
    penalty = penalties[0] if len(penalties) == 1 else _best(matrix, truth, learned, penalties, seed)
    scorer = _fit(matrix, truth, penalty, seed)
    scores = scores_of(scorer, matrix_of(tested["text"].to_list()))
    found = evaluate(tested, scores, recall, seed)
    seconds = time.perf_counter() - began
    log.info(
        "toxicity trained", texts=corpus.height, roc_auc=round(found.figures["roc_auc"], 4), seconds=round(seconds)
    )
    scored = tested.with_columns(pl.Series("score", scores))
    return Trained(scorer, found, penalty, corpus.height, seconds, scored)


def held_out(texts: pl.DataFrame) -> pl.Series:
    """Which texts are tested on: by the text as it is read, so that copies of one text never stand on both sides."""
    return pl.Series([zlib.crc32(normalise(text).encode()) % 1000 < TEST_SHARE * 1000 for text in texts["text"]])


def matrix_of(texts: Sequence[str]) -> sparse.csr_matrix:
    """(texts, BUCKETS) of the features that serving makes."""
    rows = [features(words(normalise(text))) for text in texts]
    starts = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    buckets = np.concatenate([buckets for buckets, _ in rows]).astype(np.int32)
    values = np.concatenate([values for _, values in rows])
    return sparse.csr_matrix((values, buckets, starts), shape=(len(rows), BUCKETS))


def scores_of(scorer: Scorer, matrix: sparse.csr_matrix) -> np.ndarray:
    """The scores (n,) of a matrix of features."""
    return np.asarray(1 / (1 + np.exp(-(matrix @ scorer.weights.astype(np.float64) + scorer.bias))))


def _best(
    matrix: sparse.csr_matrix, truth: np.ndarray, learned: pl.DataFrame, penalties: Sequence[float], seed: int
) -> float:
    """The penalty with the best AUC on a fifth of what is learned from."""
    inner = np.random.default_rng(seed).random(learned.height) < TEST_SHARE
    figures = {}
    for penalty in penalties:
        scorer = _fit(matrix[~inner], truth[~inner], penalty, seed)
        figures[penalty] = float(roc_auc_score(truth[inner], scores_of(scorer, matrix[inner])))
        log.info("penalty tried", penalty=penalty, roc_auc=round(figures[penalty], 4))
    return max(figures, key=lambda penalty: figures[penalty])


def _fit(matrix: sparse.csr_matrix, truth: np.ndarray, penalty: float, seed: int) -> Scorer:
    model = LogisticRegression(C=penalty, solver="liblinear", random_state=seed, max_iter=200)
    model.fit(matrix, truth)
    return Scorer(model.coef_[0].astype(np.float32), float(model.intercept_[0]))
