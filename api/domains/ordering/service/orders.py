"""Orders as their customer sees them, and taking one back."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from api.core.audit import record_act
from api.core.db import reading, transaction
from api.core.errors import Invalid
from api.core.outbox import publish
from api.core.paging import Page, decode_cursor, encode_cursor
from api.domains.inventory import facade as inventory
from api.domains.ordering.contracts import EntryKind, OrderStatus, OrderView
from api.domains.ordering.domain import Order
from api.domains.ordering.errors import OrderNotFound
from api.domains.ordering.repository import orders, promotions, timeline
from api.domains.ordering.service.refunds import give_back, keep_promise
from api.domains.ordering.service.views import aggregate, views
from api.domains.payments import facade as payments
from api.domains.payments.contracts import Transfer
from ingestion.contracts.ordering import OrderCancelled


async def list_orders(customer_id: UUID, cursor: str | None = None, limit: int = 20) -> Page[OrderView]:
    """A customer's orders, newest first."""
    async with reading() as connection:
        rows = await orders.of_customer(connection, customer_id, keyset(cursor), limit + 1)
        shown = await views(connection, rows[:limit])
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = encode_cursor(last.created_at.isoformat(), str(last.order_id))
    return Page(shown, next_cursor)


def keyset(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Time and id of the last order that was shown. Raises Invalid."""
    if cursor is None:
        return None
    created_at, order_id = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(created_at), UUID(order_id)
    except ValueError as error:
        raise Invalid("cursor", "is not a cursor of this list") from error


async def get_order(customer_id: UUID | None, order_id: UUID) -> OrderView:
    """One order of this customer, or of anybody for None. Raises OrderNotFound, also for somebody else's."""
    async with reading() as connection:
        row = await orders.find(connection, order_id)
        if row is None or customer_id not in (None, row.customer_id):
            raise OrderNotFound
        return (await views(connection, [row]))[0]


async def look_at_order(customer_id: UUID, order_id: UUID) -> OrderView:
    """The same for a customer who looks at it: while a checkout waits for its money, its goods are held longer."""
    order = await get_order(customer_id, order_id)
    if order.status is OrderStatus.DRAFT:
        async with transaction() as session:
            for row in await orders.of_group(session, order.group_id):
                with suppress(inventory.NothingReserved):
                    await inventory.prolong(session, row.order_id)
    return order


async def transfer_of(order: OrderView) -> Transfer | None:
    """Where to send the money of an order that waits for a bank transfer."""
    async with reading() as connection:
        payment = (await payments.find(connection, [order.group_id])).get(order.group_id)
    return payments.instructions(payment) if payment else None


async def cancel_order(
    customer_id: UUID | None, order_id: UUID, reason: str = "customer", actor_id: UUID | None = None
) -> OrderView:
    """Take an order back before it is shipped: goods are free again, the money goes back.

    For a customer it must be theirs; None is the shop, by `actor_id`. Raises OrderNotFound and
    IllegalMove. When the gateway is away the refund is promised, and the sweeper keeps it.
    """
    async with transaction() as session:
        row = await orders.lock(session, order_id)
        if row is None or customer_id not in (None, row.customer_id):
            raise OrderNotFound
        order = await aggregate(session, row)
        order.check(OrderStatus.CANCELLED)
        if row.promotion_code and row.group_id == row.order_id:
            await promotions.release(session, order_id)
        await inventory.release(session, order_id)
        await timeline.add(session, order_id, EntryKind.CANCELLED, (row.status, OrderStatus.CANCELLED), reason)
        payment_id = await give_back(session, row, left_of(order), f"cancelled: {reason}", None, is_undone=True)
        if actor_id is not None:
            await record_act(session, actor_id, "orders.cancel", f"order:{order_id}", reason=reason)
        event = OrderCancelled(order_id=order_id, customer_id=row.customer_id, reason=reason)
        await publish(session, event)
    await keep_promise(payment_id)
    return await get_order(customer_id, order_id)


def left_of(order: Order) -> int:
    """What of the order's money was not given back."""
    return order.total_minor - order.refunded_minor
