"""What several sources say to one person, over no more products than any of them speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.recommendations.serving import compiled
from ml.recommendations.serving.neighbours import Floats, Positions
from ml.recommendations.serving.scorer import Scorer, top


@dataclass(frozen=True, slots=True)
class Places:
    """Where the products stand of which any source can say something: `union` are their positions, rising (m).

    `slots` (n) are their places in it, −1 for all others; `within` and `of_source` have the same for each source: the
    place in the union of each thing it says, and (n) the place of what it says of a product, one beyond the last for
    those it says nothing about. `silent` are all others, those first that more people bought; `ties` (n) is what
    popularity adds to each.
    """

    union: Positions
    slots: npt.NDArray[np.int32]
    within: tuple[Positions, ...]
    of_source: tuple[npt.NDArray[np.int32], ...]
    silent: Positions
    ties: Floats

    @classmethod
    def of(cls, sources: Sequence[Scorer], ties: Floats) -> "Places":
        """Those of compact sources."""
        placed = [np.empty(0, np.int64) if source.placed is None else source.placed for source in sources]
        is_heard = np.zeros(len(ties), bool)
        for each in placed:
            is_heard[each] = True
        union, silent = np.flatnonzero(is_heard), np.flatnonzero(~is_heard)
        slots = np.full(len(ties), -1, np.int32)
        slots[union] = np.arange(len(union), dtype=np.int32)
        of_source = []
        for each in placed:
            own = np.full(len(ties), len(each), np.int32)
            own[each] = np.arange(len(each), dtype=np.int32)
            of_source.append(own)
        within = tuple(slots[each].astype(np.int64) for each in placed)
        order = silent[np.argsort(-ties[silent], kind="stable")]
        return cls(union, slots, within, tuple(of_source), order, ties)


@dataclass(frozen=True, slots=True)
class Heard:
    """What every source says to one person, unscaled, with its mean and standard deviation over all products (n).

    `said` of a source are its own products and one more, about which it says nothing.
    """

    places: Places
    said: tuple[Floats, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]

    def standard(self, source: int, at: Positions) -> Floats:
        """Standard scores of some products: how far above its mean over all of them a source puts each."""
        of_source, said = self.places.of_source[source], self.said[source]
        return compiled.standard(said, of_source, at, self.means[source], self.spreads[source])


@dataclass(frozen=True, slots=True)
class Plain:
    """The sum of the standard scores, but for a constant: `values` of the union; of all others what popularity adds."""

    places: Places
    values: Floats

    def at(self, positions: Positions) -> Floats:
        """Of these products."""
        slots = self.places.slots[positions]
        is_heard = slots >= 0
        if is_heard.all():
            return self.values[slots]
        found = self.places.ties[positions]
        found[is_heard] = self.values[slots[is_heard]]
        return found

    @property
    def largest(self) -> float:
        """Of all products."""
        others = self.places.ties[self.places.silent[:1]]
        return float(max(self.values.max(initial=-np.inf), others.max(initial=-np.inf)))

    def best(self, limit: int, but: Positions) -> Positions:
        """Positions of the `limit` best without those in `but`, as `top` orders them."""
        places = self.places
        values = self.values
        if len(but):
            slots = places.slots[but]
            values = values.copy()
            values[slots[slots >= 0]] = -np.inf
        loud = top(values, limit)
        loud = loud[np.isfinite(values[loud])]
        silent = places.silent[: limit + len(but)]
        if len(loud) == limit and not (limit and len(silent) and places.ties[silent[0]] >= values[loud[-1]]):
            return places.union[loud]
        silent = silent[~np.isin(silent, but)][:limit]
        both = np.sort(np.concatenate([places.union[loud], silent]))
        return both[top(self.at(both), limit)]
