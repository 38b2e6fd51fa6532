"""Rows of products: what they are, and those that go with a cart or an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.auth import Visitor
from api.core.errors import NotFound
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductView
from api.domains.ordering import facade as ordering
from api.domains.recommendations import facade as recommendations
from api.domains.recommendations.contracts import RecommendationView

SHELF = 6


@dataclass(frozen=True, slots=True)
class Shelf:
    """A row of products under the reason that they share."""

    title: str
    products: Sequence[ProductView]
    recommendation_id: UUID | None = None
    link: str | None = None


async def goes_with_cart(reader: AsyncConnection, visitor: Visitor) -> Shelf | None:
    """What others buy with what is in the cart; None for an empty cart."""
    cart = [line.product_id for line in (await ordering.view_cart(visitor)).lines]
    if not cart:
        return None
    answer = await recommendations.recommend(reader, "cart", visitor, cart=cart, limit=SHELF)
    return await _shelf(reader, "Goes well with your cart", answer)


async def goes_with_order(reader: AsyncConnection, visitor: Visitor, order_id: UUID) -> Shelf | None:
    """What others buy with what was ordered; None for an order that is not this person's."""
    if visitor.customer_id is None:
        return None
    try:
        order = await ordering.get_order(visitor.customer_id, order_id)
    except NotFound:
        return None
    bought = list(dict.fromkeys(line.product_id for line in order.lines))
    answer = await recommendations.recommend(reader, "order", visitor, cart=bought, limit=SHELF)
    return await _shelf(reader, "Goes well with what you ordered", answer)


async def _shelf(reader: AsyncConnection, title: str, answer: RecommendationView) -> Shelf | None:
    products = await catalog.get_products(reader, [item.product_id for item in answer.items], with_inactive=False)
    shown = [products[item.product_id] for item in answer.items if item.product_id in products]
    return Shelf(title, shown, answer.recommendation_id) if shown else None
