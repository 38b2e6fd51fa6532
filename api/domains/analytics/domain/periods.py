"""The days that a page shows, and the same number of days before them."""

from dataclasses import dataclass
from datetime import date, timedelta

LONGEST = 366
USUAL = 28


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included, in UTC."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def previous(self) -> "Period":
        """As many days, ending the day before this one begins."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def each_day(self) -> list[date]:
        """Every day, the oldest first."""
        return [self.first + timedelta(days=number) for number in range(self.days)]


def period_of(newest: date, days: int | None = None, first: date | None = None, last: date | None = None) -> Period:
    """The period that somebody asked for; `days` up to `newest` where no dates are given.

    Raises ValueError with a reason for the person.
    """
    if first is None and last is None:
        length = days or USUAL
        if not 1 <= length <= LONGEST:
            raise ValueError(f"must be between 1 and {LONGEST} days")
        return Period(newest - timedelta(days=length - 1), newest)
    last = last or newest
    first = first or last - timedelta(days=(days or USUAL) - 1)
    if first > last:
        raise ValueError("must not be after the last day")
    if (last - first).days >= LONGEST:
        raise ValueError(f"must be at most {LONGEST} days before the last day")
    return Period(first, last)
