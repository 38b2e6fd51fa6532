"""The operator's desk: finding orders of anybody, and taking them back."""

from uuid import UUID

from api.core.db import reading
from api.core.paging import Page, encode_cursor
from api.domains.ordering.contracts import OrderStatus, OrderView
from api.domains.ordering.repository import search
from api.domains.ordering.service import orders
from api.domains.ordering.service.views import views


async def search_orders(
    query: str = "", status: OrderStatus | None = None, cursor: str | None = None, limit: int = 20
) -> Page[OrderView]:
    """Orders made here, newest first. `query` is a number, an id, a customer's id or a tracking number."""
    async with reading() as connection:
        rows = await search.find(connection, query.strip(), status, orders.keyset(cursor), limit + 1)
        shown = await views(connection, rows[:limit])
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = encode_cursor(last.created_at.isoformat(), str(last.order_id))
    return Page(shown, next_cursor)


async def cancel_order(actor_id: UUID, order_id: UUID, reason: str) -> OrderView:
    """The shop takes an order back. Raises OrderNotFound and IllegalMove."""
    return await orders.cancel_order(None, order_id, reason, actor_id)


async def returns_to_do(limit: int = 50) -> list[OrderView]:
    """Orders with a return that waits for the shop, the oldest first."""
    async with reading() as connection:
        rows = await search.with_open_returns(connection, limit)
        return await views(connection, rows)
