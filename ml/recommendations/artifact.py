"""A model as a file or a folder, and as a function from a data frame to a data frame: what the registry keeps of it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml.recommendations.export import parameters
from ml.recommendations.serving import Blend, History, Neighbours, Scorer, files, top

LIMIT = 20


def keep(model: Scorer | Blend, path: Path) -> Path:
    """Writes a scorer as the archive `path`, a blend as a folder of its name without the ending; `fetch` reads both."""
    return files.save(model, path.with_suffix("")) if isinstance(model, Blend) else save(model, path)


def fetch(path: Path) -> Scorer | Blend:
    """What `keep` wrote."""
    return files.load(path) if path.is_dir() else load(path)


def save(scorer: Scorer, path: Path) -> Path:
    """Writes a compressed NumPy archive; `load` reads it back to an equal scorer."""
    arrays: dict[str, Any] = {"product_ids": scorer.product_ids, "popularity": scorer.popularity}
    if scorer.neighbours is not None:
        arrays |= {f"neighbours_{name}": getattr(scorer.neighbours, name) for name in ("indptr", "indices", "weights")}
    if scorer.factors is not None:
        arrays["factors"] = scorer.factors
    numbers = {f"parameter_{name}": np.array(value) for name, value in asdict(parameters(scorer)).items()}
    np.savez_compressed(path, allow_pickle=False, **(arrays | numbers))
    return path


def load(path: Path) -> Scorer:
    """The scorer of a file that `save` wrote. Nothing in it is ever executed (no pickle)."""
    with np.load(path, allow_pickle=False) as held:
        numbers = {name: held[f"parameter_{name}"].item() for name in ("repeat_weight", "power", "alpha")}
        kind, regularization = held["parameter_kind"].item(), held["parameter_regularization"].item()
        neighbours = factors = None
        if "neighbours_indptr" in held:
            neighbours = Neighbours(*(held[f"neighbours_{name}"] for name in ("indptr", "indices", "weights")))
        if "factors" in held:
            factors = held["factors"]
        return Scorer(
            kind,
            held["product_ids"],
            held["popularity"],
            neighbours=neighbours,
            factors=factors,
            regularization=regularization,
            **numbers,
        )


def predict(model: Scorer | Blend, history: pd.DataFrame) -> pd.DataFrame:
    """One person's history (product_id, weight; for a blend also day) → the best products (product_id, score).

    The best come first. A blend is asked on the day of the last event; days are since the epoch.
    """
    weights = history["weight"].to_numpy(np.float32)
    known = History(history["product_id"].to_numpy(np.int64), weights)
    if isinstance(model, Blend):
        days = history["day"].to_numpy(np.float32)
        ids, scores = model.rank(known, days, float(days.max(initial=0.0)), LIMIT)
        return pd.DataFrame({"product_id": ids, "score": scores.astype(float)})
    scores = model.score(known)
    best = top(scores, LIMIT)
    return pd.DataFrame({"product_id": model.product_ids[best], "score": scores[best].astype(float)})


def example(model: Scorer | Blend) -> pd.DataFrame:
    """An input with the columns and types of every input: the two most popular products."""
    if isinstance(model, Blend):
        two = model.popular[:2]
        days = model.items.last_day[two].astype(float)
        return pd.DataFrame({"product_id": model.product_ids[two], "weight": np.ones(len(two)), "day": days})
    best = top(model.popularity, 2)
    return pd.DataFrame({"product_id": model.product_ids[best], "weight": np.ones(len(best))})
