"""Rules of ordering without a database: the states of an order, the money of a line, what a cart must be told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.domains.ordering.contracts import Notice, NoticeKind, OrderStatus

LARGEST_QUANTITY = 1000

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


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line with its money. `total_minor` = quantity × unit_price_minor − discount_minor, never below zero."""

    line_number: int
    product_id: int
    quantity: int
    unit_price_minor: int
    discount_minor: int = 0

    def __post_init__(self) -> None:
        if self.quantity <= 0 or self.unit_price_minor < 0:
            raise ValueError("a line has at least one unit and a price that is not below zero")
        if not 0 <= self.discount_minor <= self.quantity * self.unit_price_minor:
            raise ValueError("a discount is between nothing and the whole line")

    @property
    def total_minor(self) -> int:
        """What the line costs."""
        return self.quantity * self.unit_price_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class CartItem:
    """What a cart holds of one product, and the price that the person saw when choosing it."""

    product_id: int
    quantity: int
    seen_price_minor: int
    recommendation_id: UUID | None = None


def can_move(status: OrderStatus, target: OrderStatus) -> bool:
    """Whether an order in `status` may go to `target`."""
    return target in NEXT_STATES[status]


def price_lines(items: Iterable[CartItem], prices: Mapping[int, int]) -> tuple[PricedLine, ...]:
    """Cart items at the prices of this moment, numbered from 1. Raises KeyError for a product without a price."""
    return tuple(
        PricedLine(number, item.product_id, item.quantity, prices[item.product_id])
        for number, item in enumerate(items, start=1)
    )


def total_of(lines: Iterable[PricedLine]) -> int:
    """What all lines cost together."""
    return sum(line.total_minor for line in lines)


def recommendation_of(items: Sequence[CartItem]) -> UUID | None:
    """The recommendation that an order is told with: that of its first recommended line."""
    return next((item.recommendation_id for item in items if item.recommendation_id), None)


def show_money(amount_minor: int) -> str:
    """Minor units of dollars as people write them."""
    return f"${amount_minor // 100:,}.{amount_minor % 100:02d}"


def notices_of(item: CartItem, price_minor: int, available: int, is_active: bool) -> tuple[Notice, ...]:
    """What changed since the item was chosen, in sentences."""
    if not is_active:
        return (Notice(NoticeKind.WITHDRAWN, "This product is no longer sold. Remove it to go on."),)
    notices = []
    if available <= 0:
        notices.append(Notice(NoticeKind.OUT_OF_STOCK, "This product has sold out. Remove it to go on."))
    elif available < item.quantity:
        text = f"Only {available} left. Lower the quantity to go on."
        notices.append(Notice(NoticeKind.FEWER_AVAILABLE, text))
    if price_minor != item.seen_price_minor:
        raised = price_minor > item.seen_price_minor
        kind = NoticeKind.PRICE_RAISED if raised else NoticeKind.PRICE_LOWERED
        word = "risen" if raised else "fallen"
        text = f"The price has {word} from {show_money(item.seen_price_minor)} to {show_money(price_minor)}."
        notices.append(Notice(kind, text))
    return tuple(notices)


def can_be_bought(item: CartItem, available: int, is_active: bool) -> bool:
    """Whether the line could be ordered as it is."""
    return is_active and available >= item.quantity
