"""How far somebody is trusted: one score of what they did in the forum and the shop, and the level that it opens.

Levels are those of Discourse in spirit ("Understanding Discourse Trust Levels"): days and things that others thought
good, and nothing that could be bought at once. Every point can be told where it came from.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

Kind = Literal["post", "comment", "review", "order", "verdict", "sale", "refund", "dispute"]
LevelName = Literal["new", "known", "trusted", "pillar"]
LEVEL_NAMES: tuple[LevelName, ...] = ("new", "known", "trusted", "pillar")


@dataclass(frozen=True, slots=True)
class Facts:
    """What counts. `removed`: posts, comments and reviews that moderators took away; `orders`: those that arrived.

    Of what somebody sells: `sales` that arrived, were `cancelled`, `refunded` at least in part, or `disputed` with a
    bank that decided against the sale. A sale that came late does not count: what a delivery promises is a sentence
    of its method, and no order keeps a date to hold it to.
    """

    days: int = 0
    posts: int = 0
    comments: int = 0
    reviews: int = 0
    orders: int = 0
    ups: int = 0
    downs: int = 0
    removed: int = 0
    sales: int = 0
    cancelled: int = 0
    refunded: int = 0
    disputed: int = 0


# What a thing of some kind in some state counts as; a state that is not named counts for nothing.
COUNTS: Mapping[tuple[Kind, str], str] = {
    ("post", "published"): "posts",
    ("comment", "published"): "comments",
    ("review", "published"): "reviews",
    ("order", "published"): "orders",
    ("post", "removed"): "removed",
    ("comment", "removed"): "removed",
    ("verdict", "removed"): "removed",
    ("sale", "published"): "sales",
    ("sale", "cancelled"): "cancelled",
    ("refund", "happened"): "refunded",
    ("dispute", "happened"): "disputed",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one fact gives: `each` points, `most` altogether (None: without end)."""

    fact: str
    text: str
    each: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Gate:
    """What a level needs."""

    score: int
    days: int


PARTS = (
    Part("days", "Days on which you wrote or voted", 1, 60),
    Part("posts", "Posts that can be read", 1, 50),
    Part("comments", "Comments that can be read", 1, 50),
    Part("ups", "Votes up on them", 2, None),
    Part("downs", "Votes down on them", -1, None),
    Part("removed", "Posts, comments and reviews that moderators removed", -10, None),
    Part("reviews", "Reviews of what you bought", 3, 30),
    Part("orders", "Orders that reached you", 5, 50),
    Part("sales", "Sales of yours that arrived", 2, 60),
    Part("cancelled", "Sales of yours that were cancelled", -1, None),
    Part("refunded", "Sales of yours that were refunded", -2, None),
    Part("disputed", "Sales of yours that a bank decided against", -15, None),
)
GATES = (Gate(0, 0), Gate(5, 1), Gate(60, 10), Gate(250, 40))
HOURLY = (10, 60, None, None)  # posts and comments in an hour, by level; None: as many as everybody's limits allow
LINKS_FROM = IMAGES_FROM = 1


def points(facts: Facts) -> list[tuple[Part, int, int]]:
    """(part, how many, points) of everything that counts."""
    found = []
    for part in PARTS:
        count: int = getattr(facts, part.fact)
        gained = count * part.each
        found.append((part, count, gained if part.most is None else min(gained, part.most)))
    return found


def score(facts: Facts) -> int:
    """The sum of all points."""
    return sum(gained for _, _, gained in points(facts))


def level(facts: Facts) -> int:
    """The highest level whose gate is passed, from 0 to 3."""
    total = score(facts)
    passed = [number for number, gate in enumerate(GATES) if total >= gate.score and facts.days >= gate.days]
    return max(passed, default=0)


@dataclass(frozen=True, slots=True)
class Happening:
    """One piece of news. `status`: that of the thing from now on; `value`: that of a vote on it.

    `person_id`: whose the thing is, or who votes; None where this piece of news does not tell whose it is.
    """

    thing_id: UUID
    person_id: UUID | None
    at: datetime
    kind: Kind | None = None
    status: str | None = None
    value: int | None = None


def fold(happenings: Iterable[Happening]) -> dict[UUID, Facts]:
    """Facts by person from all news, in whatever order these come: the newest one of each thing and vote counts."""
    things: dict[UUID, Happening] = {}
    owners: dict[UUID, UUID] = {}
    votes: dict[tuple[UUID, UUID], Happening] = {}
    days: dict[UUID, set[date]] = defaultdict(set)
    for each in happenings:
        if each.value is not None and each.person_id is not None:
            known = votes.get((each.thing_id, each.person_id))
            if known is None or known.at <= each.at:
                votes[each.thing_id, each.person_id] = each
        else:
            before = things.get(each.thing_id)
            if before is None or before.at <= each.at:
                things[each.thing_id] = each
            if each.person_id is not None:
                owners[each.thing_id] = each.person_id
        if each.person_id is not None and is_active(each):
            days[each.person_id].add(each.at.date())
    counts: dict[UUID, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for thing_id, owner in owners.items():
        thing = things[thing_id]
        counted = COUNTS.get((thing.kind, thing.status)) if thing.kind and thing.status else None
        if counted is not None:
            counts[owner][counted] += 1
    for (thing_id, _), vote in votes.items():
        if thing_id in owners and vote.value:
            counts[owners[thing_id]]["ups" if vote.value > 0 else "downs"] += 1
    for person, active in days.items():
        counts[person]["days"] = len(active)
    return {person: Facts(**found) for person, found in counts.items()}


def is_active(each: Happening) -> bool:
    """Whether somebody did something in the forum with it: they wrote or voted."""
    return each.value is not None or (each.kind in ("post", "comment") and each.status == "published")
