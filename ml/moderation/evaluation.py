"""How well toxicity is told apart: over all, by source, and by the group that a text speaks of."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import precision_recall_curve, roc_auc_score

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

RECALL = 0.8
RESAMPLES = 200
FEWEST = 20
# A text "speaks of" a group where one of its ordinary names occurs: not slurs, which would be toxic by themselves.
GROUPS: Mapping[str, str] = {
    "women": r"\b(?:wom[ae]n|girls?|females?)\b",
    "men": r"\b(?:m[ae]n|guys?|boys?|males?)\b",
    "muslims": r"\b(?:muslims?|islam(?:ic)?)\b",
    "jews": r"\b(?:jews?|jewish|israelis?)\b",
    "black people": r"\bblacks?\b",
    "white people": r"\bwhites?\b",
    "gay people": r"\b(?:gays?|lesbians?|lgbtq?)\b",
    "immigrants": r"\b(?:immigrants?|refugees?|migrants?)\b",
}


@dataclass(frozen=True)
class Evaluation:
    """`figures` over all texts; `slices`: a source or group → its figures (texts, toxic share, AUCs)."""

    figures: dict[str, float]
    slices: dict[str, dict[str, float]]
    threshold: float


def evaluate(texts: pl.DataFrame, scores: Floats, recall: float = RECALL, seed: int = 7) -> Evaluation:
    """Of judged texts (text, is_toxic, source) and their scores (n,).

    `threshold` is the highest that still finds `recall` of what is toxic; precision is measured there. By group stand
    the subgroup's own AUC, BPSN (harmless texts of the group against toxic ones of others) and BNSP (toxic texts of
    the group against harmless ones of others): Borkan et al. 2019. Raises ValueError where a class is missing.
    """
    truth = texts["is_toxic"].to_numpy()
    if truth.all() or not truth.any():
        raise ValueError("both toxic and harmless texts are needed")
    threshold, precision = at_recall(truth, scores, recall)
    low, high = _interval(truth, scores, seed)
    alarms = float((scores[~truth] >= threshold).mean())
    figures = {
        "roc_auc": float(roc_auc_score(truth, scores)),
        "roc_auc_low": low,
        "roc_auc_high": high,
        "precision_at_recall": precision,
        "recall": float((scores[truth] >= threshold).mean()),
        "false_alarms": alarms,
        "texts": float(len(truth)),
        "toxic_share": float(truth.mean()),
    }
    slices = {f"source {name}": _of(truth, scores, _is(texts, name)) for name in sorted(set(texts["source"]))}
    for name, pattern in GROUPS.items():
        spoken_of = texts["text"].str.to_lowercase().str.contains(pattern).to_numpy()
        if min(spoken_of[truth].sum(), spoken_of[~truth].sum()) >= FEWEST:
            slices[f"about {name}"] = _of(truth, scores, spoken_of) | _against_others(truth, scores, spoken_of)
    return Evaluation(figures, slices, threshold)


def at_recall(truth: Bools, scores: Floats, recall: float) -> tuple[float, float]:
    """The highest threshold at which at least `recall` of the toxic texts are found, and the precision there."""
    precisions, recalls, thresholds = precision_recall_curve(truth, scores)
    at = int(np.flatnonzero(recalls[:-1] >= recall)[-1])
    return float(thresholds[at]), float(precisions[at])


def _is(texts: pl.DataFrame, source: str) -> Bools:
    return (texts["source"] == source).to_numpy()


def _of(truth: Bools, scores: Floats, part: Bools) -> dict[str, float]:
    figures = {"texts": float(part.sum()), "toxic_share": float(truth[part].mean())}
    return figures | _auc("roc_auc", truth[part], scores[part])


def _against_others(truth: Bools, scores: Floats, part: Bools) -> dict[str, float]:
    harmless_of_group = (part & ~truth) | (~part & truth)
    toxic_of_group = (part & truth) | (~part & ~truth)
    return _auc("bpsn_auc", truth[harmless_of_group], scores[harmless_of_group]) | _auc(
        "bnsp_auc", truth[toxic_of_group], scores[toxic_of_group]
    )


def _auc(name: str, truth: Bools, scores: Floats) -> dict[str, float]:
    if truth.all() or not truth.any():
        return {}
    return {name: float(roc_auc_score(truth, scores))}


def _interval(truth: Bools, scores: Floats, seed: int) -> tuple[float, float]:
    """95 % of the AUC by bootstrap within each class."""
    random = np.random.default_rng(seed)
    toxic, harmless = scores[truth], scores[~truth]
    labels = np.repeat([True, False], [len(toxic), len(harmless)])
    found = [
        roc_auc_score(
            labels, np.concatenate([random.choice(toxic, len(toxic)), random.choice(harmless, len(harmless))])
        )
        for _ in range(RESAMPLES)
    ]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))
