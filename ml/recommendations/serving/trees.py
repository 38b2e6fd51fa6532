"""Boosted trees as arrays of bits: what a gradient-boosting library fitted, answered without it.

QuickScorer (Lucchese et al. 2015): a split that a row fails closes the leaves of the split's left side, and of what is
still open the leftmost leaf is the one that a walk down the tree would end in. So all trees are asked at once, feature
by feature.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.recommendations.serving import compiled


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

    def predict(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(n, features), without NaN → (n,): the sum over the trees."""
        return compiled.leaves(rows, self.starts, self.thresholds, self.open_leaves, self.values)
