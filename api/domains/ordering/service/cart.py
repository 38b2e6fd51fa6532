"""The cart of whoever visits: anonymous until sign-in, then merged into the customer's at its next use."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.auth import Visitor
from api.core.capture import capture
from api.core.db import reading, transaction
from api.domains.ordering.contracts import CartLine, CartView
from api.domains.ordering.domain import CURRENCY, MOST_LINES, CartItem, can_be_bought, notices_of
from api.domains.ordering.errors import CartEmpty, CartFull, NotInCart, ProductNotForSale
from api.domains.ordering.repository import carts
from api.domains.ordering.service.offers import Offer, available, offers
from ingestion.contracts import Event, new_event_id
from ingestion.contracts.analytics import CartItemAdded, CheckoutStarted


async def view_cart(visitor: Visitor) -> CartView:
    """The cart at the prices and with the stock of this moment."""
    async with transaction() as session:
        await _merge_if_signed_in(session, visitor)
        return await _view(session, visitor)


async def count_units(reader: AsyncConnection | AsyncSession, visitor: Visitor) -> int:
    """Units in the cart, for the badge of every page: one statement, no merge."""
    return (await carts.totals(reader, visitor.anonymous_id, visitor.customer_id))[1]


async def add_item(
    visitor: Visitor, variant_id: int, quantity: int = 1, recommendation_id: UUID | None = None
) -> CartView:
    """Put units in, on top of those already there, at most 1,000 of a variant. Raises ProductNotForSale and CartFull.

    The id of a product is that of its first variant.
    """
    async with transaction() as session:
        await _merge_if_signed_in(session, visitor)
        offer = (await offers(session, [variant_id])).get(variant_id)
        if offer is None or not offer.is_active:
            raise ProductNotForSale(variant_id)
        cart_id = await carts.ensure(session, visitor.anonymous_id, visitor.customer_id)
        item = CartItem(variant_id, offer.product_id, quantity, offer.price_minor, recommendation_id)
        await carts.add(session, cart_id, item)
        if await carts.is_beyond(session, cart_id, variant_id, MOST_LINES):
            raise CartFull
        view = await _view(session, visitor)
    event = CartItemAdded(
        anonymous_id=visitor.anonymous_id,
        customer_id=visitor.customer_id,
        product_id=offer.product_id,
        quantity=quantity,
        recommendation_id=recommendation_id,
    )
    await _capture(event)
    return view


async def set_quantity(visitor: Visitor, variant_id: int, quantity: int) -> CartView:
    """Replace a line's quantity, and take note of today's price; 0 removes the line. Raises NotInCart."""
    async with transaction() as session:
        await _merge_if_signed_in(session, visitor)
        cart_id = await carts.ensure(session, visitor.anonymous_id, visitor.customer_id)
        if quantity:
            offer = (await offers(session, [variant_id])).get(variant_id)
            seen = offer.price_minor if offer and offer.is_active else None
            is_found = await carts.set_quantity(session, cart_id, variant_id, quantity, seen)
        else:
            is_found = await carts.remove(session, cart_id, variant_id)
        if not is_found:
            raise NotInCart(f"There is no product {variant_id} in the cart.", product_id=variant_id)
        return await _view(session, visitor)


async def remove_item(visitor: Visitor, variant_id: int) -> CartView:
    """Take a line out. Raises NotInCart."""
    return await set_quantity(visitor, variant_id, 0)


async def begin_checkout(visitor: Visitor) -> CartView:
    """The cart as the checkout page shows it; tells that a checkout has started. Raises CartEmpty."""
    view = await view_cart(visitor)
    if not view.lines:
        raise CartEmpty
    await announce_checkout(visitor)
    return view


async def announce_checkout(visitor: Visitor) -> None:
    """Tell that a checkout has started, unless the cart is empty."""
    async with reading() as connection:
        lines, _ = await carts.totals(connection, visitor.anonymous_id, visitor.customer_id)
    if lines:
        event = CheckoutStarted(anonymous_id=visitor.anonymous_id, customer_id=visitor.customer_id, items=lines)
        await _capture(event)


async def merge_cart(session: AsyncSession, anonymous_id: UUID, customer_id: UUID) -> None:
    """Move what a browser collected before sign-in into the customer's cart. Repeating it moves nothing twice."""
    lines, _ = await carts.totals(session, anonymous_id, None)
    if not lines:
        return
    target = await carts.ensure(session, anonymous_id, customer_id)
    source = await carts.lock_anonymous(session, anonymous_id)
    if source is not None:
        await carts.move_items(session, source, target)


async def _merge_if_signed_in(session: AsyncSession, visitor: Visitor) -> None:
    if visitor.customer_id is not None:
        await merge_cart(session, visitor.anonymous_id, visitor.customer_id)


async def _capture(event: Event) -> None:
    await capture([(event, new_event_id(), datetime.now(UTC))])


async def _view(session: AsyncSession, visitor: Visitor) -> CartView:
    items = await carts.items(session, visitor.anonymous_id, visitor.customer_id)
    found = await offers(session, [item.variant_id for item in items])
    stock = await available(session, list(found.values()))
    return assemble([(item, found[item.variant_id], stock[item.variant_id]) for item in items])


def assemble(rows: Sequence[tuple[CartItem, Offer, int]]) -> CartView:
    """A cart from its items, each with its offer and the units that there are."""
    lines = tuple(
        CartLine(
            variant_id=offer.variant_id,
            product_id=offer.product_id,
            title=offer.title,
            slug=offer.slug,
            department=offer.department,
            quantity=item.quantity,
            unit_price_minor=offer.price_minor,
            seen_price_minor=item.seen_price_minor,
            total_minor=item.quantity * offer.price_minor,
            available=max(units, 0),
            recommendation_id=item.recommendation_id,
            notices=notices_of(item, offer.price_minor, units, offer.is_active),
            image=offer.image,
        )
        for item, offer, units in rows
    )
    return CartView(
        lines=lines,
        units=sum(line.quantity for line in lines),
        currency=CURRENCY,
        total_minor=sum(line.total_minor for line in lines),
        can_check_out=bool(rows) and all(can_be_bought(item, units, offer.is_active) for item, offer, units in rows),
    )
