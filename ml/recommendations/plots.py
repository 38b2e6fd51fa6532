"""A training in pictures, beside its card: models with their intervals, slices of people, whether scores can be read as
chances, what the blend asks about."""

from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ml.recommendations.calibration import Reliability, reliability
from ml.recommendations.evaluation import Evaluation
from ml.recommendations.metrics import interval
from ml.recommendations.serving import Blend, Trees
from ml.recommendations.train import METRIC, Training

SLICES = 4
MOST_FEATURES = 20
WIDTH, ROW = 7.0, 0.28  # inches


def plots(training: Training) -> dict[str, str]:
    """File name → SVG; only what this training has something to show of."""
    found = {"models.svg": models(training)}
    if training.histories:
        found["slices.svg"] = slices(training)
    champion = training.trained[training.champion].evaluation
    found_out = reliability(champion.scores, champion.hits)
    if found_out is not None:
        found["calibration.svg"] = calibration(champion, found_out)
    if training.blend is not None and training.blend.trees:
        found["features.svg"] = features(training.blend)
    return found


def models(training: Training) -> str:
    """Each model's figures with their 95 % intervals, the best below."""
    ordered = sorted(training.trained.values(), key=lambda each: each.evaluation.figures[METRIC])
    names = [each.name for each in ordered]

    def draw(axes: Sequence[Axes]) -> None:
        for ax, (figure, title) in zip(axes, ((METRIC, "NDCG@10"), (f"new_{METRIC}", "new NDCG@10")), strict=True):
            low, mean, high = (
                np.array([each.evaluation.figures[figure + end] for each in ordered]) for end in ("_low", "", "_high")
            )
            ax.errorbar(mean, range(len(names)), xerr=[mean - low, high - mean], fmt="o", capsize=3)
            ax.set_yticks(range(len(names)), names)
            ax.set_xlabel(title)

    return _svg(2, len(names), draw)


def slices(training: Training) -> str:
    """NDCG@10 of the champion and of the best single model by how many products were known of a person."""
    known = np.asarray(training.histories)
    bounds = np.unique(np.quantile(known, np.linspace(0, 1, SLICES + 1)))
    part = np.clip(np.searchsorted(bounds, known, side="right") - 1, 0, max(len(bounds) - 2, 0))

    def draw(axes: Sequence[Axes]) -> None:
        for offset, name in enumerate(dict.fromkeys((training.champion, training.single))):
            values = np.asarray(training.trained[name].evaluation.per_person[METRIC])
            of_slice = [values[part == each] for each in np.unique(part)]
            mean = np.array([each.mean() for each in of_slice])
            low, high = np.array([interval(each) for each in of_slice]).T
            at = np.arange(len(of_slice)) + offset * 0.15
            axes[0].errorbar(at, mean, yerr=[mean - low, high - mean], fmt="o", capsize=3, label=name)
        counts = [f"{known[part == each].min()}–{known[part == each].max()}" for each in np.unique(part)]
        axes[0].set_xticks(range(len(counts)), counts)
        axes[0].set_xlabel("products known of a person")
        axes[0].set_ylabel("NDCG@10")
        axes[0].legend()

    return _svg(1, 10, draw)


def calibration(champion: Evaluation, found: Reliability) -> str:
    """How often what stands at a place is bought; what scores foretold beside what was bought, by tenths of them."""

    def draw(axes: Sequence[Axes]) -> None:
        by_place, by_score = axes
        mean = champion.hits.mean(axis=0)
        low, high = np.array([interval(each.astype(np.float64)) for each in champion.hits.T]).T
        by_place.errorbar(np.arange(len(mean)) + 1, mean, yerr=_beside(mean, low, high), fmt="o", capsize=3)
        by_place.set_xlabel("place in the list")
        by_place.set_ylabel("bought")
        most = float(found.high.max())
        by_score.plot([0, most], [0, most], linewidth=1, color="0.6")
        by_score.errorbar(
            found.foretold, found.seen, yerr=_beside(found.seen, found.low, found.high), fmt="o", capsize=3
        )
        by_score.set_xlabel(f"foretold by the score, off by {found.error:.3f} in the mean")

    return _svg(2, 10, draw)


def _beside(mean: npt.NDArray[np.float64], low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> Any:
    return [np.maximum(mean - low, 0), np.maximum(high - mean, 0)]


def features(blend: Blend) -> str:
    """How many splits of each task's trees ask about a feature."""
    counted = {task: splits(trees) for task, trees in blend.trees.items()}
    total = np.sum(list(counted.values()), axis=0)
    first = np.argsort(-total, kind="stable")[: min(MOST_FEATURES, int((total > 0).sum()))][::-1]

    def draw(axes: Sequence[Axes]) -> None:
        left = np.zeros(len(first))
        for task, counts in counted.items():
            axes[0].barh(range(len(first)), counts[first], left=left, label=task)
            left += counts[first]
        axes[0].set_yticks(range(len(first)), [blend.features[at] for at in first])
        axes[0].set_xlabel("splits")
        axes[0].legend()

    return _svg(1, len(first), draw)


def splits(trees: Trees) -> npt.NDArray[np.int64]:
    """Splits by feature: a tree splits at a threshold where it closes leaves, and counts there once."""
    rows = trees.open_leaves
    found = []
    for feature, (first, last) in enumerate(zip(trees.starts[:-1], trees.starts[1:], strict=True)):
        part = rows[first + feature : last + feature + 1]
        found.append(int((part[1:] != part[:-1]).sum()))
    return np.array(found, np.int64)


def _svg(columns: int, rows: int, draw: Callable[[Sequence[Axes]], None]) -> str:
    """Drawn without a window or a global state: trainings run in threads."""
    figure = Figure(figsize=(WIDTH, 1.5 + ROW * rows), layout="constrained")
    draw(list(np.atleast_1d(figure.subplots(1, columns, sharey=True))))
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
