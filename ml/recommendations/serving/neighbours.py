"""What products say of each other, as sparse rows, and the kinds of arrays that scoring is made of."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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

    def entries(self, rows: Positions) -> tuple[npt.NDArray[np.int32], Floats, Positions]:
        """Columns and weights of all these rows, row after row, and how many each row has.

        Whole rows are copied one after the other: picking out single entries takes three times as long.
        """
        starts, ends = self.indptr[rows], self.indptr[rows + 1]
        lengths = ends - starts
        if table := self._as_table(starts, lengths):
            return table[0].ravel(), table[1].ravel(), lengths
        parts = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        if not parts:
            return self.indices[:0], self.weights[:0], lengths
        indices = np.concatenate([self.indices[part] for part in parts])
        return indices, np.concatenate([self.weights[part] for part in parts]), lengths

    def sums(self, rows: Positions, weights: Floats, columns: int) -> Floats:
        """(columns,): of each column the sum of its entries in these rows, each row times its weight."""
        starts = self.indptr[rows]
        lengths = self.indptr[rows + 1] - starts
        if table := self._as_table(starts, lengths):
            indices, values = table
            heard = weights if len(values) == len(weights) else weights[lengths > 0]
            indices, values = indices.ravel(), (values * heard[:, None]).ravel()
        else:
            indices, values, _ = self.entries(rows)
            values = values * np.repeat(weights, lengths)
        return np.bincount(indices, weights=values, minlength=columns).astype(np.float32)

    def _as_table(self, starts: Positions, lengths: Positions) -> tuple[npt.NDArray[np.int32], Floats] | None:
        """Columns and weights of those of these rows that have any, where each has as many as the others.

        Most models keep the same number for every product: then the rows are those of a table, and come at once.
        """
        there = lengths > 0
        if not there.all():
            starts, lengths = starts[there], lengths[there]
        if not len(lengths):
            return None
        width = int(lengths[0])
        if len(self.indices) % width or (lengths != width).any() or (starts % width).any():
            return None
        at = starts // width
        return self.indices.reshape(-1, width)[at], self.weights.reshape(-1, width)[at]

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
