"""Who stands where: relevance against sameness, the rules of the house, and places that are drawn by lot."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from api.domains.recommendations.domain.candidates import Candidate, unique
from api.domains.recommendations.domain.policy import Policy

# How alike two products are: the shares of a common type, category and brand.
SAME_TYPE, SAME_CATEGORY, SAME_BRAND = 0.6, 0.25, 0.15
MOST_RANKED = 120
T = TypeVar("T")


_NUMBERS: dict[str, int] = {}


class Traits(NamedTuple):
    """What makes products alike, as a number for each different name."""

    product_type: int
    category: int
    brand: int

    @classmethod
    def of(cls, product_type: str, category: str, brand: str) -> "Traits":
        """Of names, of which there are no more than the catalogue has."""
        return cls(*(_NUMBERS.setdefault(name, len(_NUMBERS)) for name in (product_type, category, brand)))


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """A candidate at its place. `propensity` is the probability with which this policy puts it there.

    Of a drawn one `pool_rank` (from 1) is its rank among the `pool_size` that it was drawn from.
    """

    candidate: T
    propensity: float = 1.0
    pool_rank: int | None = None
    pool_size: int | None = None


def pick(candidates: Sequence[Candidate], traits: Mapping[int, Traits], limit: int, policy: Policy) -> list[Candidate]:
    """All that may be sold (`traits` knows them), the best `limit` first: relevant, unlike each other, few of one type.

    Maximal marginal relevance (Carbonell and Goldstein 1998): the next one maximises
    λ·relevance − (1 − λ)·max similarity to those chosen. Scores of several sources cannot be compared, so relevance is
    1 / log2(1 + rank); what only fills a place comes after all others. Where the rule of types leaves places empty, the
    best of those it held back fill them.
    """
    able = list(islice(unique(each for each in candidates if each.product_id in traits), MOST_RANKED))
    if not able:
        return []
    types, categories, brands = np.array([traits[each.product_id] for each in able]).T
    alike = SAME_TYPE * (types[:, None] == types) + SAME_CATEGORY * (categories[:, None] == categories)
    alike = (1 - policy.relevance) * (alike + SAME_BRAND * (brands[:, None] == brands))
    relevance = policy.relevance * (1 / np.log2(np.arange(len(able)) + 2))
    first = 2.0 * np.array([not each.is_filler for each in able])
    likeness = np.zeros(len(able))
    is_closed = np.zeros(len(able), bool)
    of_type = Counter[int]()
    chosen: list[int] = []
    while len(chosen) < limit and not is_closed.all():
        worth = relevance - likeness
        worth += first
        worth[is_closed] = -np.inf
        at = int(worth.argmax())
        chosen.append(at)
        is_closed[at] = True
        of_type[int(types[at])] += 1
        if of_type[int(types[at])] >= policy.most_of_a_type:
            is_closed |= types == types[at]
        np.maximum(likeness, alike[at], out=likeness)
    taken = set(chosen)
    return [able[at] for at in chosen] + [each for at, each in enumerate(able) if at not in taken]


def place(ranked: Sequence[T], limit: int, policy: Policy, lot: random.Random) -> list[Placed[T]]:
    """`ranked` in `limit` places, where every so many one is drawn at random among those that would not be shown.

    They are drawn without putting back, so each of a pool of m stands at a given drawn place with probability 1/m.
    Where too few are left to draw from, nothing is drawn.
    """
    slots = policy.slots(limit)
    kept = limit - slots
    pool = list(ranked[kept : kept + policy.pool])
    if not slots or len(pool) < 2 * slots:
        return [Placed(candidate) for candidate in ranked[:limit]]
    drawn = iter(lot.sample(range(len(pool)), slots))
    decided = iter(ranked[:kept])
    placed = []
    for position in range(1, limit + 1):
        if position % policy.slot_every:
            placed.append(Placed(next(decided)))
        else:
            at = next(drawn)
            placed.append(Placed(pool[at], 1 / len(pool), at + 1, len(pool)))
    return placed
