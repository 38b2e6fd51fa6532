"""Which products may compete, from which source, in which order, for which reason. Pure functions on arrays."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Literal, NamedTuple

import numpy as np

from api.domains.recommendations.domain.opinion import DAY, Model, Opinion, Person, Recent, opinion_of, recent_history
from ml.recommendations.serving import (
    EMPTY,
    Floats,
    History,
    Positions,
    Related,
    fold_in,
    top,
)

Kind = Literal[
    "often", "again", "looked", "bought", "together", "similar", "segment", "here", "popular", "best", "taste", "new"
]
OFTEN_FROM = 1.5  # decayed purchases: twice within a few weeks
MOST_SESSION_SEEDS = 3
MOST_SOURCES = 40
MOST_NEW = 10
SEARCH_WEIGHT = 0.3
REASONS: Mapping[Kind, str] = {
    "often": "You buy these often",
    "again": "You bought these before",
    "looked": "Because you looked at {title}",
    "bought": "Because you buy {title}",
    "together": "Often bought with {title}",
    "similar": "Similar to {title}",
    "segment": "Popular with households like yours",
    "here": "Popular where you look around",
    "popular": "Popular this month",
    "best": "Best sellers",
    "taste": "Fits what you buy",
    "new": "New in the shop",
}


class Candidate(NamedTuple):
    """A product that could be shown, and why; `source` is the product that the reason names.

    A filler stands only where nothing better is left.
    """

    product_id: int
    score: float
    kind: Kind
    source: int | None = None
    is_filler: bool = False


def for_home(model: Model, person: Person, limit: int, opinion: Opinion | None) -> list[Candidate]:
    """Repeats, what goes with the last looks, and discoveries, taken in turns; `opinion` is that of `opinion_of`.

    A stranger gets what people of the same segment and visitors of the same departments buy, then the best sellers.
    """
    touched = set(person.bought.product_ids.tolist()) | {event.product_id for event in person.recent}
    session = _session(model, person.recent, touched, limit)
    if opinion is None:
        alike = [of_scope(model, scope, limit, touched) for scope in person.scopes]
        return list(_in_turns(session, *alike, popular(model, limit, touched)))
    often = _often(model, person, opinion, limit)
    return list(_in_turns(often, session, _discoveries(model, opinion, touched, limit)))


def _discoveries(model: Model, opinion: Opinion, touched: Collection[int], limit: int) -> list[Candidate]:
    """What the model ranks first among what the person never touched; `explained` says why."""
    if model.blend is not None and opinion.blended is not None:
        known, heard, plain = opinion.blended
        chosen = model.blend.candidates(known, plain, "new")
        best, scores = model.blend.order(known, heard, chosen, plain, opinion.now / DAY, "new")
    else:
        best = top(opinion.scores, limit * 3 + len(touched))
        scores = opinion.scores[best]
    ids = model.scorer.product_ids[best].tolist()
    pairs = zip(ids, scores.tolist(), strict=True)
    found = (Candidate(product_id, score, "taste") for product_id, score in pairs if product_id not in touched)
    return list(islice(found, limit * 3))


def explained(
    model: Model, person: Person, opinion: Opinion | None, candidates: Sequence[Candidate]
) -> list[Candidate]:
    """The candidates, and of those that fit the person what speaks loudest for them."""
    ids = np.array([each.product_id for each in candidates if each.kind == "taste"], np.int64)
    if opinion is None or not len(ids):
        return list(candidates)
    history = fold_in(_strongest(person.bought), recent_history(person.recent, opinion.now))
    if model.blend is not None and opinion.blended is not None:
        because = model.blend.because(history, opinion.blended.heard, ids)
    else:
        because = model.scorer.because(history, ids)
    looked = {event.product_id for event in person.recent if event.kind == "viewed"}
    looked -= set(person.bought.product_ids.tolist())

    def explain(candidate: Candidate) -> Candidate:
        source = because.get(candidate.product_id)
        if candidate.kind != "taste" or source is None:
            return candidate
        return candidate._replace(kind="looked" if source in looked else "bought", source=source)

    return [explain(each) for each in candidates]


def of_scope(model: Model, scope: str, limit: int, but: Collection[int] = ()) -> list[Candidate]:
    """The best of a department (`department:…`) or of a segment of people (`segment:…`)."""
    kind: Kind = "segment" if scope.startswith("segment:") else "here"
    ids = model.scopes.get(scope, EMPTY.product_ids)[: limit * 2 + len(but)].tolist()
    found = (Candidate(product_id, 1 / place, kind) for place, product_id in enumerate(ids, start=1))
    return [candidate for candidate in found if candidate.product_id not in but]


@dataclass(frozen=True, slots=True)
class New:
    """What is new in the shop. Neighbours by description of i: [starts[i], starts[i + 1]); their weights sum to 1."""

    product_ids: tuple[int, ...]
    starts: Positions
    rows: Positions
    weights: Floats

    @classmethod
    def of(cls, model: Model, product_ids: Sequence[int]) -> "New":
        """With what a model holds to be like each."""
        near = [model.scorer.positions(History(*model.similar.of(product_id))) for product_id in product_ids]
        starts = np.concatenate([[0], np.cumsum([len(rows) for rows, _ in near])]).astype(np.int64)
        rows = np.concatenate([np.empty(0, np.int64), *(rows for rows, _ in near)])
        weights = np.concatenate([EMPTY.weights, *(weights / weights.sum() for _, weights in near)])
        return cls(tuple(product_ids), starts, rows, weights)


def for_new(model: Model, new: New, opinion: Opinion | None) -> list[Candidate]:
    """What is new, ordered by how well its neighbours fit the person, else by how popular they are; at most MOST_NEW.

    Nobody has bought these yet: their content is all that speaks for them, and most are shown by lot.
    """
    known = model.scorer.popularity[new.rows] if opinion is None else opinion.at(new.rows)
    sums = np.concatenate([[0.0], np.cumsum(known * new.weights)])
    fits = sums[new.starts[1:]] - sums[new.starts[:-1]]
    best = np.argsort(-fits, kind="stable")[:MOST_NEW].tolist()
    return [Candidate(new.product_ids[at], float(fits[at]), "new", is_filler=True) for at in best]


def _strongest(history: History) -> History:
    """What may be named as a reason: nobody recognises the rest, and looking at all of it takes longer than scoring."""
    if len(history.weights) <= MOST_SOURCES:
        return history
    kept = np.argpartition(-history.weights, MOST_SOURCES)[:MOST_SOURCES]
    return History(history.product_ids[kept], history.weights[kept])


def _often(model: Model, person: Person, opinion: Opinion, limit: int) -> list[Candidate]:
    """What the person buys again and again, without what was ordered a moment ago and what nobody buys twice."""
    just_ordered = {event.product_id for event in person.recent if event.kind == "ordered"}
    rows, weights = model.scorer.positions(person.bought)
    again = model.is_bought_again(model.scorer.product_ids[rows])
    rows, weights = rows[again], weights[again]
    strongest = np.argsort(-weights, kind="stable")[: limit * 2]
    if len(strongest) > limit:  # whoever bought little is reminded of all of it
        strongest = strongest[weights[strongest] >= OFTEN_FROM]
    weight_of = dict(zip(rows[strongest].tolist(), weights[strongest].tolist(), strict=True))
    order = _due(model, opinion, rows[strongest])
    ids, scores = model.scorer.product_ids[order].tolist(), opinion.at(order).tolist()
    found = (
        Candidate(product_id, score, "often" if weight_of[at] >= OFTEN_FROM else "again")
        for at, product_id, score in zip(order.tolist(), ids, scores, strict=True)
        if product_id not in just_ordered
    )
    return list(islice(found, limit))


def _due(model: Model, opinion: Opinion, own: Positions) -> Positions:
    """What a person bought, in the order in which the blend expects it next; as it was without a blend."""
    if model.blend is None or opinion.blended is None or not len(own):
        return own
    known, heard, plain = opinion.blended
    chosen = model.blend.candidates(known, plain, "next")
    return model.blend.order(known, heard, chosen, plain, opinion.now / DAY, "next", np.sort(own))[0]


def _session(model: Model, recent: Sequence[Recent], touched: Collection[int], limit: int) -> list[Candidate]:
    """What goes with the products looked at last, newest first."""
    seeds = list(dict.fromkeys(event.product_id for event in recent if event.kind in {"viewed", "carted"}))
    lists = [
        [candidate for candidate in for_product(model, seed, limit, "looked") if candidate.product_id not in touched]
        for seed in seeds[:MOST_SESSION_SEEDS]
    ]
    return list(unique(chain.from_iterable(found[:limit] for found in lists)))


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


def reranked(model: Model, person: Person, product_ids: Sequence[int], now: float) -> list[int]:
    """Places of `product_ids` in a new order: the place that the words gave counts, and the person's score beside it.

    Both are in [0, 1], so a product moves up at most by SEARCH_WEIGHT of the list.
    """
    opinion = opinion_of(model, person, now)
    if opinion is None:
        return list(range(len(product_ids)))
    scorer = model.scorer
    at = np.minimum(np.searchsorted(scorer.product_ids, product_ids), len(scorer.product_ids) - 1)
    scores = np.where(scorer.product_ids[at] == product_ids, opinion.at(at), 0.0)
    fits = np.clip(scores / max(float(scores.max()), 1e-12), 0.0, 1.0)
    by_words = 1 - np.arange(len(product_ids)) / len(product_ids)
    order: list[int] = np.argsort(-(by_words + SEARCH_WEIGHT * fits), kind="stable").tolist()
    return order


def popular(model: Model, limit: int, but: Collection[int | None] = ()) -> list[Candidate]:
    """The best sellers of the last weeks."""
    best = model.popular[: limit * 4 + len(but)]
    pairs = zip(model.scorer.product_ids[best].tolist(), model.scorer.popularity[best].tolist(), strict=True)
    return [Candidate(product_id, score, "popular") for product_id, score in pairs if product_id not in but]


def reason(candidate: Candidate, titles: Mapping[int, str]) -> str:
    """The sentence for the person; without a name for the source it says less."""
    if candidate.source is None:
        return REASONS[candidate.kind]
    title = titles.get(candidate.source)
    return REASONS["taste"] if title is None else REASONS[candidate.kind].format(title=title)


def contributions(candidate: Candidate, person: Person) -> Iterator[tuple[int, str, float | None]]:
    """What the reason stands on: (product id, viewed, carted, ordered or bought, when), the newest first.

    `bought` is of the orders that the model learned from; when each of them was is not kept.
    """
    about = candidate.product_id if candidate.kind in {"often", "again"} else candidate.source
    if about is None or candidate.kind in {"together", "similar"}:
        return
    yield from ((event.product_id, event.kind, event.at) for event in person.recent if event.product_id == about)
    if about in person.bought.product_ids:
        yield about, "bought", None


def _in_turns(*lists: Sequence[Candidate]) -> Iterator[Candidate]:
    rows = chain.from_iterable(zip_longest(*lists))
    return unique(candidate for candidate in rows if candidate is not None)


def unique(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Each product once, where it comes first; scores that are no numbers are left out."""
    seen: set[int] = set()
    for candidate in candidates:
        product_id = candidate[0]
        if product_id not in seen and math.isfinite(candidate[1]):
            seen.add(product_id)
            yield candidate
