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


class VariantPublished(Event):
    """A further variant of a product is new, or was withdrawn or offered again. The first variant is the product."""

    type: ClassVar[str] = "catalog.variant_published"
    key_field: ClassVar[str] = "product_id"

    variant_id: int
    product_id: int
    sku: str
    price_minor: int
    currency: str
    is_active: bool


class PriceChanged(Event):
    """A variant costs something else from now on."""

    type: ClassVar[str] = "catalog.price_changed"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    variant_id: int
    old_price_minor: int
    new_price_minor: int
    currency: str
