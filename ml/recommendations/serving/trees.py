"""Boosted trees as arrays of bits: what a gradient-boosting library fitted, answered by NumPy alone.

QuickScorer (Lucchese et al. 2015): a split that a row fails closes the leaves of the split's left side, and of what is
still open the leftmost leaf is the one that a walk down the tree would end in. So all trees are asked at once, feature
by feature, in a tenth of the time that walking takes in NumPy.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Trees:
    """`thresholds` of feature f are [starts[f], starts[f + 1]), rising. A row goes left where it is at most one.

    `open_leaves` (thresholds + features × trees, unsigned): in row starts[f] + f + i the bits of the leaves that stay
    open where i thresholds of f are passed, bit 0 for the leftmost leaf. `values` (trees × leaves) are the scores.
    """

    starts: npt.NDArray[np.int64]
    thresholds: npt.NDArray[np.float64]
    open_leaves: npt.NDArray[np.unsignedinteger]
    values: npt.NDArray[np.float64]

    @cached_property
    def _asked(self) -> list[tuple[int, npt.NDArray[np.float64], npt.NDArray[np.unsignedinteger]]]:
        """Those features that any tree asks for: their thresholds, and the open leaves by how many are passed."""
        starts = self.starts.tolist()
        return [
            (feature, self.thresholds[first:last], self.open_leaves[first + feature : last + feature + 1])
            for feature, (first, last) in enumerate(pairwise(starts))
            if last > first
        ]

    def prepare(self) -> None:
        """Make now what the first rows would."""
        _ = self._asked

    def predict(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(n, features), without NaN → (n,): the sum over the trees."""
        trees, leaves = self.values.shape
        still = np.full((len(rows), trees), self.open_leaves[0])  # of no threshold passed: all are open
        columns = rows.T.astype(np.float64, order="C")
        for feature, thresholds, open_leaves in self._asked:
            still &= open_leaves[thresholds.searchsorted(columns[feature])]
        leftmost = np.bitwise_count((still & (~still + still.dtype.type(1))) - still.dtype.type(1))
        at = leftmost + np.arange(trees, dtype=np.int64) * leaves
        return np.asarray(self.values.ravel()[at].sum(axis=1), np.float32)
