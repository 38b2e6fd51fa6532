"""The order as an aggregate: what its state allows, what is still to ship, what can be sent back and given back."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from api.core.money import share
from api.domains.ordering.contracts import OrderStatus, ReturnStatus
from api.domains.ordering.domain.lines import PricedLine
from api.domains.ordering.errors import (
    IllegalMove,
    NothingLeftToReturn,
    NothingLeftToShip,
    RefundTooLarge,
    ReturnTooLate,
)

RETURN_WINDOW = timedelta(days=30)

NEXT_STATES: Mapping[OrderStatus, tuple[OrderStatus, ...]] = {
    OrderStatus.DRAFT: (OrderStatus.PLACED, OrderStatus.EXPIRED),
    OrderStatus.PLACED: (OrderStatus.PARTIALLY_FULFILLED, OrderStatus.FULFILLED, OrderStatus.CANCELLED),
    OrderStatus.PARTIALLY_FULFILLED: (OrderStatus.FULFILLED,),
    OrderStatus.FULFILLED: (OrderStatus.DELIVERED,),
    OrderStatus.DELIVERED: (OrderStatus.PARTIALLY_RETURNED, OrderStatus.RETURNED),
    OrderStatus.PARTIALLY_RETURNED: (OrderStatus.RETURNED,),
    OrderStatus.RETURNED: (),
    OrderStatus.CANCELLED: (),
    OrderStatus.EXPIRED: (),
}
NEXT_RETURN_STATES: Mapping[ReturnStatus, tuple[ReturnStatus, ...]] = {
    ReturnStatus.REQUESTED: (ReturnStatus.ACCEPTED, ReturnStatus.REFUSED),
    ReturnStatus.ACCEPTED: (ReturnStatus.RECEIVED, ReturnStatus.REFUSED),
    ReturnStatus.RECEIVED: (),
    ReturnStatus.REFUSED: (),
}

Quantities = Mapping[int, int]


def can_move(status: OrderStatus, target: OrderStatus) -> bool:
    """Whether an order in `status` may go to `target`."""
    return target in NEXT_STATES[status]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Units of lines that left together."""

    shipment_id: UUID
    quantities: Quantities
    is_delivered: bool


@dataclass(frozen=True, slots=True)
class Returned:
    """Units of lines that the customer sends back."""

    return_id: UUID
    quantities: Quantities
    status: ReturnStatus
    refund_minor: int


@dataclass(frozen=True, slots=True)
class Order:
    """One order with everything that happened to it. Quantities are by line number."""

    order_id: UUID
    status: OrderStatus
    lines: Sequence[PricedLine]
    total_minor: int
    refunded_minor: int
    is_tax_included: bool
    delivered_at: datetime | None
    parcels: Sequence[Parcel] = ()
    returns: Sequence[Returned] = ()

    def check(self, target: OrderStatus) -> None:
        """Raises IllegalMove when the state does not allow `target`."""
        if not can_move(self.status, target):
            raise IllegalMove(self.status, target, NEXT_STATES[self.status])

    def to_ship(self) -> dict[int, int]:
        """Units of each line that have not left."""
        gone = _sum(parcel.quantities for parcel in self.parcels)
        left = {line.line_number: line.quantity - gone[line.line_number] for line in self.lines}
        return {number: quantity for number, quantity in left.items() if quantity}

    def ship(self, quantities: Quantities | None = None) -> tuple[OrderStatus, dict[int, int]]:
        """What a parcel of `quantities` (None: all that is left) makes of the order, and what is in it.

        Raises IllegalMove and NothingLeftToShip.
        """
        left = self.to_ship()
        if self.status not in (OrderStatus.PLACED, OrderStatus.PARTIALLY_FULFILLED):
            self.check(OrderStatus.FULFILLED)
        chosen = dict(left if quantities is None else quantities)
        if not chosen or any(not 0 < quantity <= left.get(number, 0) for number, quantity in chosen.items()):
            raise NothingLeftToShip(left)
        return (OrderStatus.FULFILLED if chosen == left else OrderStatus.PARTIALLY_FULFILLED), chosen

    def deliver(self, shipment_id: UUID) -> OrderStatus:
        """Where the order stands once this parcel has arrived: delivered with the last one. Raises IllegalMove."""
        if all(parcel.is_delivered or parcel.shipment_id == shipment_id for parcel in self.parcels):
            if self.to_ship():
                return self.status
            self.check(OrderStatus.DELIVERED)
            return OrderStatus.DELIVERED
        return self.status

    def returnable(self) -> dict[int, int]:
        """Units of each line that were not sent back and are not on their way back."""
        back = _sum(each.quantities for each in self.returns if each.status is not ReturnStatus.REFUSED)
        left = {line.line_number: line.quantity - back[line.line_number] for line in self.lines}
        return {number: quantity for number, quantity in left.items() if quantity}

    def request_return(self, quantities: Quantities, now: datetime) -> int:
        """What these units would be refunded with. Raises IllegalMove, ReturnTooLate, NothingLeftToReturn."""
        if self.status not in (OrderStatus.DELIVERED, OrderStatus.PARTIALLY_RETURNED):
            self.check(OrderStatus.PARTIALLY_RETURNED)
        if self.delivered_at is None or now > self.delivered_at + RETURN_WINDOW:
            raise ReturnTooLate
        left = self.returnable()
        if not quantities or any(not 0 < quantity <= left.get(number, 0) for number, quantity in quantities.items()):
            raise NothingLeftToReturn(left)
        promised = sum(each.refund_minor for each in self.returns if each.status in _OPEN)
        return min(self._worth(quantities), self.total_minor - self.refunded_minor - promised)

    def _worth(self, quantities: Quantities) -> int:
        """Shares of the lines' money. The last units of a line get what the earlier ones left over."""
        back = _sum(each.quantities for each in self.returns if each.status is not ReturnStatus.REFUSED)
        worth = 0
        for line in self.lines:
            paid = line.total_minor + (0 if self.is_tax_included else line.tax_minor)
            before = back[line.line_number]
            after = before + quantities.get(line.line_number, 0)
            worth += share(paid, after, line.quantity) - share(paid, before, line.quantity)
        return worth

    def receive(self, returned: Returned) -> OrderStatus:
        """Where the order stands once these units are back."""
        back = _sum(each.quantities for each in self.returns if each.status is ReturnStatus.RECEIVED)
        back += Counter(returned.quantities)
        is_all = all(back[line.line_number] == line.quantity for line in self.lines)
        target = OrderStatus.RETURNED if is_all else OrderStatus.PARTIALLY_RETURNED
        if target is not self.status:
            self.check(target)
        return target

    def refund(self, amount_minor: int) -> None:
        """Raises RefundTooLarge when more would go back than came in."""
        left = self.total_minor - self.refunded_minor
        if not 0 < amount_minor <= left:
            raise RefundTooLarge(amount_minor, left)


_OPEN = (ReturnStatus.REQUESTED, ReturnStatus.ACCEPTED)


def _sum(quantities: Iterable[Quantities]) -> Counter[int]:
    total: Counter[int] = Counter()
    for each in quantities:
        total.update(each)
    return total
