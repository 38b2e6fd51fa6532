"""One model as arrays: exact dot products and sparse sums, no approximate index.

A scorer is read-only and holds arrays only, so that a new one can replace an old one by a single assignment.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from ml.recommendations.serving import compiled
from ml.recommendations.serving.neighbours import Floats, Ids, Neighbours, Positions

Kind = Literal["popular", "neighbours", "least_squares", "profile"]

POPULARITY_TIE_BREAK = 1e-3


@dataclass(frozen=True, slots=True)
class History:
    """What one person did: product ids and how strongly each counts (same length; ids may repeat)."""

    product_ids: Ids
    weights: Floats

    @classmethod
    def of(cls, weights: dict[int, float]) -> "History":
        """From a mapping of product id to weight."""
        return cls(
            np.fromiter(weights.keys(), np.int64, len(weights)),
            np.fromiter(weights.values(), np.float32, len(weights)),
        )


EMPTY = History(np.empty(0, np.int64), np.empty(0, np.float32))


@dataclass(frozen=True, slots=True)
class Scorer:
    """One fitted model over `product_ids` (sorted, n). `popularity` (n) is scaled to [0, 1].

    `repeat_weight` is how much a person's own purchases count beside the model's affinity, both scaled to at most 1.
    `power` damps the weights of the history before the model sees them. `factors` is (n, d); `alpha` and
    `regularization` are those they were fitted with. Of a compact scorer they are (m, d), and the columns of
    `neighbours` m, of the products at the m positions of `placed`: about all others it says nothing.
    """

    kind: Kind
    product_ids: Ids
    popularity: Floats
    repeat_weight: float = 0.0
    power: float = 1.0
    neighbours: Neighbours | None = None
    factors: Floats | None = None
    alpha: float = 1.0
    regularization: float = 0.0
    gram: Floats | None = field(default=None)
    placed: Positions | None = None

    def positions(self, history: History) -> tuple[Positions, Floats]:
        """Rows of the known products of a history, each once, their weights summed."""
        if not len(self.product_ids) or not len(history.product_ids):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        weights = np.asarray(history.weights, np.float32)
        rows, weights, _ = compiled.known(self.product_ids, history.product_ids, weights, weights)
        return rows, weights

    def affinity(self, history: History) -> Floats:
        """The model alone, without the person's own repeats: (n,), unscaled; zeros for an empty history."""
        return self.affinity_of(*self.positions(history))

    def affinity_of(self, rows: Positions, weights: Floats) -> Floats:
        """The same where the positions of the history are known."""
        return self._affinity(rows, weights**self.power)

    def _affinity(self, rows: Positions, weights: Floats) -> Floats:
        said = self._said(rows, weights)
        if self.placed is None:
            return said
        scores = np.zeros(len(self.product_ids), np.float32)
        scores[self.placed] = said
        return scores

    def said(self, rows: Positions, weights: Floats, spare: int = 0) -> Floats:
        """What `affinity_of` is at `placed`, and that is all of it; of a scorer that is not compact, everywhere.

        Behind it stand as many zeros as are to be `spare`.
        """
        return self._said(rows, weights**self.power, spare)

    def _said(self, rows: Positions, weights: Floats, spare: int = 0) -> Floats:
        columns = len(self.product_ids) if self.placed is None else len(self.placed)
        if len(rows) == 0 or self.kind == "popular":
            return np.zeros(columns + spare, np.float32)
        if self.kind == "neighbours":
            if self.neighbours is None:
                raise ValueError("a scorer of kind neighbours needs neighbours")
            return self.neighbours.sums(rows, weights, columns + spare)
        if self.factors is None:
            raise ValueError(f"a scorer of kind {self.kind} needs factors")
        said = np.zeros(columns + spare, np.float32)
        np.dot(self.factors, self.person(rows, weights), out=said[:columns])
        return said

    def vectors(self, rows: Positions) -> Floats:
        """The factors of the products at these positions, zeros where a product has none."""
        if self.factors is None:
            raise ValueError(f"a scorer of kind {self.kind} needs factors")
        if self.placed is None:
            return self.factors[rows]
        if not len(self.placed):
            return np.zeros((len(rows), self.factors.shape[1]), np.float32)
        at = np.minimum(np.searchsorted(self.placed, rows), len(self.placed) - 1)
        return np.asarray(self.factors[at] * (self.placed[at] == rows)[:, None], np.float32)

    def person(self, rows: Positions, weights: Floats) -> Floats:
        """The person's factor from item factors: the fold-in of whatever was seen, without training.

        least_squares: x = (YᵀY + Yᵀ(C − I)Y + λI)⁻¹ YᵀC1 with c = α·weight (Hu, Koren, Volinsky 2008, eq. 4).
        profile: the weighted mean of the item vectors, at length one.
        """
        if self.factors is None:
            raise ValueError(f"a scorer of kind {self.kind} needs factors")
        items = self.vectors(rows)
        if self.kind == "profile":
            mean = weights @ items
            return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)
        gram = self.gram if self.gram is not None else self.factors.T @ self.factors
        confidence = np.float32(self.alpha) * weights
        return compiled.fold_in(gram, items, confidence, self.regularization)

    def score(self, history: History) -> Floats:
        """What is ranked and what is evaluated: (n,). Without a usable history this is popularity."""
        rows, weights = self.positions(history)
        return self.blend(rows, weights, self.affinity_of(rows, weights), self.repeat_weight)

    def blend(self, rows: Positions, weights: Floats, affinity: Floats, repeat_weight: float) -> Floats:
        """The parts of a score: popularity to break ties, affinity (of this history) and own repeats at most 1 each."""
        scores = self.popularity * np.float32(POPULARITY_TIE_BREAK)
        if len(rows) == 0:
            return scores
        largest = float(np.abs(affinity).max(initial=0.0))
        if largest > 0:
            scores = scores + affinity / np.float32(largest)
        if repeat_weight:
            scores[rows] += np.float32(repeat_weight) * weights / weights.max()
        if self.kind == "popular":
            scores = scores + self.popularity
        return scores

    def over(self, product_ids: Ids) -> "Scorer":
        """The same model over other products (sorted): it is silent about those it does not know, and forgets others.

        Factors stay as they were fitted: with `gram` given, a fold-in is the one of before.
        """
        if np.array_equal(product_ids, self.product_ids):
            return self
        to = np.minimum(np.searchsorted(product_ids, self.product_ids), len(product_ids) - 1)
        stays = product_ids[to] == self.product_ids
        popularity = np.zeros(len(product_ids), np.float32)
        popularity[to[stays]] = self.popularity[stays]
        at = np.arange(len(to)) if self.placed is None else self.placed
        is_placed = stays[at]
        factors = neighbours = None
        placed = to[at][is_placed]
        if self.factors is not None:
            factors = self.factors[is_placed]
        if self.neighbours is not None:
            columns = np.cumsum(is_placed) - 1
            neighbours = self.neighbours.over(np.where(stays, to, -1), len(product_ids), columns, is_placed)
        return replace(
            self,
            product_ids=product_ids,
            popularity=popularity,
            factors=factors,
            placed=placed,
            neighbours=neighbours,
        )

    def compact(self) -> "Scorer":
        """The same model without those products that it says nothing about: most of them, where few sell often."""
        if self.placed is not None:
            return self
        if self.factors is not None:
            used = np.flatnonzero(self.factors.any(axis=1))
            gram = self.factors.T @ self.factors if self.gram is None else self.gram
            return replace(self, factors=self.factors[used], placed=used, gram=gram)
        is_used = np.zeros(len(self.product_ids), bool)
        if self.neighbours is None:
            return replace(self, placed=np.flatnonzero(is_used))
        is_used[self.neighbours.indices] = True
        columns = (np.cumsum(is_used) - 1).astype(np.int32)[self.neighbours.indices]
        return replace(self, placed=np.flatnonzero(is_used), neighbours=replace(self.neighbours, indices=columns))

    def similar(self, product_id: int, limit: int) -> tuple[Ids, Floats]:
        """The products nearest to one product, best first, itself left out."""
        at = int(np.searchsorted(self.product_ids, product_id))
        if at == len(self.product_ids) or self.product_ids[at] != product_id:
            return EMPTY.product_ids, EMPTY.weights
        scores = self._affinity(np.array([at]), np.ones(1, np.float32))
        scores[at] = 0
        best = top(scores, limit)
        best = best[scores[best] > 0]
        return self.product_ids[best], scores[best]

    def because(self, history: History, product_ids: Ids) -> dict[int, int]:
        """For each product the product of the history that speaks loudest for it; none where nothing does."""
        rows, weights = self.positions(history)
        wanted, _ = self.positions(History(product_ids, np.ones(len(product_ids), np.float32)))
        loudest = self.loudest(rows, weights, wanted)
        return {
            int(self.product_ids[w]): int(self.product_ids[rows[r]])
            for w, r in zip(wanted, loudest.tolist(), strict=True)
            if r >= 0
        }

    def loudest(self, rows: Positions, weights: Floats, wanted: Positions) -> Positions:
        """For each of `wanted` the place in `rows` of what speaks loudest for it; −1 where nothing does."""
        if len(rows) == 0 or len(wanted) == 0 or self.kind == "popular":
            return np.full(len(wanted), -1, np.int64)
        by = weights**self.power
        if self.neighbours is not None:
            columns = len(self.product_ids) if self.placed is None else len(self.placed)
            of = wanted if self.placed is None else self._places(wanted)
            rest = self.neighbours
            return compiled.loudest(rest.indptr, rest.indices, rest.weights, rows, by, wanted, of, columns)
        if self.factors is None:
            return np.full(len(wanted), -1, np.int64)
        shares = (self.vectors(rows) @ self.vectors(wanted).T) * by[:, None]
        shares[rows[:, None] == wanted[None, :]] = 0
        loudest = shares.argmax(axis=0)
        return np.where(shares[loudest, np.arange(len(wanted))] > 0, loudest, -1)

    def _places(self, rows: Positions) -> Positions:
        """Where a compact scorer keeps these products; −1 where it says nothing about one."""
        placed = EMPTY.product_ids if self.placed is None else self.placed
        if not len(placed):
            return np.full(len(rows), -1, np.int64)
        at = np.minimum(np.searchsorted(placed, rows), len(placed) - 1)
        return np.where(placed[at] == rows, at, -1)


@dataclass(frozen=True, slots=True)
class Related:
    """Products that go with a product, best first: `product_ids` sorted, row i is [indptr[i], indptr[i + 1])."""

    product_ids: Ids
    indptr: npt.NDArray[np.int64]
    neighbours: Ids
    weights: Floats

    def of(self, product_id: int) -> tuple[Ids, Floats]:
        """Ids and weights for one product; empty where nothing is known."""
        at = int(np.searchsorted(self.product_ids, product_id))
        if at == len(self.product_ids) or self.product_ids[at] != product_id:
            return EMPTY.product_ids, EMPTY.weights
        part = slice(self.indptr[at], self.indptr[at + 1])
        return self.neighbours[part], self.weights[part]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The numbers of a scorer that travel beside its arrays."""

    kind: Kind
    repeat_weight: float = 0.0
    power: float = 1.0
    alpha: float = 1.0
    regularization: float = 0.0


def assemble(
    parameters: Parameters,
    popular: tuple[Ids, Floats],
    factors: tuple[Ids, Floats] | None = None,
    neighbours: Related | None = None,
) -> Scorer:
    """A scorer from what the serving tables hold. Products are all that any of the parts knows."""
    parts = [popular[0]]
    if factors is not None:
        parts.append(factors[0])
    if neighbours is not None:
        parts += [neighbours.product_ids, neighbours.neighbours]
    ids = np.unique(np.concatenate(parts))
    popularity = np.zeros(len(ids), np.float32)
    popularity[np.searchsorted(ids, popular[0])] = popular[1]
    table = gram = rows = None
    if factors is not None:
        table = np.zeros((len(ids), factors[1].shape[1]), np.float32)
        table[np.searchsorted(ids, factors[0])] = factors[1]
        gram = table.T @ table if parameters.kind == "least_squares" else None
    if neighbours is not None:
        lengths = np.zeros(len(ids), np.int64)
        lengths[np.searchsorted(ids, neighbours.product_ids)] = np.diff(neighbours.indptr)
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        columns = np.searchsorted(ids, neighbours.neighbours).astype(np.int32)
        rows = Neighbours(indptr, columns, neighbours.weights)
    return Scorer(
        parameters.kind,
        ids,
        popularity,
        repeat_weight=parameters.repeat_weight,
        power=parameters.power,
        neighbours=rows,
        factors=table,
        alpha=parameters.alpha,
        regularization=parameters.regularization,
        gram=gram,
    )


def fold_in(history: History, recent: History) -> History:
    """The history with the events of the last seconds behind it. Weights of the same product add up when scored."""
    return History(
        np.concatenate([history.product_ids, recent.product_ids]),
        np.concatenate([history.weights, recent.weights]),
    )


def top(scores: Floats, limit: int) -> Positions:
    """Positions of the `limit` largest scores, largest first; equal scores in the order of position."""
    return compiled.top(np.ascontiguousarray(scores, np.float32), limit)
