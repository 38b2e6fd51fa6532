"""Events of catalog."""

from typing import ClassVar
from uuid import UUID

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import CustomerId


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


class ProductArchived(Event):
    """A product is in no list from now on, and cannot be bought; past orders still show it."""

    type: ClassVar[str] = "catalog.product_archived"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    sku: str


class ProductRestored(Event):
    """An archived product is back: for sale, or on its day when that is still to come."""

    type: ClassVar[str] = "catalog.product_restored"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    sku: str
    is_active: bool


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


class ReviewPublished(Event):
    """A review can be read by everybody: it is new, was changed, or was let through."""

    type: ClassVar[str] = "catalog.review_published"
    key_field: ClassVar[str] = "review_id"

    review_id: UUID
    product_id: int
    customer_id: CustomerId
    rating: int


class ReviewWithdrawn(Event):
    """A review that could be read no longer can: its new words wait to be looked at, or it was rejected."""

    type: ClassVar[str] = "catalog.review_withdrawn"
    key_field: ClassVar[str] = "review_id"

    review_id: UUID
    product_id: int
    customer_id: CustomerId


class QuestionPublished(Event):
    """A question about a product can be read by everybody: it is new, or was let through."""

    type: ClassVar[str] = "catalog.question_published"
    key_field: ClassVar[str] = "question_id"

    question_id: UUID
    product_id: int
    customer_id: CustomerId


class QuestionWithdrawn(Event):
    """A question that could be read no longer can, and its answers with it."""

    type: ClassVar[str] = "catalog.question_withdrawn"
    key_field: ClassVar[str] = "question_id"

    question_id: UUID
    product_id: int
    customer_id: CustomerId


class AnswerPublished(Event):
    """An answer can be read by everybody: it is new, was changed, or was let through. `voice`: shop, seller, buyer."""

    type: ClassVar[str] = "catalog.answer_published"
    key_field: ClassVar[str] = "question_id"

    answer_id: UUID
    question_id: UUID
    product_id: int
    customer_id: CustomerId
    voice: str


class AnswerWithdrawn(Event):
    """An answer that could be read no longer can: its new words wait to be looked at, or it was rejected."""

    type: ClassVar[str] = "catalog.answer_withdrawn"
    key_field: ClassVar[str] = "question_id"

    answer_id: UUID
    question_id: UUID
    product_id: int
    customer_id: CustomerId


class ItemWished(Event):
    """Somebody put a variant on their wishlist, at the price that it had then."""

    type: ClassVar[str] = "catalog.item_wished"
    key_field: ClassVar[str] = "customer_id"

    customer_id: CustomerId
    product_id: int
    variant_id: int
    price_minor: int
    currency: str


class ItemUnwished(Event):
    """Somebody took a variant off their wishlist."""

    type: ClassVar[str] = "catalog.item_unwished"
    key_field: ClassVar[str] = "customer_id"

    customer_id: CustomerId
    product_id: int
    variant_id: int


class ImageAdded(Event):
    """A picture of a product can be shown."""

    type: ClassVar[str] = "catalog.image_added"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    image_id: UUID


class ImageRemoved(Event):
    """A picture of a product is gone."""

    type: ClassVar[str] = "catalog.image_removed"
    key_field: ClassVar[str] = "product_id"

    product_id: int
    image_id: UUID
