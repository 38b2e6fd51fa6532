"""A trained toxicity model as the registry keeps it: its figures, its card, and the file that the API scores with."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ml.moderation.evaluation import RECALL
from ml.moderation.serving import Scorer, load
from ml.moderation.train import Trained
from ml.registry import Packaged, Record, Registry

EXPERIMENT = "toxicity"
MODEL = "toxicity"
METRIC = "roc_auc"


@dataclass(frozen=True)
class Registered:
    """The run, its page, and the version that became the champion."""

    run_id: str
    link: str
    version: int


def register(registry: Registry, trained: Trained, tags: Mapping[str, str]) -> Registered:
    """Log the run, register the model and let it be the champion.

    Raises WorseChallengerError where the champion's logged ROC AUC is above.
    """
    slices = {
        f"{name.replace(' ', '_')}.{figure}": value
        for name, figures in trained.evaluation.slices.items()
        for figure, value in figures.items()
    }
    parameters = {"penalty": trained.penalty, "texts": trained.texts, "threshold": trained.evaluation.threshold}
    packaged = Packaged(
        save=trained.scorer.save,
        load=load,
        predict=predict,
        example=pd.DataFrame({"text": ["thanks, that helped", "what an idiot"]}),
    )
    described = card(trained)
    metrics = trained.evaluation.figures | slices | {"seconds": trained.seconds}
    record = Record(MODEL, parameters, metrics, tags, {"model_card.md": described}, packaged)
    run_id = registry.log(EXPERIMENT, record)
    version = registry.register(MODEL, run_id, described)
    registry.promote(MODEL, version, METRIC)
    return Registered(run_id, registry.link(run_id), version)


def predict(scorer: Scorer, texts: pd.DataFrame) -> pd.DataFrame:
    """text → score, row by row."""
    return pd.DataFrame({"score": [scorer.score(text) for text in texts["text"]]})


def card(trained: Trained) -> str:
    """What the model is for, what it was tested on and how well, and where it is weak."""
    figures = trained.evaluation.figures
    rows = [
        f"| {name} | {found['texts']:.0f} | {found['toxic_share']:.3f} | "
        + " | ".join(f"{found[key]:.3f}" if key in found else "" for key in ("roc_auc", "bpsn_auc", "bnsp_auc"))
        + " |"
        for name, found in trained.evaluation.slices.items()
    ]
    return "\n".join(
        [
            "# Toxicity of a text",
            "",
            "## Use",
            (
                "Puts posts and comments before a person who decides. It never removes anything by itself, and says"
                " nothing about whoever wrote the text."
            ),
            "",
            "## Data",
            (
                f"{trained.texts:,} texts that people judged, a fifth of them kept for the test by a hash of the text,"
                " so that copies stand on one side. No attribute of an author is used."
            ),
            "",
            "## Evaluation",
            (
                f"ROC AUC {figures['roc_auc']:.4f} [{figures['roc_auc_low']:.4f}, {figures['roc_auc_high']:.4f}] on"
                f" {figures['texts']:,.0f} texts. At the threshold {trained.evaluation.threshold:.3f} it finds"
                f" {figures['recall']:.3f} of what is toxic (asked for: {RECALL}), {figures['precision_at_recall']:.3f}"
                f" of what it finds is toxic, and {figures['false_alarms']:.3f} of harmless texts are found wrongly."
            ),
            (
                "The sources judge differently, so the figure of all texts flatters: those of one source are the ones"
                " to go by. About a group: BPSN is harmless texts about it against toxic ones about others, BNSP the"
                " other way round."
            ),
            "",
            "| part | texts | toxic | ROC AUC | BPSN AUC | BNSP AUC |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "## Limits",
            "- English only, mostly short texts; irony, quotation and reclaimed words are judged by their words.",
            "- Where a part's figures are low, harmless texts about that group are held more often than others.",
            "",
        ]
    )
