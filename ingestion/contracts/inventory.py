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
