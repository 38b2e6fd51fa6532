"""Who stands where: relevance against sameness, the rules of the house, and places that are drawn by lot."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from api.domains.recommendations.domain.candidates import Candidate, unique
from api.domains.recommendations.domain.policy import Policy
from ml.recommendations.serving import diversified

ALIKE = np.array([0.6, 0.25, 0.15], np.float32)  # two products: the shares of a common type, category and brand
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

    Scores of several sources cannot be compared, so what counts is the rank; see `diversified`. Where the rule of types
    leaves places empty, the best of those it held back fill them.
    """
    able = list(islice(unique(each for each in candidates if each.product_id in traits), MOST_RANKED))
    if not able:
        return []
    kinds = np.array([traits[each.product_id] for each in able], np.int64)
    is_filler = np.array([each.is_filler for each in able])
    chosen = diversified(kinds, ALIKE, is_filler, limit, policy.relevance, policy.most_of_a_type).tolist()
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
