"""SQL of the operator's lists."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.ordering.contracts import OrderStatus
from api.domains.ordering.repository.orders import COLUMNS, OrderRow, row_of

Reader = AsyncConnection | AsyncSession

FIND = text(f"""
    SELECT {COLUMNS} FROM ordering.orders o
    WHERE (CAST(:status AS text) IS NULL AND status <> 'expired' OR status = :status)
      AND (CAST(:created_at AS timestamptz) IS NULL
           OR (created_at, order_id) < (CAST(:created_at AS timestamptz), CAST(:before_id AS uuid)))
      AND (:query = '' OR order_id = CAST(:id AS uuid) OR customer_id = CAST(:id AS uuid)
           OR right(replace(order_id::text, '-', ''), 8) = lower(:query)
           OR EXISTS (SELECT FROM ordering.shipments s
                      WHERE s.order_id = o.order_id AND s.tracking_number = :query))
    ORDER BY created_at DESC, order_id DESC LIMIT :limit
""")  # noqa: S608
OPEN_RETURNS = text(f"""
    SELECT {COLUMNS} FROM ordering.orders WHERE order_id IN (
        SELECT order_id FROM ordering.returns WHERE status IN ('requested', 'accepted')
        ORDER BY requested_at LIMIT :limit)
    ORDER BY created_at
""")  # noqa: S608


async def find(
    reader: Reader, query: str, status: OrderStatus | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[OrderRow]:
    """Orders of anybody, newest first, older than the keyset `before`."""
    created_at, before_id = before or (None, None)
    values = {
        "query": query,
        "id": _uuid(query),
        "status": str(status) if status else None,
        "created_at": created_at,
        "before_id": before_id,
        "limit": limit,
    }
    return [row_of(row) for row in await reader.execute(FIND, values)]


async def with_open_returns(reader: Reader, limit: int) -> list[OrderRow]:
    """Orders with a return to decide on or to receive."""
    return [row_of(row) for row in await reader.execute(OPEN_RETURNS, {"limit": limit})]


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
