"""Lines of carts and orders: their money, and what a person must be told about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from api.core.money import Money
from api.domains.ordering.contracts import Notice, NoticeKind

LARGEST_QUANTITY = 1000
MOST_LINES = 200  # of a cart
STANDARD = "standard"
CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line with its money. `total_minor` = quantity × unit_price_minor − discount_minor, never below zero.

    `tax_minor` is inside `total_minor` or on top of it, as its order says. `components` are the parts of one bundle.
    """

    line_number: int
    product_id: int
    quantity: int
    unit_price_minor: int
    discount_minor: int = 0
    variant_id: int = field(kw_only=True)
    tax_minor: int = field(default=0, kw_only=True)
    tax_class: str = field(default=STANDARD, kw_only=True)
    components: tuple[tuple[int, int], ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if self.quantity <= 0 or self.unit_price_minor < 0:
            raise ValueError("a line has at least one unit and a price that is not below zero")
        if not 0 <= self.discount_minor <= self.quantity * self.unit_price_minor:
            raise ValueError("a discount is between nothing and the whole line")

    @property
    def total_minor(self) -> int:
        """What the line costs."""
        return self.quantity * self.unit_price_minor - self.discount_minor

    def units(self, quantity: int | None = None) -> list[tuple[int, int]]:
        """What stock gives for so many of the line (None: all): itself, or the parts of the bundle."""
        times = self.quantity if quantity is None else quantity
        if not self.components:
            return [(self.variant_id, times)]
        return [(variant_id, each * times) for variant_id, each in self.components]


@dataclass(frozen=True, slots=True)
class CartItem:
    """What a cart holds of one variant, and the price that the person saw when choosing it."""

    variant_id: int
    product_id: int
    quantity: int
    seen_price_minor: int
    recommendation_id: UUID | None = None


def price_lines(items: Iterable[CartItem], prices: Mapping[int, int]) -> tuple[PricedLine, ...]:
    """Cart items at the prices of this moment, numbered from 1. Raises KeyError for a variant without a price."""
    return tuple(
        PricedLine(number, item.product_id, item.quantity, prices[item.variant_id], variant_id=item.variant_id)
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
    return Money(amount_minor, CURRENCY).show()


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
