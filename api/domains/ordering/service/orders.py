"""Orders as their customer sees them, and taking one back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.db import reading, transaction
from api.core.errors import Invalid
from api.core.outbox import publish
from api.core.paging import Page, decode_cursor, encode_cursor
from api.domains.catalog import facade as catalog
from api.domains.catalog.contracts import ProductView
from api.domains.inventory import facade as inventory
from api.domains.ordering.contracts import OrderLineView, OrderPayment, OrderStatus, OrderView
from api.domains.ordering.domain import NEXT_STATES, PricedLine, can_move
from api.domains.ordering.errors import IllegalMove, OrderNotFound
from api.domains.ordering.repository import orders
from api.domains.payments import facade as payments
from api.domains.payments.contracts import PaymentView
from ingestion.contracts.ordering import OrderCancelled

Reader = AsyncConnection | AsyncSession


async def list_orders(customer_id: UUID, cursor: str | None = None, limit: int = 20) -> Page[OrderView]:
    """A customer's orders, newest first."""
    async with reading() as connection:
        rows = await orders.of_customer(connection, customer_id, _keyset(cursor), limit + 1)
        views = await _views(connection, rows[:limit])
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = encode_cursor(last.created_at.isoformat(), str(last.order_id))
    return Page(views, next_cursor)


def _keyset(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    created_at, order_id = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(created_at), UUID(order_id)
    except ValueError as error:
        raise Invalid("cursor", "is not a cursor of this list") from error


async def get_order(customer_id: UUID, order_id: UUID) -> OrderView:
    """One order of this customer. Raises OrderNotFound, also for somebody else's."""
    async with reading() as connection:
        row = await orders.find(connection, order_id)
        if row is None or row.customer_id != customer_id:
            raise OrderNotFound
        return (await _views(connection, [row]))[0]


async def cancel_order(customer_id: UUID, order_id: UUID, reason: str = "customer") -> OrderView:
    """Take an order back before it is shipped: goods are free again, the money goes back.

    Raises OrderNotFound and IllegalMove. When the gateway is away the refund is promised, and the sweeper keeps it.
    """
    async with transaction() as session:
        order = await orders.lock(session, order_id)
        if order is None or order.customer_id != customer_id:
            raise OrderNotFound
        if not can_move(order.status, OrderStatus.CANCELLED):
            raise IllegalMove(order.status, OrderStatus.CANCELLED, NEXT_STATES[order.status])
        await inventory.release(session, order_id)
        await orders.move(session, order, OrderStatus.CANCELLED, reason)
        payment = (await payments.find(session, [order_id])).get(order_id)
        if payment is not None:
            await payments.begin_refund(session, payment.payment_id)
        await publish(session, OrderCancelled(order_id=order_id, customer_id=customer_id, reason=reason))
    if payment is not None:
        await payments.refund(payment.payment_id)
    return await get_order(customer_id, order_id)


async def _views(reader: Reader, rows: Sequence[orders.OrderRow]) -> list[OrderView]:
    if not rows:
        return []
    order_ids = [row.order_id for row in rows]
    lines = await orders.lines(reader, order_ids)
    paid = await payments.find(reader, order_ids)
    product_ids = {line.product_id for of_order in lines.values() for line in of_order}
    products = await catalog.get_products(reader, sorted(product_ids))
    return [_view(row, lines.get(row.order_id, ()), products, paid.get(row.order_id)) for row in rows]


def _view(
    row: orders.OrderRow,
    lines: Sequence[PricedLine],
    products: Mapping[int, ProductView],
    payment: PaymentView | None,
) -> OrderView:
    shown = tuple(
        OrderLineView(
            line_number=line.line_number,
            product_id=line.product_id,
            title=products[line.product_id].title,
            slug=products[line.product_id].slug,
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            discount_minor=line.discount_minor,
            total_minor=line.total_minor,
        )
        for line in lines
    )
    return OrderView(
        order_id=row.order_id,
        customer_id=row.customer_id,
        status=row.status,
        next_states=NEXT_STATES[row.status],
        source=row.source,
        currency=row.currency,
        total_minor=row.total_minor,
        created_at=row.created_at,
        placed_at=row.placed_at,
        lines=shown,
        payment=OrderPayment(str(payment.status), payment.reason) if payment else None,
    )
