"""Events of inventory."""

from typing import ClassVar
from uuid import UUID

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import CustomerId


class StockMoved(Event):
    """One movement of stock: `received`, `allocated`, `released`, `shipped`, `adjusted` or `returned`."""

    type: ClassVar[str] = "inventory.stock_moved"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    movement: str
    quantity: int
    order_id: UUID | None = None
    variant_id: int | None = None
    location: str | None = None
    cause: str | None = None


class StockLow(Event):
    """So few are available at a place that more should be ordered; told once until it was above the threshold."""

    type: ClassVar[str] = "inventory.stock_low"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    variant_id: int
    location: str
    available: int
    low_at: int
    reorder_units: int


class BackInStock(Event):
    """Somebody who waited was told that it can be had again."""

    type: ClassVar[str] = "inventory.back_in_stock"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    variant_id: int
    customer_id: CustomerId
