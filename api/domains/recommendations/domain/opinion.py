"""What a version of the models holds, what is known of a person, and what the one thinks for the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.recommendations.serving import (
    EMPTY,
    Blend,
    Floats,
    Heard,
    History,
    Ids,
    Known,
    Plain,
    Positions,
    Related,
    Scorer,
    fold_in,
    top,
)

# How strongly an event of the last days counts beside one purchase of today.
RECENT_WEIGHTS: Mapping[str, float] = {"viewed": 0.5, "carted": 1.0, "ordered": 1.0}
DAY = 86_400.0
RECENT_HALF_LIFE = 3 * DAY
MOST_POPULAR = 2_000
REPEATS = "repeats"  # the scope of what people buy again


@dataclass(frozen=True, slots=True)
class Recent:
    """Something a person did a moment ago; `at` is in seconds of the epoch."""

    product_id: int
    kind: str
    at: float


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of whoever asks, without what they removed. `scopes` are the segments and places to begin with.

    `days` (since the epoch) are those of `bought`; they are missing where an older version tells of it.
    """

    bought: History = EMPTY
    recent: Sequence[Recent] = ()
    removed: frozenset[int] = frozenset()
    scopes: Sequence[str] = ()
    days: Floats | None = None


STRANGER = Person()


@dataclass(frozen=True, slots=True)
class Model:
    """One version of everything that serving holds, read-only: a new one replaces it by one assignment.

    `scorer` is the best single model; where there is a `blend`, that orders what a person gets, and both know the same
    products. `popular` are rows of the scorer, the most popular first. `scopes` are the best products of a department
    or a segment of people, best first; and under REPEATS, sorted, what people buy again.
    """

    version: int
    name: str
    scorer: Scorer
    together: Related
    similar: Related
    popular: Positions
    scopes: Mapping[str, Ids]
    blend: Blend | None

    @classmethod
    def of(
        cls,
        version: int,
        name: str,
        scorer: Scorer,
        together: Related,
        similar: Related,
        scopes: Mapping[str, Ids] | None = None,
        blend: Blend | None = None,
    ) -> "Model":
        """A version whose best sellers are put in order once, not for each answer."""
        if blend is not None:
            scorer = scorer.over(blend.product_ids)
        best = top(scorer.popularity, MOST_POPULAR)
        return cls(version, name, scorer, together, similar, best[scorer.popularity[best] > 0], scopes or {}, blend)

    def is_bought_again(self, product_ids: Ids) -> npt.NDArray[np.bool_]:
        """Whether people buy these again: a second carton of milk, not a second kettle. Of all, where nobody knows."""
        repeats = self.scopes.get(REPEATS)
        return np.ones(len(product_ids), bool) if repeats is None else np.isin(product_ids, repeats)


def recent_history(recent: Sequence[Recent], now: float) -> History:
    """The last events as a history; each halves every three days."""
    weights: dict[int, float] = {}
    for event in recent:
        weight = RECENT_WEIGHTS.get(event.kind, 0.0) * 0.5 ** (max(0.0, now - event.at) / RECENT_HALF_LIFE)
        weights[event.product_id] = weights.get(event.product_id, 0.0) + weight
    return History.of({product_id: weight for product_id, weight in weights.items() if weight > 0})


class Blended(NamedTuple):
    """What a blend knows of a person, what its sources say to them, and the sum of that."""

    known: Known
    heard: Heard
    plain: Plain


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model thinks for one person at one moment: the `scores` of all its products.

    Where the blend answers there is what was `blended` instead, and it puts the best of them into its own order.
    """

    history: History
    now: float
    scores: Floats
    blended: Blended | None = None

    def at(self, rows: Positions) -> Floats:
        """The scores of some products."""
        return self.scores[rows] if self.blended is None else self.blended.plain.at(rows)

    @property
    def largest(self) -> float:
        """The best score of all."""
        return float(self.scores.max()) if self.blended is None else self.blended.plain.largest


def opinion_of(model: Model, person: Person, now: float) -> Opinion | None:
    """What the model thinks of every product for a person; None where nothing it knows was done."""
    lately = recent_history(person.recent, now)
    history = fold_in(person.bought, lately)
    if model.blend is None or (person.days is None and len(person.bought.product_ids)):
        is_known = len(model.scorer.positions(history)[0]) > 0
        return Opinion(history, now, model.scorer.score(history)) if is_known else None
    newest: dict[int, float] = {}
    for event in person.recent:
        newest[event.product_id] = max(event.at, newest.get(event.product_id, 0.0))
    seen = np.array([newest[product_id] / DAY for product_id in lately.product_ids.tolist()], np.float32)
    known = model.blend.known(history, seen if person.days is None else np.concatenate([person.days, seen]))
    if not len(known.rows):
        return None
    heard = model.blend.hear(known)
    return Opinion(history, now, EMPTY.weights, Blended(known, heard, model.blend.plain(heard)))
