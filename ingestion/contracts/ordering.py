"""Events of ordering. Money is in minor units of `currency`."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import CustomerId


class OrderLine(BaseModel):
    """One product of an order. `total_minor` = quantity × unit_price_minor − discount_minor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_number: int
    product_id: int
    quantity: int
    unit_price_minor: int
    discount_minor: int
    total_minor: int
    variant_id: int | None = None
    tax_minor: int = 0


class OrderPlaced(Event):
    """An order is binding. `source` is `storefront`, or the name of the import that brought it.

    Orders of one checkout share `group_id`. `total_minor` is the lines, delivery, and tax where it is not included.
    """

    type: ClassVar[str] = "ordering.order_placed"
    key_field: ClassVar[str] = "order_id"

    order_id: UUID
    customer_id: CustomerId
    source: str
    currency: str
    total_minor: int
    lines: tuple[OrderLine, ...]
    recommendation_id: UUID | None = None
    group_id: UUID | None = None
    seller_id: CustomerId | None = None
    delivery_minor: int = 0
    tax_minor: int = 0
    is_tax_included: bool = False
    promotion_code: str | None = None


class OrderUnits(BaseModel):
    """Units of one product of an order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: int
    variant_id: int | None = None
    quantity: int


class OrderShipped(Event):
    """A parcel left; `is_complete` with the last units of the order."""

    type: ClassVar[str] = "ordering.order_shipped"
    key_field: ClassVar[str] = "order_id"

    order_id: UUID
    customer_id: CustomerId
    shipment_id: UUID
    carrier: str
    lines: tuple[OrderUnits, ...]
    is_complete: bool


class OrderDelivered(Event):
    """The last parcel of an order has arrived; `lines` are all of the order's."""

    type: ClassVar[str] = "ordering.order_delivered"
    key_field: ClassVar[str] = "order_id"

    order_id: UUID
    customer_id: CustomerId
    lines: tuple[OrderUnits, ...]


class OrderReturned(Event):
    """Goods came back. `refund_minor` is what they are refunded with."""

    type: ClassVar[str] = "ordering.order_returned"
    key_field: ClassVar[str] = "order_id"

    order_id: UUID
    customer_id: CustomerId
    return_id: UUID
    reason: str
    lines: tuple[OrderUnits, ...]
    refund_minor: int
    is_restocked: bool
    is_complete: bool


class OrderCancelled(Event):
    """An order was taken back before it was shipped."""

    type: ClassVar[str] = "ordering.order_cancelled"
    key_field: ClassVar[str] = "order_id"

    order_id: UUID
    customer_id: CustomerId
    reason: str
