"""The cart of whoever visits: anonymous until sign-in, then merged into the customer's at its next use."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.auth import Visitor
from api.core.capture import capture
from api.core.db import reading, transaction
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductView
from api.domains.inventory import facade as inventory
from api.domains.ordering.contracts import CartLine, CartView
from api.domains.ordering.domain import CartItem, can_be_bought, notices_of
from api.domains.ordering.errors import CartEmpty, NotInCart, ProductNotForSale
from api.domains.ordering.repository import carts
from ingestion.contracts import Event, new_event_id
from ingestion.contracts.analytics import CartItemAdded, CheckoutStarted

CURRENCY = "USD"


async def view_cart(visitor: Visitor) -> CartView:
    """The cart at the prices and with the stock of this moment."""
    async with transaction() as session:
        await _merge_if_signed_in(session, visitor)
        return await _view(session, visitor)


async def count_units(reader: AsyncConnection | AsyncSession, visitor: Visitor) -> int:
    """Units in the cart, for the badge of every page: one statement, no merge."""
    return (await carts.totals(reader, visitor.anonymous_id, visitor.customer_id))[1]


async def add_item(
    visitor: Visitor, product_id: int, quantity: int = 1, recommendation_id: UUID | None = None
) -> CartView:
    """Put units in, on top of those already there, at most 1,000 of a product. Raises ProductNotForSale."""
    async with transaction() as session:
        await _merge_if_signed_in(session, visitor)
        price = (await catalog.price_for_sale(session, [product_id])).get(product_id)
        if price is None:
            raise ProductNotForSale(product_id)
        cart_id = await carts.ensure(session, visitor.anonymous_id, visitor.customer_id)
        await carts.add(session, cart_id, CartItem(product_id, quantity, price.price_minor, recommendation_id))
        view = await _view(session, visitor)
    event = CartItemAdded(
        anonymous_id=visitor.anonymous_id,
        customer_id=visitor.customer_id,
        product_id=product_id,
        quantity=quantity,
        recommendation_id=recommendation_id,
    )
    await _capture(event)
    return view


async def set_quantity(visitor: Visitor, product_id: int, quantity: int) -> CartView:
    """Replace a line's quantity, and take note of today's price; 0 removes the line. Raises NotInCart."""
    async with transaction() as session:
        await _merge_if_signed_in(session, visitor)
        cart_id = await carts.ensure(session, visitor.anonymous_id, visitor.customer_id)
        if quantity:
            price = (await catalog.price_for_sale(session, [product_id])).get(product_id)
            seen = price.price_minor if price else None
            is_found = await carts.set_quantity(session, cart_id, product_id, quantity, seen)
        else:
            is_found = await carts.remove(session, cart_id, product_id)
        if not is_found:
            raise NotInCart(f"There is no product {product_id} in the cart.", product_id=product_id)
        return await _view(session, visitor)


async def remove_item(visitor: Visitor, product_id: int) -> CartView:
    """Take a line out. Raises NotInCart."""
    return await set_quantity(visitor, product_id, 0)


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
    ids = [item.product_id for item in items]
    products = await catalog.get_products(session, ids) if ids else {}
    stock = await inventory.available(session, ids) if ids else {}
    return _assemble([(item, products[item.product_id], stock.get(item.product_id, 0)) for item in items])


def _assemble(rows: Sequence[tuple[CartItem, ProductView, int]]) -> CartView:
    lines = tuple(
        CartLine(
            product_id=product.product_id,
            title=product.title,
            slug=product.slug,
            department=product.department,
            quantity=item.quantity,
            unit_price_minor=product.price_minor,
            seen_price_minor=item.seen_price_minor,
            total_minor=item.quantity * product.price_minor,
            available=max(available, 0),
            recommendation_id=item.recommendation_id,
            notices=notices_of(item, product.price_minor, available, product.is_active),
        )
        for item, product, available in rows
    )
    return CartView(
        lines=lines,
        units=sum(line.quantity for line in lines),
        currency=CURRENCY,
        total_minor=sum(line.total_minor for line in lines),
        can_check_out=bool(rows)
        and all(can_be_bought(item, stock, product.is_active) for item, product, stock in rows),
    )
