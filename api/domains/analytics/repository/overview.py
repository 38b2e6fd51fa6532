"""The marts."""

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

_AS_OF = text("SELECT as_of, built_at FROM marts.mart_as_of LIMIT 1")
_SALES = text(
    "SELECT day, currency, orders, units, revenue_minor, discount_minor, customers, new_customers"
    " FROM marts.mart_daily_sales WHERE day > :after AND day <= :until ORDER BY day, currency"
)
_FUNNEL = text(
    "SELECT day, sessions, viewed, carted, checked_out, ordered FROM marts.mart_funnel"
    " WHERE day > :after AND day <= :until ORDER BY day"
)
_BEST_SELLERS = text(
    "SELECT product_id, title, department, brand, units_28d, revenue_minor_28d FROM marts.mart_product_sales"
    " WHERE units_28d > 0 ORDER BY revenue_minor_28d DESC, product_id LIMIT :limit"
)
_CUSTOMERS = text(
    'SELECT week, active, new, "returning" FROM marts.mart_customers_weekly'
    " WHERE week > :after AND week <= :until ORDER BY week"
)


async def get_as_of(connection: AsyncConnection) -> RowMapping | None:
    """`as_of` and `built_at`, or None while the marts are empty."""
    return (await connection.execute(_AS_OF)).mappings().one_or_none()


async def get_sales(connection: AsyncConnection, after: date, until: date) -> list[dict[str, Any]]:
    """Days with sales in (after, until], oldest first."""
    return await _rows(connection, _SALES, after=after, until=until)


async def get_funnel(connection: AsyncConnection, after: date, until: date) -> list[dict[str, Any]]:
    """Days with sessions in (after, until], oldest first."""
    return await _rows(connection, _FUNNEL, after=after, until=until)


async def get_best_sellers(connection: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """Products by revenue of the last 28 days."""
    return await _rows(connection, _BEST_SELLERS, limit=limit)


async def get_customers(connection: AsyncConnection, after: date, until: date) -> list[dict[str, Any]]:
    """Weeks with orders in (after, until], oldest first."""
    return await _rows(connection, _CUSTOMERS, after=after, until=until)


async def _rows(connection: AsyncConnection, statement: Any, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]
