"""Who stands where: relevance against sameness, the rules of the house, and places that are drawn by lot."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from api.domains.recommendations.domain.candidates import Candidate, unique
from api.domains.recommendations.domain.policy import Policy

# How alike two products are: the shares of a common type, category and brand.
SAME_TYPE, SAME_CATEGORY, SAME_BRAND = 0.6, 0.25, 0.15
MOST_RANKED = 120
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Traits:
    """What makes products alike."""

    product_type: str
    category: str
    brand: str


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
    able = [candidate for candidate in unique(candidates) if candidate.product_id in traits][:MOST_RANKED]
    if not able:
        return []
    found = [traits[each.product_id] for each in able]
    types = _codes([each.product_type for each in found])
    categories = _codes([each.category for each in found])
    brands = _codes([each.brand for each in found])
    relevance = 1 / np.log2(np.arange(len(able)) + 2)
    is_first = np.array([not each.is_filler for each in able])
    likeness = np.zeros(len(able))
    is_free = np.ones(len(able), bool)
    of_type = np.zeros(types.max() + 1, np.int64)
    chosen: list[int] = []
    while len(chosen) < limit:
        may = is_free & (of_type[types] < policy.most_of_a_type)
        if not may.any():
            break
        worth = policy.relevance * relevance - (1 - policy.relevance) * likeness + 2 * is_first
        at = int(np.where(may, worth, -np.inf).argmax())
        chosen.append(at)
        is_free[at] = False
        of_type[types[at]] += 1
        same = SAME_TYPE * (types == types[at]) + SAME_CATEGORY * (categories == categories[at])
        likeness = np.maximum(likeness, same + SAME_BRAND * (brands == brands[at]))
    held = np.flatnonzero(is_free)
    return [able[at] for at in [*chosen, *held.tolist()]]


def _codes(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number for each different name."""
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(name, len(seen)) for name in names])


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
