"""Behaviour events. They come from browsers and apps: every text has a bound, and `anonymous_id` is the key.

`customer_id` is set by the server from the session, never believed from a client.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from ingestion.contracts.envelope import Event
from ingestion.contracts.personal import AnonymousId, CustomerId, Searched, Visited

ProductId = Annotated[int, Field(gt=0, lt=2**63)]


class PageViewed(Event):
    """A page was shown."""

    type: ClassVar[str] = "analytics.page_viewed"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    path: Visited
    referrer: Visited | None = None


class ProductViewed(Event):
    """A product page was shown; `recommendation_id` when a recommendation led there."""

    type: ClassVar[str] = "analytics.product_viewed"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    product_id: ProductId
    recommendation_id: UUID | None = None


class PostViewed(Event):
    """A post of the forum was shown with its thread; `recommendation_id` when a person's own feed led there."""

    type: ClassVar[str] = "analytics.post_viewed"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    post_id: UUID
    recommendation_id: UUID | None = None


class ArticleViewed(Event):
    """An article was shown."""

    type: ClassVar[str] = "analytics.article_viewed"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    article_id: UUID


class SearchPerformed(Event):
    """A search was answered with `results` products (0 is a gap in the catalogue)."""

    type: ClassVar[str] = "analytics.search_performed"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    query: Searched
    results: Annotated[int, Field(ge=0)]


class CartItemAdded(Event):
    """A product was put into a cart."""

    type: ClassVar[str] = "analytics.cart_item_added"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    product_id: ProductId
    quantity: Annotated[int, Field(gt=0, le=1000)]
    recommendation_id: UUID | None = None


class CheckoutStarted(Event):
    """A person began to check out."""

    type: ClassVar[str] = "analytics.checkout_started"
    key_field: ClassVar[str] = "anonymous_id"

    anonymous_id: AnonymousId
    customer_id: CustomerId | None = None
    items: Annotated[int, Field(gt=0)]
