"""Events of inventory."""

from typing import ClassVar
from uuid import UUID

from ingestion.contracts.envelope import Event


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
    """What is available of a variant at a location fell to its threshold; `suggested_quantity` is what to order."""

    type: ClassVar[str] = "inventory.stock_low"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    variant_id: int
    location: str
    available: int
    threshold: int
    demand_per_day: float
    suggested_quantity: int


class BackInStock(Event):
    """A variant that people waited for can be bought again; `told` of them have been written to."""

    type: ClassVar[str] = "inventory.back_in_stock"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    variant_id: int
    available: int
    told: int
