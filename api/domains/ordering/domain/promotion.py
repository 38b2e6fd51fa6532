"""The promotion as an aggregate: whether it applies to a cart, and what it takes off each line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.core.money import Money, allocate, share
from api.domains.ordering.contracts import PromotionKind
from api.domains.ordering.domain.lines import CURRENCY, PricedLine
from api.domains.ordering.errors import PromotionRefused


@dataclass(frozen=True, slots=True)
class Saving:
    """What a promotion does to one cart: a discount per line, in their order, and whether delivery is free."""

    discounts: tuple[int, ...]
    is_delivery_free: bool = False


@dataclass(frozen=True, slots=True)
class Promotion:
    """A code with its conditions. Without products and departments it is for everything."""

    promotion_id: UUID
    code: str
    title: str
    kind: PromotionKind
    starts_at: datetime
    ends_at: datetime | None = None
    percent: int | None = None
    amount_minor: int | None = None
    buy_quantity: int | None = None
    get_quantity: int | None = None
    minimum_minor: int = 0
    most_uses: int | None = None
    most_per_customer: int | None = None
    product_ids: tuple[int, ...] = ()
    departments: tuple[str, ...] = ()
    uses: int = 0
    is_active: bool = True

    def save(self, lines: Sequence[PricedLine], departments: Mapping[int, str], now: datetime) -> Saving:
        """What it takes off these lines; `departments` is by product id. Raises PromotionRefused."""
        if not self.is_active or now < self.starts_at or (self.ends_at is not None and now >= self.ends_at):
            raise PromotionRefused(self.code, "This code is not valid at the moment.")
        if sum(line.total_minor for line in lines) < self.minimum_minor:
            least = Money(self.minimum_minor, CURRENCY).show()
            raise PromotionRefused(self.code, f"This code needs goods for at least {least}.")
        weights = [line.total_minor if self._covers(line, departments) else 0 for line in lines]
        if not any(weights):
            raise PromotionRefused(self.code, "This code is for other products.")
        if self.kind is PromotionKind.FREE_DELIVERY:
            return Saving(tuple(0 for _ in lines), is_delivery_free=True)
        if self.kind is PromotionKind.BUY_X_GET_Y:
            return Saving(self._given([line if weight else None for line, weight in zip(lines, weights, strict=True)]))
        whole = sum(weights)
        off = share(whole, self.percent or 0, 100)
        if self.kind is PromotionKind.AMOUNT:
            off = min(self.amount_minor or 0, whole)
        return Saving(tuple(allocate(off, weights)))

    def _covers(self, line: PricedLine, departments: Mapping[int, str]) -> bool:
        if not self.product_ids and not self.departments:
            return True
        return line.product_id in self.product_ids or departments.get(line.product_id) in self.departments

    def _given(self, lines: Sequence[PricedLine | None]) -> tuple[int, ...]:
        """Of every x + y units y are given, the cheapest of all. Raises PromotionRefused for fewer than x + y."""
        bundle = (self.buy_quantity or 0) + (self.get_quantity or 0)
        covered = [line for line in lines if line is not None]
        left = sum(line.quantity for line in covered) // bundle * (self.get_quantity or 0)
        if not left:
            raise PromotionRefused(self.code, f"Put {bundle} of the products into the cart to use this code.")
        given: dict[int, int] = {}
        for line in sorted(covered, key=lambda line: line.unit_price_minor):
            units = min(left, line.quantity)
            given[line.line_number] = units * line.unit_price_minor
            left -= units
        return tuple(given.get(line.line_number, 0) if line else 0 for line in lines)
