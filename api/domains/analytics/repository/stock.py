"""Movements of stock as they lie in the warehouse's copy of the lake."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period

_OF = "(CAST(:department AS text) IS NULL OR coalesce(products.department, 'Unknown') = :department)"
_BY_DAY = text(f"""
    SELECT moved.day, moved.movement, sum(moved.quantity)::bigint AS units
    FROM lake.inventory_stock_moved AS moved LEFT JOIN marts.dim_products AS products USING (product_id)
    WHERE moved.day BETWEEN :first AND :last AND {_OF}
    GROUP BY moved.day, moved.movement ORDER BY moved.day, moved.movement
""")  # noqa: S608
_SHIPPED = text(f"""
    SELECT CASE WHEN CAST(:department AS text) IS NULL THEN coalesce(products.department, 'Unknown')
            ELSE coalesce(products.category, 'Unknown') END AS name,
        coalesce(sum(moved.quantity) FILTER (WHERE moved.day >= :middle), 0)::bigint AS units,
        coalesce(sum(moved.quantity) FILTER (WHERE moved.day < :middle), 0)::bigint AS before
    FROM lake.inventory_stock_moved AS moved LEFT JOIN marts.dim_products AS products USING (product_id)
    WHERE moved.day BETWEEN :first AND :last AND moved.movement = 'shipped' AND {_OF}
    GROUP BY 1 ORDER BY units DESC, name
""")  # noqa: S608
_DEPARTMENTS = text("SELECT DISTINCT department FROM marts.dim_products ORDER BY department")
_PRODUCTS = text("SELECT product_id FROM marts.dim_products WHERE department = :department")


async def by_day(connection: AsyncConnection, period: Period, department: str | None) -> list[dict[str, Any]]:
    """Units by day and kind of movement, of one department or all."""
    return await _rows(connection, _BY_DAY, first=period.first, last=period.last, department=department)


async def shipped(connection: AsyncConnection, period: Period, department: str | None) -> list[dict[str, Any]]:
    """Units shipped in the period and before: by department, or by the categories of one."""
    days = {"first": period.previous.first, "middle": period.first, "last": period.last}
    return await _rows(connection, _SHIPPED, **days, department=department)


async def departments(connection: AsyncConnection) -> list[str]:
    """What can be filtered by."""
    return list((await connection.execute(_DEPARTMENTS)).scalars())


async def products(connection: AsyncConnection, department: str) -> list[int]:
    """Ids of a department's products."""
    return list((await connection.execute(_PRODUCTS, {"department": department})).scalars())


async def _rows(connection: AsyncConnection, statement: Any, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]
