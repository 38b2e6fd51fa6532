"""How posts and comments are ordered, as functions of votes and time.

Postgres has the same functions for whole tables (migration 0038); a test holds both together. Sources: hot, active and
scaled are those of Lemmy (join-lemmy.org, "Votes and ranking"); controversial is that of reddit's published ranking
code (`_sorts.pyx`); best is the lower bound of E. B. Wilson's score interval ("Probable inference", 1927).
"""

from collections.abc import Sequence
from datetime import timedelta
from math import log10, sqrt
from operator import itemgetter
from typing import TypeVar

ZERO_AFTER = timedelta(days=7)
STIRRED_FOR = timedelta(days=2)
"""How long after a post its comments still bring it up in `active`."""
Z = 1.96  # 95 of 100
GROWN_BY = 10  # a community's size counts anew for `scaled` once it moved by a tenth

K = TypeVar("K")


def hot(score: int, age: timedelta) -> float:
    """log10(max(2, score + 2)) / (hours + 2)^1.8, and zero after seven days."""
    if age >= ZERO_AFTER:
        return 0.0
    hours = max(age.total_seconds(), 0.0) / 3600
    return float(log10(max(2, score + 2)) / (hours + 2) ** 1.8)


def active(score: int, quiet: timedelta) -> float:
    """As hot, by the time since the newest comment that counts (see `STIRRED_FOR`)."""
    return hot(score, quiet)


def scaled(rank: float, size: int) -> float:
    """hot / log10(2 + size): the best of a small community stands beside that of a large one."""
    return rank / log10(2 + size)


def controversial(ups: int, downs: int) -> float:
    """(up + down)^(min/max): many votes, evenly divided; zero while all agree."""
    if ups <= 0 or downs <= 0:
        return 0.0
    return float((ups + downs) ** (min(ups, downs) / max(ups, downs)))


def best(ups: int, downs: int) -> float:
    """The share of votes up that 95 of 100 such samples would not fall below; zero without votes."""
    votes = ups + downs
    if votes == 0:
        return 0.0
    share = ups / votes
    spread = sqrt(share * (1 - share) / votes + Z**2 / (4 * votes**2))
    return (share + Z**2 / (2 * votes) - Z * spread) / (1 + Z**2 / votes)


def has_moved(scaled_size: int, members: int) -> bool:
    """Whether a community grew or shrank by a tenth since its posts' scaled ranks were made."""
    return abs(members - scaled_size) * GROWN_BY >= max(scaled_size, 1)


def certain(stored: Sequence[tuple[K, float, float]], wanted: int, is_all: bool) -> tuple[list[K], bool]:
    """The best by their rank of now, from candidates by (id, stored rank, rank of now), stored ranks descending.

    A stored rank is never less than that of now, so whoever is no candidate ranks at most as the last stored one does.
    Returns up to `wanted` ids with a rank, and whether no other post could rank above them. The threshold is that of
    R. Fagin et al., "Optimal aggregation algorithms for middleware" (2003), with one list.
    """
    ranked = sorted(stored, key=itemgetter(2, 0), reverse=True)
    shown = [each for each in ranked if each[2] > 0][:wanted]
    bound = 0.0 if is_all or not stored else stored[-1][1]
    reaches = len(shown) == wanted and shown[-1][2] >= bound
    return [each[0] for each in shown], is_all or reaches
