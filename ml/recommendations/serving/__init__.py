"""Scoring, as the API and the evaluation both do it: arrays and compiled loops, nothing that trains."""

from ml.recommendations.serving import files
from ml.recommendations.serving.blend import EVERY, Blend, Items, Known, Task
from ml.recommendations.serving.compiled import diversified
from ml.recommendations.serving.files import load as open_blend
from ml.recommendations.serving.hearing import Heard, Places, Plain
from ml.recommendations.serving.neighbours import Floats, Ids, Neighbours, Positions
from ml.recommendations.serving.scorer import (
    EMPTY,
    POPULARITY_TIE_BREAK,
    History,
    Kind,
    Parameters,
    Related,
    Scorer,
    assemble,
    fold_in,
    top,
)
from ml.recommendations.serving.trees import Trees

__all__ = [
    "EMPTY",
    "EVERY",
    "POPULARITY_TIE_BREAK",
    "Blend",
    "Floats",
    "Heard",
    "History",
    "Ids",
    "Items",
    "Kind",
    "Known",
    "Neighbours",
    "Parameters",
    "Places",
    "Plain",
    "Positions",
    "Related",
    "Scorer",
    "Task",
    "Trees",
    "assemble",
    "diversified",
    "files",
    "fold_in",
    "open_blend",
    "top",
]
