"""One face for every model: fit, recommend, fold in, similar, explain, save, load."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from ml.recommendations import artifact
from ml.recommendations.competitors import competitor
from ml.recommendations.interactions import Purchases
from ml.recommendations.serving import EMPTY, History, Ids, Scorer, fold_in, top


@dataclass(frozen=True)
class Model:
    """A fitted model of any kind. People are histories; nothing of a person is kept in it."""

    name: str
    scorer: Scorer

    @classmethod
    def fit(cls, name: str, purchases: Purchases, products: pl.DataFrame, **settings: Any) -> Self:
        """One of `competitors.SETTINGS` by its name. Raises KeyError for another."""
        return cls(name, competitor(name, **settings).fit(purchases, products))

    def recommend(self, history: History = EMPTY, limit: int = 10, new_only: bool = False) -> list[tuple[int, float]]:
        """(product, score), best first; with `new_only` nothing of the history. Without a history what is popular."""
        scores = self.scorer.score(history)
        if new_only:
            scores[self.scorer.positions(history)[0]] = -np.inf
        best = top(scores, limit)
        best = best[np.isfinite(scores[best])]
        return list(zip(self.scorer.product_ids[best].tolist(), scores[best].tolist(), strict=True))

    def fold_in(self, history: History, recent: History) -> History:
        """The history with what happened since: nothing is trained again."""
        return fold_in(history, recent)

    def similar(self, product_id: int, limit: int = 10) -> list[tuple[int, float]]:
        """The nearest products; none for one that the model does not know."""
        ids, scores = self.scorer.similar(product_id, limit)
        return list(zip(ids.tolist(), scores.tolist(), strict=True))

    def explain(self, history: History, product_ids: Ids) -> dict[int, int]:
        """For each product the product of the history that speaks loudest for it."""
        return self.scorer.because(history, product_ids)

    def save(self, path: Path) -> Path:
        """As one file of arrays."""
        return artifact.save(self.scorer, path)

    @classmethod
    def load(cls, name: str, path: Path) -> Self:
        """What `save` wrote."""
        return cls(name, artifact.load(path))
