"""The rules of a shelf: which products may compete, in which order, for which reason. Pure functions on arrays."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal

import numpy as np

from ml.recommendations.serving import EMPTY, History, Ids, Positions, Related, Scorer, fold_in, top

Kind = Literal["often", "again", "looked", "bought", "together", "similar", "popular", "best", "taste"]
# How strongly an event of the last days counts beside one purchase of today.
RECENT_WEIGHTS: Mapping[str, float] = {"viewed": 0.5, "carted": 1.0, "ordered": 1.0}
RECENT_HALF_LIFE = 3 * 86_400.0
OFTEN_FROM = 1.5  # decayed purchases: twice within a few weeks
MOST_SESSION_SEEDS = 3
MOST_OF_A_TYPE = 2
MOST_SOURCES = 150
MOST_POPULAR = 2_000
REASONS: Mapping[Kind, str] = {
    "often": "You buy these often",
    "again": "You bought these before",
    "looked": "Because you looked at {title}",
    "bought": "Because you buy {title}",
    "together": "Often bought with {title}",
    "similar": "Similar to {title}",
    "popular": "Popular this month",
    "best": "Best sellers",
    "taste": "Fits what you buy",
}


@dataclass(frozen=True, slots=True)
class Recent:
    """Something a person did a moment ago; `at` is in seconds of the epoch."""

    product_id: int
    kind: str
    at: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product that could be shown, and why; `source` is the product that the reason names."""

    product_id: int
    score: float
    kind: Kind
    source: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One version of everything that serving holds, read-only: a new one replaces it by one assignment.

    `popular` are rows of the scorer, the most popular first.
    """

    version: int
    name: str
    scorer: Scorer
    together: Related
    similar: Related
    popular: Positions

    @classmethod
    def of(cls, version: int, name: str, scorer: Scorer, together: Related, similar: Related) -> "Model":
        """A version whose best sellers are put in order once, not for each answer."""
        best = top(scorer.popularity, MOST_POPULAR)
        return cls(version, name, scorer, together, similar, best[scorer.popularity[best] > 0])


def recent_history(recent: Sequence[Recent], now: float) -> History:
    """The last events as a history; each halves every three days."""
    weights: dict[int, float] = {}
    for event in recent:
        weight = RECENT_WEIGHTS.get(event.kind, 0.0) * 0.5 ** (max(0.0, now - event.at) / RECENT_HALF_LIFE)
        weights[event.product_id] = weights.get(event.product_id, 0.0) + weight
    return History.of({product_id: weight for product_id, weight in weights.items() if weight > 0})


def for_home(model: Model, bought: History, recent: Sequence[Recent], now: float, limit: int) -> list[Candidate]:
    """Repeats, what goes with the last looks, and discoveries, taken in turns; the best sellers for a stranger."""
    lately = recent_history(recent, now)
    history = fold_in(bought, lately)
    touched = set(bought.product_ids.tolist()) | {event.product_id for event in recent}
    session = _session(model, recent, touched, limit)
    if not len(model.scorer.positions(history)[0]):
        return list(_in_turns(session, popular(model, limit, touched)))
    scores = model.scorer.score(history)
    often = _often(model, bought, recent, scores, limit)
    best = top(scores, limit * 3 + len(touched))
    is_new = ~np.isin(model.scorer.product_ids[best], np.fromiter(touched, np.int64, len(touched)))
    best = best[is_new][: limit * 3]
    ids = model.scorer.product_ids[best]
    because = model.scorer.because(fold_in(_strongest(bought), lately), ids)
    looked = {event.product_id for event in recent if event.kind == "viewed"} - set(bought.product_ids.tolist())
    found = []
    for product_id, score in zip(ids.tolist(), scores[best].tolist(), strict=True):
        source = because.get(product_id)
        kind: Kind = "taste" if source is None else "looked" if source in looked else "bought"
        found.append(Candidate(product_id, score, kind, source))
    return list(_in_turns(often, session, found))


def _strongest(history: History) -> History:
    """What may be named as a reason: nobody recognises the rest, and looking at all of it takes longer than scoring."""
    if len(history.weights) <= MOST_SOURCES:
        return history
    kept = np.argpartition(-history.weights, MOST_SOURCES)[:MOST_SOURCES]
    return History(history.product_ids[kept], history.weights[kept])


def _candidate(model: Model, at: int, scores: np.ndarray, kind: Kind) -> Candidate:
    return Candidate(int(model.scorer.product_ids[at]), float(scores[at]), kind)


def _often(model: Model, bought: History, recent: Sequence[Recent], scores: np.ndarray, limit: int) -> list[Candidate]:
    """What the person buys again and again, without what was ordered a moment ago."""
    just_ordered = {event.product_id for event in recent if event.kind == "ordered"}
    rows, weights = model.scorer.positions(bought)
    order = np.argsort(-weights, kind="stable")[: limit * 2]
    # Whoever bought little is reminded of all of it.
    found = [
        _candidate(model, int(rows[at]), scores, "often" if weights[at] >= OFTEN_FROM else "again")
        for at in order
        if weights[at] >= OFTEN_FROM or len(order) <= limit
    ]
    return [candidate for candidate in found if candidate.product_id not in just_ordered][:limit]


def _session(model: Model, recent: Sequence[Recent], touched: Collection[int], limit: int) -> list[Candidate]:
    """What goes with the products looked at last, newest first."""
    seeds = list(dict.fromkeys(event.product_id for event in recent if event.kind in {"viewed", "carted"}))
    lists = [
        [candidate for candidate in for_product(model, seed, limit, "looked") if candidate.product_id not in touched]
        for seed in seeds[:MOST_SESSION_SEEDS]
    ]
    return list(_unique(chain.from_iterable(found[:limit] for found in lists)))


def for_product(model: Model, product_id: int, limit: int, kind: Kind | None = None) -> list[Candidate]:
    """What is bought in one order with a product, and what is like it, in turns."""
    return list(
        _in_turns(
            _related(model.together, product_id, kind or "together", limit),
            _related(model.similar, product_id, kind or "similar", limit),
        )
    )


def _related(related: Related, product_id: int, kind: Kind, limit: int) -> list[Candidate]:
    ids, weights = related.of(product_id)
    pairs = zip(ids[: limit * 2].tolist(), weights[: limit * 2].tolist(), strict=True)
    return [Candidate(found, weight, kind, product_id) for found, weight in pairs if found != product_id]


def for_cart(model: Model, cart: Sequence[int], limit: int) -> list[Candidate]:
    """What is bought together with the products of a cart, by the sum of what speaks for it."""
    total: dict[int, float] = {}
    loudest: dict[int, tuple[float, int]] = {}
    for product_id in cart:
        ids, weights = model.together.of(product_id)
        for found, weight in zip(ids.tolist(), weights.tolist(), strict=True):
            total[found] = total.get(found, 0.0) + weight
            loudest[found] = max(loudest.get(found, (0.0, 0)), (weight, product_id))
    ranked = sorted(total.keys() - set(cart), key=lambda found: (-total[found], found))[: limit * 6]
    return [Candidate(found, total[found], "together", loudest[found][1]) for found in ranked]


def popular(model: Model, limit: int, but: Collection[int | None] = ()) -> list[Candidate]:
    """The best sellers of the last weeks."""
    best = model.popular[: limit * 4 + len(but)].tolist()
    found = (_candidate(model, at, model.scorer.popularity, "popular") for at in best)
    return [candidate for candidate in found if candidate.product_id not in but]


def pick(candidates: Sequence[Candidate], types: Mapping[int, str], limit: int) -> list[Candidate]:
    """The first `limit` that may be sold (`types` knows their kind), few of one type; repeats keep their place.

    Where the rule leaves places empty, the best of those it held back fill them.
    """
    chosen: list[Candidate] = []
    held: list[Candidate] = []
    count: dict[str, int] = {}
    for candidate in _unique(candidates):
        kind = types.get(candidate.product_id)
        if kind is None:
            continue
        if count.get(kind, 0) >= MOST_OF_A_TYPE:
            held.append(candidate)
            continue
        count[kind] = count.get(kind, 0) + 1
        chosen.append(candidate)
        if len(chosen) == limit:
            return chosen
    return (chosen + held)[:limit]


def reason(candidate: Candidate, titles: Mapping[int, str]) -> str:
    """The sentence for the person; without a name for the source it says less."""
    if candidate.source is None:
        return REASONS[candidate.kind]
    title = titles.get(candidate.source)
    return REASONS["taste"] if title is None else REASONS[candidate.kind].format(title=title)


def known(product_ids: Ids | None, weights: np.ndarray | None) -> History:
    """A history from what serving holds; the empty one for a stranger."""
    return EMPTY if product_ids is None or weights is None else History(product_ids, weights)


def _in_turns(*lists: Sequence[Candidate]) -> Iterator[Candidate]:
    rows = chain.from_iterable(zip_longest(*lists))
    return _unique(candidate for candidate in rows if candidate is not None)


def _unique(candidates: Iterator[Candidate] | Sequence[Candidate]) -> Iterator[Candidate]:
    seen: set[int] = set()
    for candidate in candidates:
        if candidate.product_id not in seen and math.isfinite(candidate.score):
            seen.add(candidate.product_id)
            yield candidate
