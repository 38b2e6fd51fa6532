"""Customers of two periods by segment, and who of a week's new ones came back."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period

_SEGMENTS = """
    WITH ordered AS (
        SELECT customer_id, order_day >= :middle AS is_now, count(*) FILTER (WHERE NOT is_cancelled) AS orders,
            coalesce(sum(total_minor) FILTER (WHERE NOT is_cancelled), 0)::bigint AS revenue_minor
        FROM marts.fct_orders
        WHERE order_day BETWEEN :first AND :last AND currency = :currency
        GROUP BY 1, 2
    )
    SELECT coalesce({segment}, 'not known') AS segment, is_now, count(*) AS customers,
        count(*) FILTER (
            WHERE (first_order_at AT TIME ZONE 'UTC')::date
                >= CASE WHEN is_now THEN CAST(:middle AS date) ELSE CAST(:first AS date) END
        ) AS new, sum(ordered.orders)::bigint AS orders, sum(ordered.revenue_minor)::bigint AS revenue_minor
    FROM ordered JOIN marts.dim_customers AS customers USING (customer_id)
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_STATEMENTS: Mapping[str, TextClause] = {
    name: text(_SEGMENTS.replace("{segment}", column))
    for name, column in {
        "source": "customers.source",
        "age": "customers.age_band",
        "income": "customers.income_band",
        "household": "customers.household_size::text",
    }.items()
}
SEGMENTS = tuple(_STATEMENTS)
_COHORTS = text("""
    WITH cohort AS (
        SELECT customer_id, date_trunc('week', first_order_at AT TIME ZONE 'UTC')::date AS week
        FROM marts.dim_customers WHERE first_order_at >= CAST(:since AS date)::timestamp AT TIME ZONE 'UTC'
    )
    SELECT cohort.week, (date_trunc('week', orders.order_day)::date - cohort.week) / 7 AS weeks_later,
        count(DISTINCT customer_id) AS customers
    FROM cohort JOIN marts.fct_orders AS orders USING (customer_id)
    GROUP BY 1, 2 ORDER BY 1, 2
""")


async def by_segment(connection: AsyncConnection, period: Period, currency: str, segment: str) -> list[dict[str, Any]]:
    """People with an order, by one of `SEGMENTS` and whether in the period (`is_now`) or the one before."""
    days = {"first": period.previous.first, "middle": period.first, "last": period.last}
    return await _rows(connection, _STATEMENTS[segment], **days, currency=currency)


async def cohorts(connection: AsyncConnection, since: date) -> list[dict[str, Any]]:
    """People by the week (from Monday) of their first order, and how many ordered so many weeks later."""
    return await _rows(connection, _COHORTS, since=since)


async def _rows(connection: AsyncConnection, statement: TextClause, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]
