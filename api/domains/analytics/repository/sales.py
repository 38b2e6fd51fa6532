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
        return self.department is None and self.category is None and self.product_id is None


_OF_ORDERS = """
    SELECT order_day AS day, count(*) AS orders, sum(units)::bigint AS units,
        sum(total_minor)::bigint AS revenue_minor, sum(discount_minor)::bigint AS discount_minor
    FROM marts.fct_orders
    WHERE order_day BETWEEN :first AND :last AND currency = :currency AND NOT is_cancelled
        AND (CAST(:source AS text) IS NULL OR source = :source)
    GROUP BY order_day ORDER BY order_day
"""
# A source is asked for seldom: only then are the orders of the lines looked up.
_SOURCE = """
    JOIN marts.fct_orders AS orders
        ON orders.order_id = lines.order_id AND orders.order_day = lines.order_day AND orders.source = :source
"""
_LINES = """
    FROM marts.fct_order_lines AS lines
    JOIN marts.dim_products AS products ON products.product_id = lines.product_id
    {source}
    WHERE lines.order_day BETWEEN :first AND :last AND lines.currency = :currency AND NOT lines.is_cancelled
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
# One walk over the lines of both periods; groups and products are summed from what it leaves.
_MIX = """
    WITH sold AS MATERIALIZED (
        SELECT lines.product_id,
            coalesce(sum(lines.quantity) FILTER (WHERE lines.order_day >= :middle), 0)::bigint AS units,
            coalesce(sum(lines.total_minor) FILTER (WHERE lines.order_day >= :middle), 0)::bigint AS revenue_minor,
            coalesce(sum(lines.total_minor) FILTER (WHERE lines.order_day < :middle), 0)::bigint AS before_minor
    {lines}
        GROUP BY lines.product_id
    ),
    named AS (
        SELECT sold.*, products.title, products.department, products.category,
            CASE WHEN CAST(:department AS text) IS NULL THEN products.department ELSE products.category END AS part
        FROM sold JOIN marts.dim_products AS products USING (product_id)
    )
    (
        SELECT NULL::bigint AS product_id, part AS name, '' AS department, sum(units)::bigint AS units,
            sum(revenue_minor)::bigint AS revenue_minor, sum(before_minor)::bigint AS before_minor
        FROM named GROUP BY part ORDER BY revenue_minor DESC, part
    )
    UNION ALL
    (
        SELECT product_id, title, department, units, revenue_minor, before_minor
        FROM named WHERE units <> 0 ORDER BY revenue_minor DESC, product_id LIMIT :limit
    )
"""
_PARTS_BY_DAY = """
    SELECT CASE WHEN CAST(:department AS text) IS NULL THEN products.department ELSE products.category END AS name,
        lines.order_day AS day, sum(lines.total_minor)::bigint AS revenue_minor
    {lines}
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_ROWS = """
    SELECT lines.placed_at, lines.order_id, lines.line_number, lines.product_id, products.title, products.department,
        lines.quantity, lines.discount_minor, lines.total_minor
    {lines}
        AND (CAST(:placed_at AS timestamptz) IS NULL
            OR (lines.placed_at, lines.order_id, lines.line_number) < (:placed_at, :order_id, :line_number))
    ORDER BY lines.placed_at DESC, lines.order_id DESC, lines.line_number DESC LIMIT :limit
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
    template = _OF_ORDERS if chosen.is_whole_order else _OF_LINES
    return await _chosen(connection, template, chosen, first=period.first, last=period.last)


async def mix(connection: AsyncConnection, period: Period, chosen: SalesFilter, limit: int) -> list[dict[str, Any]]:
    """Departments (categories, where a department is chosen) without a `product_id`, then the first products."""
    days = {"first": period.previous.first, "middle": period.first, "last": period.last}
    return await _chosen(connection, _MIX, chosen, **days, limit=limit)


async def parts_by_day(connection: AsyncConnection, period: Period, chosen: SalesFilter) -> list[dict[str, Any]]:
    """Revenue by day of each department, or of each category of the chosen department."""
    return await _chosen(connection, _PARTS_BY_DAY, chosen, first=period.first, last=period.last)


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
def _statement(template: str, has_source: bool) -> tuple[TextClause, frozenset[str]]:
    """A statement and the names of what it has to be given."""
    whole = template.replace("{lines}", _LINES).replace("{source}", _SOURCE if has_source else "")
    statement = text(whole)
    return statement, frozenset(statement.compile().params)


async def _chosen(
    connection: AsyncConnection, template: str, chosen: SalesFilter, **values: Any
) -> list[dict[str, Any]]:
    statement, names = _statement(template, chosen.source is not None)
    own = {name: value for name, value in asdict(chosen).items() if name in names}
    return await _rows(connection, statement, **own, **values)


async def _rows(connection: AsyncConnection, statement: TextClause, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]
