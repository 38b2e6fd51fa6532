"""What other domains, pages and loaders may hold of ordering's. Money is in minor units of `currency`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
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


class ReturnStatus(StrEnum):
    """Where a return stands."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    RECEIVED = "received"
    REFUSED = "refused"


class PromotionKind(StrEnum):
    """What a promotion gives."""

    PERCENTAGE = "percentage"
    AMOUNT = "amount"
    FREE_DELIVERY = "free_delivery"
    BUY_X_GET_Y = "buy_x_get_y"


class EntryKind(StrEnum):
    """What happened to an order."""

    BEGUN = "begun"
    PLACED = "placed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURN_REQUESTED = "return_requested"
    RETURN_ACCEPTED = "return_accepted"
    RETURN_REFUSED = "return_refused"
    RETURNED = "returned"
    REFUNDED = "refunded"
    PAID = "paid"
    NOTED = "noted"


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
class Address:
    """Where an order goes. `country` is ISO 3166-1 alpha-2; `region` a part of it, where tax needs one."""

    name: str
    line1: str
    postal_code: str
    city: str
    country: str
    line2: str = ""
    region: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class CartLine:
    """One variant in a cart at today's price. `available` counts units; a line that cannot be bought has a notice."""

    variant_id: int
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
    image: str | None = None


@dataclass(frozen=True, slots=True)
class CartView:
    """A cart with prices and stock of this moment. `can_check_out` is False while a line cannot be bought."""

    lines: tuple[CartLine, ...]
    units: int
    currency: str
    total_minor: int
    can_check_out: bool


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One rate of an order: `tax_minor` on `base_minor`. `rate_ppm` is in millionths."""

    title: str
    rate_ppm: int
    base_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class OrderLineView:
    """One line as it was bought; title and slug are those of today. `shipped` and `returned` count units."""

    line_number: int
    product_id: int
    title: str
    slug: str
    quantity: int
    unit_price_minor: int
    discount_minor: int
    total_minor: int
    variant_id: int
    tax_minor: int = 0
    shipped: int = 0
    returnable: int = 0
    image: str | None = None


@dataclass(frozen=True, slots=True)
class OrderPayment:
    """What became of the money; `next_action_url` is where the person has a second step to do."""

    status: str
    reason: str | None
    payment_id: UUID | None = None
    method: str = "card"
    next_action_url: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened to an order, with what it was about. Entries are only ever added."""

    position: int
    kind: EntryKind
    happened_at: datetime
    from_status: OrderStatus | None
    to_status: OrderStatus | None
    reason: str | None
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class UnitsOfLine:
    """So many units of one line."""

    line_number: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """A parcel of an order."""

    shipment_id: UUID
    carrier: str
    tracking_number: str
    shipped_at: datetime
    delivered_at: datetime | None
    lines: tuple[UnitsOfLine, ...]


@dataclass(frozen=True, slots=True)
class ReturnView:
    """Goods on their way back. `refund_minor` is what they are refunded with once they are received."""

    return_id: UUID
    status: ReturnStatus
    next_states: tuple[ReturnStatus, ...]
    reason: str
    comment: str | None
    refund_minor: int
    is_restocked: bool | None
    requested_at: datetime
    settled_at: datetime | None
    lines: tuple[UnitsOfLine, ...]


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order as its customer sees it. `next_states` are the moves that its state allows.

    Several orders of one checkout share `group_id`: one charge, an order per seller (None: the house).
    """

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
    group_id: UUID
    seller_id: UUID | None = None
    goods_minor: int = 0
    discount_minor: int = 0
    delivery_method: str | None = None
    delivery_minor: int = 0
    tax_minor: int = 0
    is_tax_included: bool = False
    tax_lines: tuple[TaxLine, ...] = ()
    promotion_code: str | None = None
    address: Address | None = None
    refunded_minor: int = 0
    delivered_at: datetime | None = None
    shipments: tuple[ShipmentView, ...] = ()
    returns: tuple[ReturnView, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryOption:
    """A way to get the goods, and what it costs for this cart."""

    method: str
    title: str
    promise: str
    needs_address: bool
    price_minor: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What a checkout would cost at this moment; the checkout itself asks anew."""

    currency: str
    goods_minor: int
    discount_minor: int
    delivery_method: str
    delivery_minor: int
    tax_minor: int
    is_tax_included: bool
    tax_lines: tuple[TaxLine, ...]
    total_minor: int
    promotion_code: str | None
    promotion_title: str | None
    delivery_options: tuple[DeliveryOption, ...]


@dataclass(frozen=True, slots=True)
class ReturnImport:
    """What came back of a past order: units by line number (counted from 1). The money went back with them."""

    return_id: UUID
    quantities: tuple[tuple[int, int], ...]
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


@dataclass(frozen=True, slots=True)
class EndpointView:
    """Somebody who is told of orders. `is_paused` while the breaker is open after `failures` in a row."""

    endpoint_id: UUID
    url: str
    event_types: tuple[str, ...]
    is_active: bool
    failures: int
    is_paused: bool
    created_at: datetime
    owner_id: UUID
    is_house: bool


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint and its secret."""

    endpoint: EndpointView
    secret: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One event on its way to one endpoint; `log` has every attempt, oldest first."""

    delivery_id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    status: str
    attempts: int
    created_at: datetime
    delivered_at: datetime | None
    log: tuple[dict[str, Any], ...]
