"""A scorer as one file, and as a function from a data frame to a data frame: what the registry keeps of a model."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml.recommendations.export import parameters
from ml.recommendations.serving import History, Neighbours, Scorer, top

LIMIT = 20


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


def predict(scorer: Scorer, history: pd.DataFrame) -> pd.DataFrame:
    """One person's history (product_id, weight) → the best products (product_id, score), best first."""
    weights = dict(zip(history["product_id"].astype(int), history["weight"].astype(float), strict=True))
    scores = scorer.score(History.of(weights))
    best = top(scores, LIMIT)
    return pd.DataFrame({"product_id": scorer.product_ids[best], "score": scores[best].astype(float)})


def example(scorer: Scorer) -> pd.DataFrame:
    """An input with the columns and types of every input: the two most popular products."""
    best = top(scorer.popularity, 2)
    return pd.DataFrame({"product_id": scorer.product_ids[best], "weight": np.ones(len(best))})
