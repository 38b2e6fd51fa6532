"""Boosted trees as flat arrays: what a gradient-boosting library fitted, answered by NumPy alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Trees:
    """All nodes of all trees in a row (n nodes); `roots` says where each tree begins.

    A row goes left where its `feature` is at most `threshold`. A leaf leads to itself, so that a walk of `depth` steps
    always ends in one; `value` is the leaf's share of the score.
    """

    roots: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: npt.NDArray[np.float64]
    depth: int

    def predict(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(n, features), without NaN → (n,): the sum over the trees."""
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        at = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            goes_left = rows[at, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return np.asarray(self.value[node].sum(axis=1), np.float32)
