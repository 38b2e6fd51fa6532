"""What recommendations led to, by day, surface, model and version."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period

_BY_DAY = text("""
    SELECT day, surface, model, model_version, answers, impressions, answers_clicked, clicks, carts, orders,
        revenue_minor
    FROM marts.mart_recommendations
    WHERE day BETWEEN :first AND :last AND (CAST(:surface AS text) IS NULL OR surface = :surface)
    ORDER BY day
""")
_SURFACES = text("SELECT DISTINCT surface FROM marts.mart_recommendations ORDER BY surface")
_SHOWN = text("""
    SELECT (SELECT count(*) FROM (
            SELECT DISTINCT items.product_id FROM lake.recommendations_recommendation_served_items AS items
            WHERE items.day BETWEEN :first AND :last
        ) AS shown) AS shown,
        (SELECT count(*) FROM marts.dim_products) AS products
""")


async def by_day(connection: AsyncConnection, period: Period, surface: str | None) -> list[dict[str, Any]]:
    """The mart's rows of a period, oldest first; of one surface, or of all."""
    found = await connection.execute(_BY_DAY, {"first": period.first, "last": period.last, "surface": surface})
    return [dict(row) for row in found.mappings()]


async def surfaces(connection: AsyncConnection) -> list[str]:
    """Where answers were ever shown."""
    return list((await connection.execute(_SURFACES)).scalars())


async def shown(connection: AsyncConnection, period: Period) -> tuple[int, int]:
    """Different products that were shown in a period, and all that there are."""
    row = (await connection.execute(_SHOWN, {"first": period.first, "last": period.last})).one()
    return int(row.shown), int(row.products)
