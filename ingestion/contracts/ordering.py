"""Events of ordering. Money is in minor units of `currency`."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from ingestion.contracts.envelope import Event


class OrderLine(BaseModel):
    """One product of an order. `total_minor` = quantity × unit_price_minor − discount_minor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_number: int
    product_id: int
    quantity: int
    unit_price_minor: int
    discount_minor: int
    total_minor: int


class OrderPlaced(Event):
    """An order is binding. `source` is `storefront`, or the name of the import that brought it."""

    type: ClassVar[str] = "ordering.order_placed"
    key_field: ClassVar[str] = "order_id"

    order_id: UUID
    customer_id: UUID
    source: str
    currency: str
    total_minor: int
    lines: tuple[OrderLine, ...]
    recommendation_id: UUID | None = None


class OrderCancelled(Event):
    """An order was taken back before it was shipped."""

    type: ClassVar[str] = "ordering.order_cancelled"
    key_field: ClassVar[str] = "order_id"

    order_id: UUID
    customer_id: UUID
    reason: str
