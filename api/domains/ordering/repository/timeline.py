"""SQL of what happens to orders: their next state, and the entry that says why, in one statement."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.domains.ordering.contracts import EntryKind, OrderStatus, TimelineEntry

Reader = AsyncConnection | AsyncSession

ADD = text("""
    WITH moved AS (
        UPDATE ordering.orders SET status = :to_status,
            delivered_at = CASE WHEN :to_status = 'delivered' THEN now() ELSE delivered_at END
        WHERE order_id = :order_id AND status <> :to_status
    )
    INSERT INTO ordering.order_history (order_id, position, kind, from_status, to_status, reason, details)
    SELECT :order_id, coalesce(max(position), 0) + 1, :kind, :from_status, :to_status, :reason, CAST(:details AS jsonb)
    FROM ordering.order_history WHERE order_id = :order_id
""")
OF_ORDERS = text("""
    SELECT order_id, position, kind, happened_at, from_status, to_status, reason, details
    FROM ordering.order_history WHERE order_id = ANY(:order_ids) ORDER BY order_id, position
""")


async def add(
    session: AsyncSession,
    order_id: UUID,
    kind: EntryKind,
    moves: tuple[OrderStatus, OrderStatus] | None = None,
    reason: str | None = None,
    **details: Any,
) -> None:
    """Note what happened to an order that is locked; `moves` (from, to) is written into the order too."""
    source, target = moves if moves else (None, None)
    values = {
        "order_id": order_id,
        "kind": str(kind),
        "from_status": str(source) if source else None,
        "to_status": str(target) if target else None,
        "reason": reason,
        "details": orjson.dumps(details).decode(),
    }
    await session.execute(ADD, values)


async def of_orders(reader: Reader, order_ids: Sequence[UUID]) -> dict[UUID, list[TimelineEntry]]:
    """The entries of each order, oldest first."""
    found: dict[UUID, list[TimelineEntry]] = defaultdict(list)
    for row in await reader.execute(OF_ORDERS, {"order_ids": list(order_ids)}):
        found[row.order_id].append(
            TimelineEntry(
                position=row.position,
                kind=EntryKind(row.kind),
                happened_at=row.happened_at,
                from_status=OrderStatus(row.from_status) if row.from_status else None,
                to_status=OrderStatus(row.to_status) if row.to_status else None,
                reason=row.reason,
                details=row.details,
            )
        )
    return found
