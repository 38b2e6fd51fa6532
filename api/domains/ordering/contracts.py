"""What other domains, pages and loaders may hold of ordering's. Money is in minor units of `currency`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

ImportLine = tuple[int, int, int, int, int]


class OrderStatus(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"
    PLACED = "placed"
    PARTIALLY_FULFILLED = "partially_fulfilled"
    FULFILLED = "fulfilled"
    DELIVERED = "delivered"
    PARTIALLY_RETURNED = "partially_returned"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class NoticeKind(StrEnum):
    """What changed about a line since it was put into the cart."""

    PRICE_RAISED = "price_raised"
    PRICE_LOWERED = "price_lowered"
    FEWER_AVAILABLE = "fewer_available"
    OUT_OF_STOCK = "out_of_stock"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the person about one line of the cart."""

    kind: NoticeKind
    text: str


@dataclass(frozen=True, slots=True)
class CartLine:
    """One product in a cart at today's price. `available` counts units; a line that cannot be bought has a notice."""

    product_id: int
    title: str
    slug: str
    department: str
    quantity: int
    unit_price_minor: int
    seen_price_minor: int
    total_minor: int
    available: int
    recommendation_id: UUID | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class CartView:
    """A cart with prices and stock of this moment. `can_check_out` is False while a line cannot be bought."""

    lines: tuple[CartLine, ...]
    units: int
    currency: str
    total_minor: int
    can_check_out: bool


@dataclass(frozen=True, slots=True)
class OrderLineView:
    """One line as it was bought; title and slug are those of today."""

    line_number: int
    product_id: int
    title: str
    slug: str
    quantity: int
    unit_price_minor: int
    discount_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class OrderPayment:
    """What became of the money."""

    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order as its customer sees it. `next_states` are the moves that its state allows."""

    order_id: UUID
    customer_id: UUID
    status: OrderStatus
    next_states: tuple[OrderStatus, ...]
    source: str
    currency: str
    total_minor: int
    created_at: datetime
    placed_at: datetime | None
    lines: tuple[OrderLineView, ...]
    payment: OrderPayment | None


@dataclass(frozen=True, slots=True)
class ReturnImport:
    """Units of a past order's line (counted from 1) that came back; `reason` is what the source says of it."""

    line_number: int
    quantity: int
    returned_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class OrderImport:
    """A past order. A line is (product_id, quantity, unit_price_minor, discount_minor, total_minor)."""

    order_id: UUID
    customer_id: UUID
    placed_at: datetime
    currency: str
    source: str
    lines: tuple[ImportLine, ...]
    returns: tuple[ReturnImport, ...] = ()
