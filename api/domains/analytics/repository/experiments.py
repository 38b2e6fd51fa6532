"""What came of experiments, and of places that were drawn by lot."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period

_VARIANTS = text("""
    SELECT experiment_id, variant, began_at, last_at, units, units_clicked, units_ordered, units_refunded,
        units_reported, orders, orders_cancelled, revenue_minor, refunded_minor
    FROM marts.mart_experiments ORDER BY last_at DESC, experiment_id, variant
""")
_DRAWN = text("""
    SELECT pool_size, pool_rank, sum(shown)::bigint AS shown, sum(clicked)::bigint AS clicked
    FROM marts.mart_exploration
    WHERE day BETWEEN :first AND :last AND (CAST(:surface AS text) IS NULL OR surface = :surface)
    GROUP BY pool_size, pool_rank ORDER BY pool_size, pool_rank
""")


async def variants(warehouse: AsyncConnection) -> list[dict[str, Any]]:
    """The mart's rows."""
    return [dict(row) for row in (await warehouse.execute(_VARIANTS)).mappings()]


async def drawn(warehouse: AsyncConnection, period: Period, surface: str | None) -> list[dict[str, Any]]:
    """Places of a period by pool size and rank; of one surface, or of all."""
    values = {"first": period.first, "last": period.last, "surface": surface}
    return [dict(row) for row in (await warehouse.execute(_DRAWN, values)).mappings()]
