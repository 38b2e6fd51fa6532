"""Rows of products: what they are, and the one that goes with a cart."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.auth import Visitor
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductView
from api.domains.ordering import facade as ordering
from api.domains.recommendations import facade as recommendations

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
    products = await catalog.get_products(reader, [item.product_id for item in answer.items], with_inactive=False)
    shown = [products[item.product_id] for item in answer.items if item.product_id in products]
    return Shelf("Goes well with your cart", shown, answer.recommendation_id) if shown else None
