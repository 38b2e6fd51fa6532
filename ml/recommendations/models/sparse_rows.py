"""From item-item weights to the few per row that are worth serving."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ml.recommendations.serving import Neighbours


def keep_largest(block: npt.NDArray[np.float32], keep: int, chosen: npt.NDArray[np.int64], products: int) -> Neighbours:
    """Of a dense (k × k) matrix over the products at `chosen`, each row's `keep` largest by size, as rows of all."""
    return from_rows([(chosen, block)], keep, chosen, products)


def from_rows(
    blocks: Iterable[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]],
    keep: int,
    columns: npt.NDArray[np.int64],
    products: int,
) -> Neighbours:
    """Blocks of (positions of the rows, dense rows over `columns`) → sparse rows over all `products`.

    Positions must rise from block to block; zeros are never kept.
    """
    lengths = np.zeros(products, np.int64)
    indices: list[npt.NDArray[np.int32]] = []
    weights: list[npt.NDArray[np.float32]] = []
    for rows, block in blocks:
        size = min(keep, block.shape[1])
        largest = np.sort(np.argpartition(-np.abs(block), size - 1, axis=1)[:, :size], axis=1)
        values = np.take_along_axis(block, largest, axis=1)
        kept = values != 0
        lengths[rows] = kept.sum(axis=1)
        indices.append(columns[largest][kept].astype(np.int32))
        weights.append(values[kept].astype(np.float32))
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    empty = (np.empty(0, np.int32), np.empty(0, np.float32))
    return Neighbours(indptr, np.concatenate(indices or [empty[0]]), np.concatenate(weights or [empty[1]]))


def largest_of(
    rows: npt.NDArray[np.integer],
    columns: npt.NDArray[np.integer],
    weights: npt.NDArray[np.float32],
    keep: int,
    products: int,
) -> Neighbours:
    """Loose entries (row, column, weight) → each row's `keep` largest, columns rising within a row."""
    order = np.lexsort((columns, -weights, rows))
    row = rows[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    kept = order[place < keep]
    kept = kept[np.lexsort((columns[kept], rows[kept]))]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=products))]).astype(np.int64)
    return Neighbours(indptr, columns[kept].astype(np.int32), weights[kept].astype(np.float32))
