"""Rules of inventory without a database. The SQL of the repository keeps the same rules under locks."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

SHARDS = 32  # rows of a unit that many want at once


class StockRuleBroken(ValueError):
    """The change would promise a unit twice, or take one that is not there."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Units of one variant at one place. Every change is a new value, and none of them goes below zero."""

    on_hand: int = 0
    allocated: int = 0
    reserved: int = 0

    def __post_init__(self) -> None:
        if min(self.on_hand, self.allocated, self.reserved, self.available) < 0:
            raise StockRuleBroken(f"{self} goes below zero")

    @property
    def available(self) -> int:
        """What can still be promised."""
        return self.on_hand - self.allocated - self.reserved

    def receive(self, quantity: int) -> "Stock":
        """More on the shelf."""
        return replace(self, on_hand=self.on_hand + _positive(quantity))

    def reserve(self, quantity: int) -> "Stock":
        """Hold units for a checkout."""
        return replace(self, reserved=self.reserved + _positive(quantity))

    def free(self, quantity: int) -> "Stock":
        """Give up a hold."""
        return replace(self, reserved=self.reserved - _positive(quantity))

    def allocate(self, quantity: int) -> "Stock":
        """A hold becomes an order's own."""
        return replace(
            self, reserved=self.reserved - _positive(quantity), allocated=self.allocated + _positive(quantity)
        )

    def release(self, quantity: int) -> "Stock":
        """An order gives up what was its own."""
        return replace(self, allocated=self.allocated - _positive(quantity))

    def ship(self, quantity: int) -> "Stock":
        """What was an order's own leaves the house."""
        return replace(self, on_hand=self.on_hand - _positive(quantity), allocated=self.allocated - _positive(quantity))

    def adjust(self, change: int) -> "Stock":
        """The count was wrong by `change`; what is claimed has to stay."""
        return replace(self, on_hand=self.on_hand + change)


def _positive(quantity: int) -> int:
    if quantity < 1:
        raise StockRuleBroken(f"a quantity must be at least 1, not {quantity}")
    return quantity


def merge_lines(lines: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Lines → quantity per variant, in the order of ids: the order in which every statement locks stock.

    Raises ValueError for a quantity below one.
    """
    merged: Counter[int] = Counter()
    for variant_id, quantity in lines:
        if quantity < 1:
            raise ValueError(f"a quantity must be at least 1, not {quantity}")
        merged[variant_id] += quantity
    return dict(sorted(merged.items()))


def pick_locations(
    available: Mapping[str, Mapping[int, int]], priority: Sequence[str], wanted: Mapping[int, int]
) -> dict[tuple[int, str], int] | None:
    """Where each unit comes from: the first location by priority that has everything, else split by priority.

    `available` is location → variant → units. Returns units per (variant, location), None where all have too little.
    """
    whole = [at for at in priority if all(available.get(at, {}).get(v, 0) >= units for v, units in wanted.items())]
    order = [*whole[:1], *(at for at in priority if at not in whole[:1])]
    picked: dict[tuple[int, str], int] = {}
    for variant_id, units in wanted.items():
        missing = units
        for location in order:
            if taken := min(missing, available.get(location, {}).get(variant_id, 0)):
                picked[variant_id, location] = taken
                missing -= taken
        if missing:
            return None
    return picked


SERVICE_LEVEL_Z = 1.645  # the normal distribution's 95th percentile: one order in twenty may come too late


@dataclass(frozen=True, slots=True)
class DailyDemand:
    """Units a day, and their spread: forecast, or as they were lately."""

    mean: float
    deviation: float
    is_forecast: bool

    def reorder_at(self, lead_time_days: int) -> float:
        """The level at which to order."""
        return reorder_point(self.mean, self.deviation, lead_time_days)

    def units_to_order(self, available: int, low_at: int, lead_time_days: int) -> int:
        """Up to the reorder point and what one more delivery time sells, and at least up to the threshold."""
        wanted = math.ceil(self.reorder_at(lead_time_days) + self.mean * lead_time_days)
        return max(0, wanted - available, low_at - available)


NOTHING_SOLD = DailyDemand(0.0, 0.0, is_forecast=False)


def reorder_point(daily_mean: float, daily_deviation: float, lead_time_days: int) -> float:
    """Units at which to order: the demand while the delivery is on its way, and safety stock against its spread.

    mean · L + z · deviation · √L, for independent days of demand and a fixed lead time of L days (Silver, Pyke, Thomas,
    Inventory and Production Management in Supply Chains, 4th edition, chapter 6).
    """
    return daily_mean * lead_time_days + SERVICE_LEVEL_Z * daily_deviation * math.sqrt(lead_time_days)
