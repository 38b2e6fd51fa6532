"""Strikes that fade, and what follows from those that have not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.domains.moderation.contracts.cases import Standing

FADES_IN = timedelta(days=90)
WATCHED, SUSPENDED = 1.0, 2.0  # while more than so many points are left


@dataclass(frozen=True, slots=True)
class Sanction:
    """A strike of some weight, and perhaps a time until which the person may not write."""

    strike: int
    given_at: datetime
    restricted_until: datetime | None = None


def points(sanctions: Iterable[Sanction], at: datetime) -> float:
    """What is left of the strikes: each fades evenly from its weight to nothing in `FADES_IN`."""
    return sum(each.strike * max(0.0, 1 - max(at - each.given_at, timedelta(0)) / FADES_IN) for each in sanctions)


def standing(sanctions: Iterable[Sanction], at: datetime) -> Standing:
    """What weighs on a person at a time.

    Suspended while more than `SUSPENDED` points are left or a restriction runs, watched while more than `WATCHED` are.
    """
    given = list(sanctions)
    left = points(given, at)
    ends = [each.restricted_until for each in given if each.restricted_until and each.restricted_until > at]
    if left > SUSPENDED:
        ends.append(_until(given, at))
    return Standing(round(left, 2), max(ends, default=None), left > WATCHED)


def _until(sanctions: list[Sanction], at: datetime) -> datetime:
    """When `SUSPENDED` points are left: the sum falls evenly between the ends of single strikes."""
    stops = sorted({each.given_at + FADES_IN for each in sanctions if each.given_at + FADES_IN > at})
    start, left = at, points(sanctions, at)
    for stop in stops:
        then = points(sanctions, stop)
        if then <= SUSPENDED:
            return start + (stop - start) * ((left - SUSPENDED) / (left - then))
        start, left = stop, then
    return start
