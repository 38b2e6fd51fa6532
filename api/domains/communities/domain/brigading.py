"""Accounts that vote alike: whether a few people, or one with several accounts, vote things up or down together.

Two accounts belong together where they gave the same vote to at least `SHARED` things within `TOGETHER` of each other,
and where that is most of what the one of them who voted less did. Two people who both read the front page share votes
as well, but not most of them and not at the same minutes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

SHARED = 5
TOGETHER = timedelta(minutes=10)
LEAST_SHARE = 0.7
WITHIN = timedelta(days=1)
# A thing that so many vote on says nothing about any two of them.
MOST_VOTERS = 200


@dataclass(frozen=True, slots=True)
class Pair:
    """Two accounts, and the things on which they gave the same vote at nearly the same time."""

    one: UUID
    other: UUID
    things: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts that belong together, in their order, and the things that at least two of them voted on alike."""

    people: tuple[UUID, ...]
    things: tuple[UUID, ...]


def groups(pairs: Iterable[Pair], votes: Mapping[UUID, int]) -> list[Group]:
    """Connected groups of the pairs that belong together; `votes` are all that each account gave in that time."""
    near: dict[UUID, set[UUID]] = defaultdict(set)
    things: dict[UUID, set[UUID]] = defaultdict(set)
    for pair in pairs:
        fewest = min(votes.get(pair.one, 0), votes.get(pair.other, 0))
        if len(pair.things) >= SHARED and fewest and len(pair.things) / fewest >= LEAST_SHARE:
            for one, other in ((pair.one, pair.other), (pair.other, pair.one)):
                near[one].add(other)
                things[one] |= pair.things
    found, seen = [], set[UUID]()
    for first in sorted(near):
        if first not in seen:
            people = _reached(first, near)
            seen |= people
            shared = set[UUID]().union(*(things[each] for each in people))
            found.append(Group(tuple(sorted(people)), tuple(sorted(shared))))
    return found


def _reached(first: UUID, near: Mapping[UUID, set[UUID]]) -> set[UUID]:
    reached, waiting = {first}, [first]
    while waiting:
        new = near[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached
