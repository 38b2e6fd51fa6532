"""The loops of scoring, compiled: one person is a few thousand short steps, and NumPy takes longer to begin each.

Every function says what it takes, so it is compiled once, when this module is first imported on a machine, and kept
beside its source; what does not fit is a TypeError. Arrays are contiguous and are only read, but for those called
`into`.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit
from numba import types as numba_types

Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
Whole = npt.NDArray[np.int32]
Function = TypeVar("Function", bound=Callable[..., Any])


types: Any = numba_types  # only partly typed


def _read(kind: Any, dimensions: int = 1) -> Any:
    return types.Array(kind, dimensions, "C", readonly=True)


def _changed(kind: Any, dimensions: int = 1) -> Any:
    return types.Array(kind, dimensions, "C")


I32, I64, F32, F64 = types.int32, types.int64, types.float32, types.float64
IDS, COLUMNS, NUMBERS = _read(I64), _read(I32), _read(F32)
_SAMPLED = 16  # every so many scores, to tell roughly where the largest begin


def _compiled(*signatures: Any, **options: Any) -> Callable[[Function], Function]:
    make: Any = njit(list(signatures), cache=True, nogil=True, **options)
    return cast("Callable[[Function], Function]", make)


@_compiled(types.Tuple((_changed(I64), _changed(F32), _changed(F32)))(IDS, IDS, NUMBERS, NUMBERS))
def known(product_ids: Positions, ids: Positions, weights: Floats, days: Floats) -> tuple[Positions, Floats, Floats]:
    """Of a history the positions in `product_ids` (both of ids), rising, each once: weights summed, the newest day.

    What is not among the products, or weighs nothing, is left out.
    """
    order = np.argsort(ids, kind="mergesort")
    rows = np.empty(len(ids), np.int64)
    sums = np.empty(len(ids), np.float32)
    newest = np.empty(len(ids), np.float32)
    count = first = 0
    while first < len(order):
        product_id = ids[order[first]]
        total, last, day = 0.0, first, np.float32(-np.inf)
        while last < len(order) and ids[order[last]] == product_id:
            total += weights[order[last]]
            day = max(day, days[order[last]])
            last += 1
        first = last
        at = np.searchsorted(product_ids, product_id)
        if at < len(product_ids) and product_ids[at] == product_id and np.float32(total) > 0:
            rows[count], sums[count], newest[count] = at, np.float32(total), day
            count += 1
    return rows[:count].copy(), sums[:count].copy(), newest[:count].copy()


@_compiled(_changed(F32)(IDS, COLUMNS, NUMBERS, IDS, NUMBERS, I64))
def sums(indptr: Positions, indices: Whole, weights: Floats, rows: Positions, by: Floats, columns: int) -> Floats:
    """(columns,): of each column of sparse rows the sum of its entries in `rows`, each row times its `by`."""
    total = np.zeros(columns)
    for place in range(len(rows)):
        row = rows[place]
        for entry in range(indptr[row], indptr[row + 1]):
            total[indices[entry]] += weights[entry] * by[place]
    return total.astype(np.float32)


@_compiled(_changed(F32)(_read(F32, 2), _read(F32, 2), NUMBERS, F64))
def fold_in(gram: Floats, items: Floats, confidence: Floats, regularization: float) -> Floats:
    """(d,): (G + Yᵀ(C − I)Y + λI)⁻¹ YᵀC1 for rows Y (`items`), by Cholesky's factors, in double precision."""
    size = gram.shape[0]
    left = np.empty((size, size))
    right = np.zeros(size)
    for i in range(size):
        for j in range(i + 1):
            left[i, j] = gram[i, j]
        left[i, i] += regularization
    for place in range(len(items)):
        weight = np.float64(confidence[place])
        for i in range(size):
            value = np.float64(items[place, i])
            right[i] += weight * value
            part = (weight - 1) * value
            for j in range(i + 1):
                left[i, j] += part * items[place, j]
    for i in range(size):
        for j in range(i + 1):
            rest = left[i, j]
            for k in range(j):
                rest -= left[i, k] * left[j, k]
            left[i, j] = np.sqrt(max(rest, 1e-30)) if i == j else rest / left[j, j]
    for i in range(size):
        for k in range(i):
            right[i] -= left[i, k] * right[k]
        right[i] /= left[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            right[i] -= left[k, i] * right[k]
        right[i] /= left[i, i]
    return right.astype(np.float32)


# In whatever order it adds fastest: one after the other is four times as slow.
@_compiled(types.UniTuple(F64, 2)(NUMBERS, I64), fastmath={"reassoc", "contract"})
def moments(values: Floats, count: int) -> tuple[float, float]:
    """Mean and standard deviation of `count` numbers, of which those that are not in `values` are 0."""
    total = squares = 0.0
    for value in values:
        total += value
        squares += np.float64(value) * value
    mean = total / count
    return mean, np.sqrt(max(squares / count - mean * mean, 0.0))


@_compiled(types.void(_changed(F32), IDS, NUMBERS, F32))
def add(into: Floats, places: Positions, values: Floats, by: float) -> None:
    """Adds values, times `by`, at these places."""
    for at in range(len(places)):
        into[places[at]] += values[at] * by


@_compiled(types.void(NUMBERS, _changed(I64), I64, I64))
def _sink(scores: Floats, into: Positions, root: int, size: int) -> None:
    while True:
        worst, left = root, 2 * root + 1
        for child in (left, left + 1):
            if child < size:
                mine, other = scores[into[child]], scores[into[worst]]
                if mine < other or (mine == other and into[child] > into[worst]):
                    worst = child
        if worst == root:
            return
        into[root], into[worst] = into[worst], into[root]
        root = worst


@_compiled(_changed(I64)(NUMBERS, I64))
def _worth_a_look(scores: Floats, size: int) -> Positions:
    """Positions, rising, among which the `size` largest are: all, or those above what a sample of them says."""
    rank = 2 * size // _SAMPLED + 8
    if len(scores) < 4 * rank * _SAMPLED:
        return np.arange(len(scores))
    sample = scores[::_SAMPLED].copy()
    floor = np.sort(sample)[-rank]
    found = np.empty(len(scores), np.int64)
    count = 0
    for at in range(len(scores)):
        found[count] = at
        count += scores[at] >= floor
    return found[:count].copy() if count >= size else np.arange(len(scores))


@_compiled(_changed(I64)(NUMBERS, I64))
def top(scores: Floats, limit: int) -> Positions:
    """Positions of the `limit` largest scores, largest first; equal scores in the order of position."""
    size = min(limit, len(scores))
    seen = _worth_a_look(scores, size)
    heap = seen[:size].copy()  # the worst of those kept stands first
    if not size:
        return heap
    for root in range(size // 2 - 1, -1, -1):
        _sink(scores, heap, root, size)
    least = scores[heap[0]]
    for at in seen[size:]:
        if scores[at] > least:  # of equal scores the earlier one stays
            heap[0] = at
            _sink(scores, heap, 0, size)
            least = scores[heap[0]]
    for end in range(size - 1, 0, -1):
        heap[0], heap[end] = heap[end], heap[0]
        _sink(scores, heap, 0, end)
    return heap


@_compiled(_changed(F32)(NUMBERS, COLUMNS, IDS, F64, F64))
def standard(said: Floats, of_source: Whole, at: Positions, mean: float, spread: float) -> Floats:
    """Standard scores of the products at `at`, whose places in `said` are those of `of_source`; 0 without a spread."""
    found = np.zeros(len(at), np.float32)
    if spread:
        for place in range(len(at)):
            found[place] = (said[of_source[at[place]]] - np.float32(mean)) / np.float32(spread)
    return found


@_compiled(types.void(NUMBERS, IDS, _changed(F32, 2), I64))
def scores_and_ranks(part: Floats, asked: Positions, into: Floats, column: int) -> None:
    """Of what a source says of all candidates, for those asked: the score, and log1p of the place among all."""
    place = np.empty(len(part), np.float32)
    order = np.argsort(-part, kind="mergesort")
    for rank in range(len(order)):
        place[order[rank]] = rank
    for row in range(len(asked)):
        into[row, column] = part[asked[row]]
        into[row, column + 1] = np.log1p(place[asked[row]])


@_compiled(types.void(IDS, NUMBERS, NUMBERS, F64, F64, IDS, NUMBERS, COLUMNS, NUMBERS, NUMBERS, _changed(F32, 2), I64))
def own_and_alike(
    rows: Positions,
    weights: Floats,
    days: Floats,
    now: float,
    never: float,
    chosen: Positions,
    gap: Floats,
    category: Whole,
    category_share: Floats,
    trait: Floats,
    into: Floats,
    column: int,
) -> None:
    """What a person's own purchases say of each product chosen: nine columns, see OF_BOTH of the blend."""
    count = len(rows)
    place = np.empty(count, np.float32)
    order = np.argsort(-weights, kind="mergesort")
    for rank in range(count):
        place[order[rank]] = np.log1p(np.float32(rank))
    taste = np.zeros(max(len(category_share), 1))
    total = largest = 0.0
    mean = spread = 0.0
    for at in range(count):
        total += weights[at]
        largest = max(largest, np.float64(weights[at]))
        mean += trait[rows[at]] / count
    for at in range(count):
        spread += (trait[rows[at]] - mean) ** 2 / count
        if category[rows[at]] >= 0:
            taste[category[rows[at]]] += weights[at] / total
    spread = np.sqrt(spread)
    far = np.log1p(never)
    for row in range(len(chosen)):
        product = chosen[row]
        at = np.searchsorted(rows, product)
        if at < count and rows[at] == product:
            since = min(max(now - days[at], 0.0), never)
            into[row, column] = weights[at]
            into[row, column + 1] = weights[at] / largest
            into[row, column + 2] = place[at]
            into[row, column + 3] = since
            into[row, column + 4] = min(since / max(gap[product], np.float32(1)), 10.0)
        else:
            into[row, column] = 0
            into[row, column + 1] = 0
            into[row, column + 2] = far
            into[row, column + 3] = never
            into[row, column + 4] = 10
        code = category[product]
        mine = taste[code] if code >= 0 else 0.0
        usual = np.float64(category_share[code]) if code >= 0 and len(category_share) else 0.0
        distance = trait[product] - mean
        into[row, column + 5] = mine
        into[row, column + 6] = mine - usual
        into[row, column + 7] = distance
        into[row, column + 8] = distance / (spread + 1e-3 + 0.01 * abs(mean))


@_compiled(
    *(
        _changed(F32)(_read(F32, 2), IDS, _read(F64), _read(bits, 2), _read(F64, 2))
        for bits in (types.uint8, types.uint16, types.uint32, types.uint64)
    )
)
def leaves(
    rows: Floats,
    starts: Positions,
    thresholds: npt.NDArray[np.float64],
    open_leaves: npt.NDArray[np.unsignedinteger],
    values: npt.NDArray[np.float64],
) -> Floats:
    """(n,): of every row the sum of the leaves in which it ends, one of each tree."""
    trees = len(values)
    still = np.empty(trees, open_leaves.dtype)
    found = np.empty(len(rows), np.float32)
    for row in range(len(rows)):
        still[:] = open_leaves[0]  # of no threshold passed: all are open
        for feature in range(len(starts) - 1):
            first, last = starts[feature], starts[feature + 1]
            if last > first:
                passed = np.searchsorted(thresholds[first:last], np.float64(rows[row, feature]))
                for tree in range(trees):
                    still[tree] &= open_leaves[first + feature + passed, tree]
        total = 0.0
        for tree in range(trees):
            leaf, left = 0, still[tree]
            while not left & 1:
                left >>= 1
                leaf += 1
            total += values[tree, leaf]
        found[row] = total
    return found


@_compiled(_changed(I64)(IDS, COLUMNS, NUMBERS, IDS, NUMBERS, IDS, IDS, I64))
def loudest(
    indptr: Positions,
    indices: Whole,
    weights: Floats,
    rows: Positions,
    by: Floats,
    wanted: Positions,
    columns_of: Positions,
    columns: int,
) -> Positions:
    """For each of `wanted`, whose columns are `columns_of` (−1 for none), the place in `rows` that adds most to it.

    No product speaks for itself; −1 where nothing does.
    """
    place = np.full(columns, -1, np.int32)
    for at in range(len(wanted)):
        if columns_of[at] >= 0:
            place[columns_of[at]] = at
    best = np.zeros(len(wanted), np.float32)
    found = np.full(len(wanted), -1, np.int64)
    for at in range(len(rows)):
        row = rows[at]
        for entry in range(indptr[row], indptr[row + 1]):
            which = place[indices[entry]]
            if which >= 0 and wanted[which] != row:
                share = weights[entry] * by[at]
                if share > best[which]:
                    best[which] = share
                    found[which] = at
    return found


@_compiled(_changed(I64)(_read(I64, 2), NUMBERS, _read(types.boolean), I64, F64, I64))
def diversified(
    traits: Positions, shares: Floats, is_filler: npt.NDArray[np.bool_], limit: int, relevance: float, most: int
) -> Positions:
    """Places of candidates (n), the best first, by maximal marginal relevance (Carbonell and Goldstein 1998).

    The next of at most `limit` is the one with the largest λ·relevance − (1 − λ)·similarity to what was chosen, where λ
    is `relevance`, that of the candidate at place r is 1 / log2(r + 2), and two are alike by the `shares` of those
    `traits` (n × kinds) that they have in common. What only fills a place comes after all others. No more than `most`
    are chosen that have the first trait in common.
    """
    count = len(traits)
    worth = np.empty(count)
    for at in range(count):
        worth[at] = relevance / np.log2(at + 2) + (0.0 if is_filler[at] else 2.0)
    likeness = np.zeros(count)
    is_closed = np.zeros(count, np.bool_)
    chosen = np.empty(min(limit, count), np.int64)
    for number in range(len(chosen)):
        best = -1
        for at in range(count):
            if not is_closed[at] and (best < 0 or worth[at] - likeness[at] > worth[best] - likeness[best]):
                best = at
        if best < 0:
            return chosen[:number].copy()
        chosen[number] = best
        is_closed[best] = True
        alike = 0
        for other in range(number + 1):
            alike += traits[chosen[other], 0] == traits[best, 0]
        for at in range(count):
            same = 0.0
            for kind in range(traits.shape[1]):
                if traits[at, kind] == traits[best, kind]:
                    same += shares[kind]
            likeness[at] = max(likeness[at], (1 - relevance) * same)
            if alike >= most and traits[at, 0] == traits[best, 0]:
                is_closed[at] = True
    return chosen
