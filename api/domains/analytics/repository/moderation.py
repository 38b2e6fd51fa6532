"""Cases, decisions and rules of moderation, from the marts."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period

_BY_DAY = text("""
    SELECT day, origin, opened, decided, removed, stood, upheld, overturned, waited_seconds
    FROM marts.mart_moderation WHERE day BETWEEN :first AND :last ORDER BY day, origin
""")
_RULES = text("""
    SELECT rule, sum(texts)::bigint AS texts, sum(in_shadow)::bigint AS in_shadow, sum(removed)::bigint AS removed,
        sum(stood)::bigint AS stood
    FROM marts.mart_moderation_rules WHERE day BETWEEN :first AND :last GROUP BY rule
    ORDER BY texts DESC, rule LIMIT 200
""")


async def by_day(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """What was opened and decided by day, origin and kind."""
    return await _rows(connection, _BY_DAY, period)


async def rules(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """Texts about which each rule had a say, and what people made of them."""
    return await _rows(connection, _RULES, period)


async def _rows(connection: AsyncConnection, statement: Any, period: Period) -> list[dict[str, Any]]:
    found = await connection.execute(statement, {"first": period.first, "last": period.last})
    return [dict(row) for row in found.mappings()]
