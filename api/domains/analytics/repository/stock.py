"""Movements of stock as they lie in the warehouse's copy of the lake."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period

_BY_DAY = text("""
    SELECT day, movement, sum(quantity)::bigint AS units, count(*) AS movements
    FROM lake.inventory_stock_moved WHERE day BETWEEN :first AND :last GROUP BY day, movement ORDER BY day, movement
""")
_SHIPPED = text("""
    SELECT coalesce(products.department, 'Unknown') AS department,
        coalesce(sum(moved.quantity) FILTER (WHERE moved.day >= :middle), 0)::bigint AS units,
        coalesce(sum(moved.quantity) FILTER (WHERE moved.day < :middle), 0)::bigint AS before
    FROM lake.inventory_stock_moved AS moved LEFT JOIN marts.dim_products AS products USING (product_id)
    WHERE moved.day BETWEEN :first AND :last AND moved.movement = 'shipped'
    GROUP BY 1 ORDER BY units DESC, department
""")


async def by_day(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """Units by day and kind of movement."""
    return await _rows(connection, _BY_DAY, first=period.first, last=period.last)


async def shipped(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """Units shipped by department, in the period and before."""
    days = {"first": period.previous.first, "middle": period.first, "last": period.last}
    return await _rows(connection, _SHIPPED, **days)


async def _rows(connection: AsyncConnection, statement: Any, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]
