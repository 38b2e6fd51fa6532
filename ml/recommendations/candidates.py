"""The models that compete, with the settings that won on an earlier window of the same data; `train` blends some."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ml.recommendations.interactions import Purchases
from ml.recommendations.models import als, content, ease, item_knn, popularity
from ml.recommendations.serving import Scorer

BLEND = "blend"
# What the blend of the shop listens to, and how loudly where candidates are gathered.
SOURCES: Mapping[str, float] = {"ease": 1.0, "als": 1.0, "item_knn": 0.3}
DEPTH = 120  # products that the blend orders for an answer
LOUDEST = 100  # products of a history that it asks its sources with

Fit = Callable[[Purchases, pl.DataFrame], Scorer]


@dataclass(frozen=True)
class Candidate:
    """One competitor. `tunes_repeats` is false where the repeat weight is part of what the model is."""

    name: str
    parameters: dict[str, Any]
    fit: Fit
    tunes_repeats: bool = True


def _popularity(parameters: dict[str, Any]) -> Fit:
    return lambda purchases, _products: popularity.fit(purchases, **parameters)


def _item_knn(parameters: dict[str, Any]) -> Fit:
    return lambda purchases, _products: item_knn.fit(purchases, **parameters)


def _ease(parameters: dict[str, Any]) -> Fit:
    return lambda purchases, _products: ease.fit(purchases, **parameters)


def _als(parameters: dict[str, Any]) -> Fit:
    return lambda purchases, _products: als.fit(purchases, **parameters)


def _content(parameters: dict[str, Any]) -> Fit:
    return lambda purchases, products: content.fit(purchases, products, **parameters)


def candidates(seed: int = 7) -> tuple[Candidate, ...]:
    """All competitors, popularity first."""
    own: dict[str, Any] = {"repeat_weight": 10.0}
    knn: dict[str, Any] = {"minimum": 10, "keep": 200, "shrink": 20.0, "power": 0.5}
    ease_: dict[str, Any] = {"items": 4000, "regularization": 400.0, "keep": 200, "power": 0.5}
    als_: dict[str, Any] = {
        "minimum": 5,
        "factors": 64,
        "iterations": 15,
        "alpha": 2.0,
        "regularization": 10.0,
        "power": 0.5,
        "seed": seed,
    }
    content_: dict[str, Any] = {"dimensions": 64, "power": 0.5, "seed": seed}
    return (
        Candidate("popularity", {}, _popularity({}), tunes_repeats=False),
        Candidate("own_repeats", own, _popularity(own), tunes_repeats=False),
        Candidate("item_knn", knn, _item_knn(knn)),
        Candidate("ease", ease_, _ease(ease_)),
        Candidate("als", als_, _als(als_)),
        Candidate("content", content_, _content(content_)),
    )
