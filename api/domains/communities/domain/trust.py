"""How far somebody is trusted: one score of what they did in the forum and the shop, and the level that it opens.

Levels are those of Discourse in spirit ("Understanding Discourse Trust Levels"): days and things that others thought
good, and nothing that could be bought at once. Every point can be told where it came from.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

Kind = Literal["post", "comment", "review", "order"]
LevelName = Literal["new", "known", "trusted", "pillar"]
LEVEL_NAMES: tuple[LevelName, ...] = ("new", "known", "trusted", "pillar")


@dataclass(frozen=True, slots=True)
class Facts:
    """What counts. `removed`: posts and comments that moderators took away; `orders`: those that arrived."""

    days: int = 0
    posts: int = 0
    comments: int = 0
    reviews: int = 0
    orders: int = 0
    ups: int = 0
    downs: int = 0
    removed: int = 0


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
    Part("removed", "Posts and comments that moderators removed", -10, None),
    Part("reviews", "Reviews of what you bought", 3, 30),
    Part("orders", "Orders that reached you", 5, 50),
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
    """One piece of news. `status`: that of the thing from now on; `value`: that of a vote on it."""

    thing_id: UUID
    person_id: UUID
    at: datetime
    kind: Kind | None = None
    status: str | None = None
    value: int | None = None


def fold(happenings: Iterable[Happening]) -> dict[UUID, Facts]:
    """Facts by person from all news, in whatever order these come: the newest one of each thing and vote counts."""
    things: dict[UUID, Happening] = {}
    votes: dict[tuple[UUID, UUID], Happening] = {}
    days: dict[UUID, set[date]] = defaultdict(set)
    for each in happenings:
        if each.value is not None:
            known = votes.get((each.thing_id, each.person_id))
            if known is None or known.at <= each.at:
                votes[each.thing_id, each.person_id] = each
        else:
            before = things.get(each.thing_id)
            if before is None or before.at <= each.at:
                things[each.thing_id] = each
        if each.value is not None or (each.kind in ("post", "comment") and each.status == "published"):
            days[each.person_id].add(each.at.date())
    counts: dict[UUID, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for thing in things.values():
        if thing.status == "published":
            counts[thing.person_id][f"{thing.kind}s"] += 1
        elif thing.status == "removed":
            counts[thing.person_id]["removed"] += 1
    for vote in votes.values():
        author = things.get(vote.thing_id)
        if author is not None and vote.value:
            counts[author.person_id]["ups" if vote.value > 0 else "downs"] += 1
    for person, active in days.items():
        counts[person]["days"] = len(active)
    return {person: Facts(**found) for person, found in counts.items()}
