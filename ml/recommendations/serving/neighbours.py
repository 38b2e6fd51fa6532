"""What products say of each other, as sparse rows, and the kinds of arrays that scoring is made of."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.recommendations.serving import compiled

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Sparse item-item weights by rows (CSR): row = a product of the history, column = the product it speaks for."""

    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int32]
    weights: Floats

    def row(self, position: int) -> tuple[npt.NDArray[np.int32], Floats]:
        """Columns and weights of one row."""
        part = slice(self.indptr[position], self.indptr[position + 1])
        return self.indices[part], self.weights[part]

    def sums(self, rows: Positions, weights: Floats, columns: int) -> Floats:
        """(columns,): of each column the sum of its entries in these rows, each row times its weight."""
        return compiled.sums(self.indptr, self.indices, self.weights, rows, weights, columns)

    def over(
        self, to: Positions, products: int, column_to: Positions, column_stays: npt.NDArray[np.bool_]
    ) -> "Neighbours":
        """The same weights where row i is now row `to[i]` of `products`, or gone where that is negative.

        `to` rises with i but for what is gone, and so does `column_to`: rows and columns keep their order.
        """
        row = to[np.repeat(np.arange(len(to)), np.diff(self.indptr))]
        kept = (row >= 0) & column_stays[self.indices]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=products))]).astype(np.int64)
        return Neighbours(indptr, column_to[self.indices[kept]].astype(np.int32), self.weights[kept])
