"""SQL of orders."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.ordering.contracts import OrderStatus
from api.domains.ordering.domain import PricedLine

Reader = AsyncConnection | AsyncSession

COLUMNS = """
    order_id, customer_id, status, source, currency, total_minor, created_at, placed_at, cart_id, recommendation_id
"""
FIND = text(f"SELECT {COLUMNS} FROM ordering.orders WHERE order_id = :order_id")  # noqa: S608
LOCK = text(f"SELECT {COLUMNS} FROM ordering.orders WHERE order_id = :order_id FOR NO KEY UPDATE")  # noqa: S608
OF_CUSTOMER = text(f"""
    SELECT {COLUMNS} FROM ordering.orders
    WHERE customer_id = :customer_id AND status <> 'expired'
      AND (CAST(:created_at AS timestamptz) IS NULL
           OR (created_at, order_id) < (CAST(:created_at AS timestamptz), CAST(:order_id AS uuid)))
    ORDER BY created_at DESC, order_id DESC LIMIT :limit
""")  # noqa: S608
LINES = text("""
    SELECT order_id, line_number, product_id, quantity, unit_price_minor, discount_minor
    FROM ordering.order_lines WHERE order_id = ANY(:order_ids) ORDER BY order_id, line_number
""")
DRAFT_OF_CART = text("SELECT order_id FROM ordering.orders WHERE cart_id = :cart_id AND status = 'draft'")
STALE_DRAFTS = text("""
    SELECT order_id, clock_timestamp() - created_at AS age FROM ordering.orders
    WHERE status = 'draft' AND created_at < clock_timestamp() - CAST(:grace AS interval)
    ORDER BY created_at LIMIT :limit
""")
INSERT = text("""
    INSERT INTO ordering.orders
        (order_id, customer_id, status, source, currency, total_minor, created_at, cart_id, recommendation_id)
    VALUES (:order_id, :customer_id, 'draft', :source, :currency, :total_minor, now(), :cart_id, :recommendation_id)
""")
INSERT_LINE = text("""
    INSERT INTO ordering.order_lines
        (order_id, line_number, product_id, quantity, unit_price_minor, discount_minor, total_minor)
    VALUES (:order_id, :line_number, :product_id, :quantity, :unit_price_minor, :discount_minor, :total_minor)
""")
MOVE = text("""
    UPDATE ordering.orders
    SET status = :status, placed_at = CASE WHEN :status = 'placed' THEN now() ELSE placed_at END
    WHERE order_id = :order_id
""")
NOTE = text("""
    INSERT INTO ordering.order_history (order_id, position, from_status, to_status, reason)
    SELECT :order_id, coalesce(max(position), 0) + 1, :from_status, :to_status, :reason
    FROM ordering.order_history WHERE order_id = :order_id
""")


@dataclass(frozen=True, slots=True)
class Draft:
    """An order that is about to be paid."""

    order_id: UUID
    customer_id: UUID
    source: str
    currency: str
    total_minor: int
    cart_id: UUID
    recommendation_id: UUID | None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A row of `ordering.orders`."""

    order_id: UUID
    customer_id: UUID
    status: OrderStatus
    source: str
    currency: str
    total_minor: int
    created_at: datetime
    placed_at: datetime | None
    cart_id: UUID | None
    recommendation_id: UUID | None


def _row(row: Row[Any]) -> OrderRow:
    return OrderRow(**(row._asdict() | {"status": OrderStatus(row.status)}))


async def find(reader: Reader, order_id: UUID) -> OrderRow | None:
    """One order."""
    row = (await reader.execute(FIND, {"order_id": order_id})).one_or_none()
    return _row(row) if row else None


async def lock(session: AsyncSession, order_id: UUID) -> OrderRow | None:
    """One order, held until the transaction ends."""
    row = (await session.execute(LOCK, {"order_id": order_id})).one_or_none()
    return _row(row) if row else None


async def of_customer(
    reader: Reader, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[OrderRow]:
    """A customer's orders, newest first, older than the keyset `before`; checkouts that came to nothing left out."""
    created_at, order_id = before or (None, None)
    values = {"customer_id": customer_id, "created_at": created_at, "order_id": order_id, "limit": limit}
    return [_row(row) for row in await reader.execute(OF_CUSTOMER, values)]


async def lines(reader: Reader, order_ids: Sequence[UUID]) -> dict[UUID, tuple[PricedLine, ...]]:
    """The lines of each order."""
    grouped: dict[UUID, list[PricedLine]] = defaultdict(list)
    for row in (await reader.execute(LINES, {"order_ids": list(order_ids)})).mappings():
        line = dict(row)
        grouped[line.pop("order_id")].append(PricedLine(**line))
    return {order_id: tuple(rows) for order_id, rows in grouped.items()}


async def draft_of_cart(session: AsyncSession, cart_id: UUID) -> UUID | None:
    """The order for which this cart is being paid at the moment."""
    return (await session.execute(DRAFT_OF_CART, {"cart_id": cart_id})).scalar_one_or_none()


async def stale_drafts(reader: Reader, grace: timedelta, limit: int) -> list[tuple[UUID, timedelta]]:
    """Drafts that should have been settled by now, with their age, oldest first."""
    rows = await reader.execute(STALE_DRAFTS, {"grace": grace, "limit": limit})
    return [(row.order_id, row.age) for row in rows]


async def insert_draft(session: AsyncSession, order: Draft, priced: Sequence[PricedLine]) -> None:
    """A new order that waits for its payment."""
    await session.execute(INSERT, asdict(order))
    rows = [
        {
            "order_id": order.order_id,
            "line_number": line.line_number,
            "product_id": line.product_id,
            "quantity": line.quantity,
            "unit_price_minor": line.unit_price_minor,
            "discount_minor": line.discount_minor,
            "total_minor": line.total_minor,
        }
        for line in priced
    ]
    await session.execute(INSERT_LINE, rows)
    await _note(session, order.order_id, None, OrderStatus.DRAFT, None)


async def move(session: AsyncSession, order: OrderRow, target: OrderStatus, reason: str | None = None) -> None:
    """Write the order's next state, and why, into the order and its history."""
    await session.execute(MOVE, {"order_id": order.order_id, "status": str(target)})
    await _note(session, order.order_id, order.status, target, reason)


async def _note(
    session: AsyncSession, order_id: UUID, source: OrderStatus | None, target: OrderStatus, reason: str | None
) -> None:
    values = {
        "order_id": order_id,
        "from_status": str(source) if source else None,
        "to_status": str(target),
        "reason": reason,
    }
    await session.execute(NOTE, values)
