"""SQL of past orders: whole batches by COPY."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import copy_rows

KNOWN = text("SELECT order_id FROM ordering.orders WHERE order_id = ANY(:order_ids)")
ORDERS = (
    "order_id",
    "customer_id",
    "status",
    "source",
    "currency",
    "total_minor",
    "created_at",
    "placed_at",
    "refunded_minor",
)
LINES = (
    "order_id",
    "line_number",
    "product_id",
    "variant_id",
    "quantity",
    "unit_price_minor",
    "discount_minor",
    "total_minor",
)
HISTORY = ("order_id", "position", "kind", "from_status", "to_status", "reason", "details", "happened_at")
RETURNS = ("return_id", "order_id", "status", "reason", "refund_minor", "is_restocked", "requested_at", "settled_at")
RETURN_LINES = ("return_id", "line_number", "quantity")
REFUNDS = ("refund_id", "order_id", "return_id", "amount_minor", "reason", "made_at")


async def known(session: AsyncSession, order_ids: Sequence[UUID]) -> set[UUID]:
    """Those that are already there."""
    return set((await session.execute(KNOWN, {"order_ids": list(order_ids)})).scalars())


async def copy_orders(session: AsyncSession, rows: Iterable[tuple[Any, ...]]) -> int:
    """Rows in the order of `ORDERS`."""
    return await copy_rows(session, "ordering.orders", ORDERS, rows)


async def copy_lines(session: AsyncSession, rows: Iterable[tuple[Any, ...]]) -> int:
    """Rows in the order of `LINES`."""
    return await copy_rows(session, "ordering.order_lines", LINES, rows)


async def copy_returns(
    session: AsyncSession,
    returns: Iterable[tuple[Any, ...]],
    lines: Iterable[tuple[Any, ...]],
    refunds: Iterable[tuple[Any, ...]],
    history: Iterable[tuple[Any, ...]],
) -> None:
    """Rows in the order of `RETURNS`, `RETURN_LINES`, `REFUNDS` and `HISTORY`."""
    await copy_rows(session, "ordering.returns", RETURNS, returns)
    await copy_rows(session, "ordering.return_lines", RETURN_LINES, lines)
    await copy_rows(session, "ordering.refunds", REFUNDS, refunds)
    await copy_rows(session, "ordering.order_history", HISTORY, history)
