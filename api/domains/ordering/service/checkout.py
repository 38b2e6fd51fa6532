"""Checkout: hold the goods, take the money, make the order. Three steps, of which the middle one has no transaction.

The order's id is the operation id of the Idempotency-Key, so an attempt that died is found by the next one. Whatever
dies between the steps is settled by `sweep`: no reservation and no money is left behind.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.core.auth import Visitor
from api.core.db import transaction
from api.core.outbox import publish
from api.domains.catalog import facade as catalog
from api.domains.inventory import facade as inventory
from api.domains.ordering import errors
from api.domains.ordering.contracts import OrderStatus, OrderView
from api.domains.ordering.domain import price_lines, recommendation_of, total_of
from api.domains.ordering.repository import carts, orders
from api.domains.ordering.service.cart import CURRENCY, merge_cart
from api.domains.ordering.service.orders import get_order
from api.domains.payments import facade as payments
from api.domains.payments.contracts import WAITING, ChargeResult, ChargeState, PaymentStatus, PaymentView
from ingestion.contracts.ordering import OrderLine, OrderPlaced

SOURCE = "storefront"


async def check_out(
    visitor: Visitor, customer_id: UUID, order_id: UUID, payment_token: str, expected_total_minor: int | None = None
) -> OrderView:
    """Make one order of the customer's cart; it is `placed`, or `draft` while the gateway keeps silent.

    Calling it again with the same `order_id` goes on where the last call ended. Raises CartEmpty, LinesWithdrawn,
    TotalChanged, CheckoutInProgress, OutOfStock, PaymentDeclined, CheckoutExpired, GatewayUnavailable.
    """
    async with transaction() as session:
        known = await orders.lock(session, order_id)
        if known is None:
            payment = await _prepare(session, visitor, customer_id, order_id, expected_total_minor)
        else:
            payment = (await payments.find(session, [order_id]))[order_id]
    if known is None or known.status is OrderStatus.DRAFT:
        result = await payments.charge(payment, payment_token)
        if known is not None and result.state is ChargeState.UNREACHED:
            result = ChargeResult(ChargeState.UNKNOWN)  # the attempt that died may have reached it
        await settle(order_id, result)
    return await _answer(customer_id, order_id)


async def _prepare(
    session: AsyncSession, visitor: Visitor, customer_id: UUID, order_id: UUID, expected_total_minor: int | None
) -> PaymentView:
    """Step one: a draft at today's prices, its goods reserved, its payment on record."""
    await merge_cart(session, visitor.anonymous_id, customer_id)
    cart_id = await carts.lock_customers(session, customer_id)
    # First the draft, then the items: an order that is placed between the two statements has emptied the cart.
    if cart_id is not None and (other := await orders.draft_of_cart(session, cart_id)) is not None:
        raise errors.CheckoutInProgress(other)
    items = await carts.items(session, visitor.anonymous_id, customer_id)
    if cart_id is None or not items:
        raise errors.CartEmpty
    prices = await catalog.price_for_sale(session, [item.product_id for item in items])
    if withdrawn := [item.product_id for item in items if item.product_id not in prices]:
        raise errors.LinesWithdrawn(withdrawn)
    lines = price_lines(items, {product_id: price.price_minor for product_id, price in prices.items()})
    total_minor = total_of(lines)
    if expected_total_minor not in (None, total_minor):
        raise errors.TotalChanged(expected_total_minor or 0, total_minor)
    draft = orders.Draft(order_id, customer_id, SOURCE, CURRENCY, total_minor, cart_id, recommendation_of(items))
    await orders.insert_draft(session, draft, lines)
    await inventory.reserve(session, order_id, [(line.product_id, line.quantity) for line in lines])
    return await payments.create(session, order_id, total_minor, CURRENCY, customer_id)


async def settle(order_id: UUID, result: ChargeResult) -> bool:
    """Step three: do what the gateway's answer means, once; False while it means nothing yet."""
    async with transaction() as session:
        order = await orders.lock(session, order_id)
        if order is None or order.status is not OrderStatus.DRAFT:
            return True
        payment = (await payments.find(session, [order_id]))[order_id]
        status = await payments.record(session, payment.payment_id, result)
        if status in WAITING:
            return False
        if status is not PaymentStatus.SUCCEEDED:
            await inventory.release(session, order_id)
            await orders.move(session, order, OrderStatus.EXPIRED, f"payment {status}")
            return True
        try:
            await inventory.allocate(session, order_id)
        except inventory.NothingReserved:
            await payments.begin_refund(session, payment.payment_id)
            await orders.move(session, order, OrderStatus.EXPIRED, "paid after the reservation had run out")
        else:
            await _place(session, order)
            return True
    await payments.refund(payment.payment_id)
    return True


async def _place(session: AsyncSession, order: orders.OrderRow) -> None:
    lines = (await orders.lines(session, [order.order_id]))[order.order_id]
    await orders.move(session, order, OrderStatus.PLACED)
    if order.cart_id is not None:
        await carts.take_out(session, order.cart_id, [(line.product_id, line.quantity) for line in lines])
    event = OrderPlaced(
        order_id=order.order_id,
        customer_id=order.customer_id,
        source=order.source,
        currency=order.currency,
        total_minor=order.total_minor,
        lines=tuple(
            OrderLine(
                line_number=line.line_number,
                product_id=line.product_id,
                quantity=line.quantity,
                unit_price_minor=line.unit_price_minor,
                discount_minor=line.discount_minor,
                total_minor=line.total_minor,
            )
            for line in lines
        ),
        recommendation_id=order.recommendation_id,
    )
    await publish(session, event)


async def _answer(customer_id: UUID, order_id: UUID) -> OrderView:
    """The order, or the refusal that the checkout ended in."""
    order = await get_order(customer_id, order_id)
    if order.status is not OrderStatus.EXPIRED:
        return order
    status = order.payment.status if order.payment else None
    if order.payment and status == PaymentStatus.DECLINED:
        raise errors.PaymentDeclined(order_id, order.payment.reason or "declined")
    if status == PaymentStatus.CANCELLED:
        raise errors.GatewayUnavailable("Nothing was charged. Try again in a moment.", order_id=str(order_id))
    raise errors.CheckoutExpired(order_id)
