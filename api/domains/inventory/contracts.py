"""What other domains may hold of inventory's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

RESERVATION_LIFETIME = timedelta(minutes=10)
LONGEST_RESERVATION = timedelta(hours=1)
MAIN = "main"


@dataclass(frozen=True, slots=True)
class Claim:
    """Units of one variant at one location that an order holds, held or gives back."""

    variant_id: int
    product_id: int
    location: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Location:
    """A place where stock lies; the smallest priority sells first."""

    location: str
    name: str
    priority: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class PlaceSummary:
    """What lies at a place in all: units by claim, and how many variants are sold out or watched and low."""

    location: str
    name: str
    variants: int
    on_hand: int
    allocated: int
    reserved: int
    available: int
    sold_out: int
    low: int


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of the append-only ledger."""

    movement_id: int
    variant_id: int
    location: str
    movement: str
    quantity: int
    on_hand_change: int
    order_id: UUID | None
    cause: str | None
    actor_id: UUID | None
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class StockDifference:
    """A place where the books do not agree: `kind` is what was compared, with both numbers."""

    variant_id: int
    location: str
    kind: str
    in_stock: int
    in_books: int


@dataclass(frozen=True, slots=True)
class Level:
    """What lies at one place of one variant; without a threshold `low_at` is None."""

    variant_id: int
    location: str
    on_hand: int
    allocated: int
    reserved: int
    available: int
    low_at: int | None
    lead_time_days: int | None
    low_since: datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The same with the names that people know."""

    level: Level
    title: str
    sku: str


@dataclass(frozen=True, slots=True)
class Reorder:
    """What to order of something low. Demand is in units a day; `reorder_at` is the level at which to order.

    `is_forecast` where the demand is that of the forecast, and not of the last four weeks.
    """

    variant_id: int
    title: str
    sku: str
    location: str
    available: int
    low_at: int
    daily_mean: float
    daily_deviation: float
    lead_time_days: int
    reorder_at: int
    units: int
    is_forecast: bool
