"""All models by name, with settings for data of any kind; what serves the shop is chosen in `candidates`."""

from collections.abc import Callable, Mapping
from typing import Any

from ml.recommendations.candidates import Candidate
from ml.recommendations.models import als, bpr, content, ease, item_knn, popularity, rp3beta, sessions
from ml.recommendations.serving import Scorer

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "popularity": {},
    "recent_popularity": {},
    "segment_popularity": {"keep": 50},
    "own_repeats": {"repeat_weight": 10.0},
    "item_knn": {"minimum": 1, "keep": 200, "shrink": 20.0, "power": 0.5},
    "rp3beta": {"alpha": 1.0, "beta": 0.3, "keep": 200, "power": 0.5},
    "sessions": {"window": 10, "gap_days": 1.0, "damp": 0.3, "keep": 200, "power": 0.5},
    "ease": {"items": 10_000, "regularization": 200.0, "keep": 1000, "power": 0.5},
    "als": {"minimum": 1, "factors": 128, "regularization": 30.0, "alpha": 5.0, "iterations": 15, "power": 0.5},
    "bpr": {"minimum": 1, "factors": 64, "iterations": 100, "learning_rate": 0.05, "regularization": 0.01},
    "content": {"dimensions": 64, "power": 0.5},
}
SEEDED = frozenset({"als", "bpr", "content"})
# Models of descriptions need some.
DESCRIBED = frozenset({"segment_popularity", "content"})
BLENDS = ("zscore_blend", "blend")
SOURCES = ("ease", "als", "item_knn", "rp3beta", "sessions", "content")
_FITS: Mapping[str, Callable[..., Scorer]] = {
    "popularity": popularity.all_time,
    "recent_popularity": popularity.fit,
    "own_repeats": popularity.fit,
    "item_knn": item_knn.fit,
    "rp3beta": rp3beta.fit,
    "sessions": sessions.fit,
    "ease": ease.fit,
    "als": als.fit,
    "bpr": bpr.fit,
}


def competitor(name: str, seed: int = 7, **changed: Any) -> Candidate:
    """A model by its name. Raises KeyError for an unknown name, and TypeError in `fit` for an unknown setting."""
    settings = dict(SETTINGS[name]) | ({"seed": seed} if name in SEEDED else {}) | changed
    if name == "content":
        return Candidate(name, settings, lambda known, products: content.fit(known, products, **settings))
    if name == "segment_popularity":
        return Candidate(name, settings, lambda known, products: popularity.by_segment(known, products, **settings))
    return Candidate(name, settings, lambda known, _products: _FITS[name](known, **settings))
