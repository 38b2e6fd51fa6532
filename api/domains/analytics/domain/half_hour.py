"""What a page of the last half hour shows, and when it is too old to be called that."""

from dataclasses import dataclass
from datetime import datetime, timedelta

KEYS = ("visitors", "views", "carts", "checkouts", "orders", "revenue_minor")
ABOUT = frozenset({"visitors", "views"})  # counted to within one per cent
STALE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the stream, whole and by minute, beside two half hours of the warehouse; None: not known."""

    key: str
    now: int | None
    minutes: tuple[int, ...]
    warehouse: int | None
    week_before: int | None

    @property
    def is_about(self) -> bool:
        """Whether it is an estimate."""
        return self.key in ABOUT


@dataclass(frozen=True, slots=True)
class HalfHour:
    """From `since` to `as_of` in the stream; `warehouse_as_of` ends the warehouse's own newest half hour."""

    since: datetime | None
    as_of: datetime | None
    warehouse_as_of: datetime | None
    currency: str
    figures: tuple[Figure, ...]

    def is_stale(self, now: datetime) -> bool:
        """Whether the stream stands still."""
        return self.as_of is None or now - self.as_of > STALE
