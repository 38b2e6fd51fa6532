"""Events of catalog."""

from typing import ClassVar

from ingestion.contracts.envelope import Event


class ProductPublished(Event):
    """A product has new data or a new price: always the whole product.

    One that is not active is known from past orders, and cannot be bought.
    """

    type: ClassVar[str] = "catalog.product_published"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    sku: str
    title: str
    department: str
    category: str
    product_type: str
    brand: str
    size: str | None = None
    price_minor: int
    currency: str
    is_active: bool = True
