"""Sales by day, group, product and line, of one currency, with what was filtered."""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period


@dataclass(frozen=True, slots=True)
class SalesFilter:
    """What to look at; None stands for everything."""

    currency: str
    source: str | None = None
    department: str | None = None
    category: str | None = None
    product_id: int | None = None

    @property
    def is_whole_order(self) -> bool:
        """Whether whole orders count: nothing is chosen that only some lines of an order may have."""
        return self.is_a_part and self.department is None and self.category is None

    @property
    def is_a_part(self) -> bool:
        """Whether departments and categories are all that lines are chosen by."""
        return self.product_id is None


_OF_ORDERS = """
    SELECT order_day AS day, count(*) AS orders, sum(units)::bigint AS units,
        sum(total_minor)::bigint AS revenue_minor, sum(discount_minor)::bigint AS discount_minor
    FROM marts.fct_orders
    WHERE order_day BETWEEN :first AND :last AND currency = :currency AND NOT is_cancelled
        AND (CAST(:source AS text) IS NULL OR source = :source)
    GROUP BY order_day ORDER BY order_day
"""
_LINES = """
    FROM marts.fct_order_lines AS lines
    JOIN marts.dim_products AS products ON products.product_id = lines.product_id
    WHERE lines.order_day BETWEEN :first AND :last AND lines.currency = :currency AND NOT lines.is_cancelled
        AND (CAST(:source AS text) IS NULL OR lines.source = :source)
        AND (CAST(:department AS text) IS NULL OR products.department = :department)
        AND (CAST(:category AS text) IS NULL OR products.category = :category)
        AND (CAST(:product_id AS bigint) IS NULL OR lines.product_id = :product_id)
"""
_OF_LINES = """
    SELECT lines.order_day AS day, count(DISTINCT lines.order_id) AS orders, sum(lines.quantity)::bigint AS units,
        sum(lines.total_minor)::bigint AS revenue_minor, sum(lines.discount_minor)::bigint AS discount_minor
    {lines}
    GROUP BY lines.order_day ORDER BY lines.order_day
"""
# Parts of the assortment by day, as the mart keeps them, or of the lines of one product.
_PARTS = """
    FROM marts.mart_sales_parts
    WHERE order_day BETWEEN :first AND :last AND currency = :currency AND orders > 0
        AND (CAST(:source AS text) IS NULL OR source = :source)
        AND (CAST(:department AS text) IS NULL OR department = :department)
        AND (CAST(:category AS text) IS NULL OR category = :category)
"""
_OF_PARTS = f"""
    SELECT order_day AS day, sum(orders)::bigint AS orders, sum(units)::bigint AS units,
        sum(revenue_minor)::bigint AS revenue_minor, sum(discount_minor)::bigint AS discount_minor
    {_PARTS} AND (category IS NULL) = (CAST(:category AS text) IS NULL)
    GROUP BY order_day ORDER BY order_day
"""
_PARTS_BY_DAY = f"""
    SELECT coalesce(category, department) AS name, order_day AS day, sum(units)::bigint AS units,
        sum(revenue_minor)::bigint AS revenue_minor
    {_PARTS} AND (category IS NULL) = (CAST(:department AS text) IS NULL)
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_PARTS_OF_LINES = """
    SELECT CASE WHEN CAST(:department AS text) IS NULL THEN products.department ELSE products.category END AS name,
        lines.order_day AS day, sum(lines.quantity)::bigint AS units, sum(lines.total_minor)::bigint AS revenue_minor
    {lines}
    GROUP BY 1, 2 ORDER BY 1, 2
"""
# What sold best is found among the lines of the period alone, and only that is looked for in the period before.
_PRODUCTS = """
    WITH sold AS MATERIALIZED (
        SELECT product_id, sum(quantity)::bigint AS units, sum(total_minor)::bigint AS revenue_minor
        FROM marts.fct_order_lines
        WHERE order_day BETWEEN :first AND :last AND currency = :currency AND NOT is_cancelled
            AND (CAST(:source AS text) IS NULL OR source = :source)
            AND (CAST(:product_id AS bigint) IS NULL OR product_id = :product_id)
            AND (coalesce(CAST(:department AS text), CAST(:category AS text)) IS NULL OR product_id IN (
                SELECT product_id FROM marts.dim_products
                WHERE (CAST(:department AS text) IS NULL OR department = :department)
                    AND (CAST(:category AS text) IS NULL OR category = :category)))
        GROUP BY product_id ORDER BY revenue_minor DESC, product_id LIMIT :limit
    ),
    before AS MATERIALIZED (
        SELECT product_id, sum(total_minor)::bigint AS before_minor
        FROM marts.fct_order_lines
        WHERE product_id = ANY(ARRAY(SELECT product_id FROM sold)) AND order_day BETWEEN :before_first AND :before_last
            AND currency = :currency AND NOT is_cancelled AND (CAST(:source AS text) IS NULL OR source = :source)
        GROUP BY product_id
    )
    SELECT product_id, products.title AS name, products.department, sold.units, sold.revenue_minor,
        coalesce(before.before_minor, 0) AS before_minor
    FROM sold JOIN marts.dim_products AS products USING (product_id) LEFT JOIN before USING (product_id)
    ORDER BY sold.revenue_minor DESC, product_id
"""
_ROWS = """
    SELECT lines.placed_at, lines.order_id, lines.line_number, lines.product_id, products.title, products.department,
        lines.quantity, lines.discount_minor, lines.total_minor
    {lines}
        AND (CAST(:placed_at AS timestamptz) IS NULL
            OR (lines.order_day, lines.placed_at, lines.order_id, lines.line_number)
                < ((CAST(:placed_at AS timestamptz) AT TIME ZONE 'UTC')::date, :placed_at, :order_id, :line_number))
    ORDER BY lines.order_day DESC, lines.placed_at DESC, lines.order_id DESC, lines.line_number DESC LIMIT :limit
"""
_CHOICES = text("""
    SELECT 'source' AS kind, source AS name, '' AS above FROM (SELECT DISTINCT source FROM marts.fct_orders) AS s
    UNION ALL
    SELECT 'currency', currency, '' FROM (SELECT DISTINCT currency FROM marts.mart_daily_sales) AS c
    UNION ALL
    SELECT 'category', category, department FROM marts.dim_products GROUP BY category, department
    ORDER BY 1, 3, 2
""")
_BY_SOURCE = text("""
    SELECT source AS name, count(*) FILTER (WHERE order_day >= :middle) AS orders,
        coalesce(sum(total_minor) FILTER (WHERE order_day >= :middle), 0)::bigint AS revenue_minor,
        coalesce(sum(total_minor) FILTER (WHERE order_day < :middle), 0)::bigint AS before_minor
    FROM marts.fct_orders
    WHERE order_day BETWEEN :first AND :last AND currency = :currency AND NOT is_cancelled
    GROUP BY source ORDER BY revenue_minor DESC, source
""")


async def by_day(connection: AsyncConnection, period: Period, chosen: SalesFilter) -> list[dict[str, Any]]:
    """Days with sales of the period, oldest first."""
    template = _OF_ORDERS
    if not chosen.is_whole_order:
        template = _OF_PARTS if chosen.is_a_part and chosen.department is not None else _OF_LINES
    return await _chosen(connection, template, chosen, first=period.first, last=period.last)


async def parts_by_day(connection: AsyncConnection, period: Period, chosen: SalesFilter) -> list[dict[str, Any]]:
    """Units and revenue by day of each department, or of each category of the chosen department."""
    template = _PARTS_BY_DAY if chosen.is_a_part else _PARTS_OF_LINES
    return await _chosen(connection, template, chosen, first=period.first, last=period.last)


async def products(
    connection: AsyncConnection, period: Period, chosen: SalesFilter, limit: int
) -> list[dict[str, Any]]:
    """What sold best in the period, and for how much in the one before."""
    before = period.previous
    days = {"first": period.first, "last": period.last, "before_first": before.first, "before_last": before.last}
    return await _chosen(connection, _PRODUCTS, chosen, **days, limit=limit)


async def by_source(connection: AsyncConnection, period: Period, currency: str) -> list[dict[str, Any]]:
    """Where orders came from, in the period and before."""
    days = {"first": period.previous.first, "middle": period.first, "last": period.last}
    return await _rows(connection, _BY_SOURCE, **days, currency=currency)


async def choices(connection: AsyncConnection) -> list[dict[str, Any]]:
    """What can be filtered by: `kind`, `name` and, for a category, the department `above`."""
    return await _rows(connection, _CHOICES)


async def lines(
    connection: AsyncConnection,
    period: Period,
    chosen: SalesFilter,
    limit: int,
    after: tuple[datetime, str, int] | None = None,
) -> list[dict[str, Any]]:
    """Order lines behind the figures, the newest first, from `after` (time, order, line) on."""
    placed_at, order_id, line_number = after or (None, "", 0)
    place = {"placed_at": placed_at, "order_id": order_id, "line_number": line_number}
    return await _chosen(connection, _ROWS, chosen, first=period.first, last=period.last, limit=limit, **place)


@cache
def _statement(template: str) -> tuple[TextClause, frozenset[str]]:
    """A statement and the names of what it has to be given."""
    statement = text(template.replace("{lines}", _LINES))
    return statement, frozenset(statement.compile().params)


async def _chosen(
    connection: AsyncConnection, template: str, chosen: SalesFilter, **values: Any
) -> list[dict[str, Any]]:
    statement, names = _statement(template)
    own = {name: value for name, value in asdict(chosen).items() if name in names}
    return await _rows(connection, statement, **own, **values)


async def _rows(connection: AsyncConnection, statement: TextClause, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]
