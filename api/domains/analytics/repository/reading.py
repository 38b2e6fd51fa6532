"""Articles and people's own feeds of the forum, from the marts."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period

_ARTICLES = text("""
    SELECT day, started, published, renewed, withdrawn, held, refused, removed, reads
    FROM marts.mart_articles WHERE day BETWEEN :first AND :last ORDER BY day
""")
_DRAFTS = text("""
    SELECT count(*) FILTER (WHERE started_day >= :middle) AS started,
        count(first_published_at) FILTER (WHERE started_day >= :middle) AS published,
        count(*) FILTER (WHERE started_day < :middle) AS started_before,
        count(first_published_at) FILTER (WHERE started_day < :middle) AS published_before
    FROM marts.fct_articles WHERE started_day BETWEEN :first AND :last
""")
_FEED = text("""
    SELECT day, source, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks,
        sum(removed)::bigint AS removed
    FROM marts.mart_feed WHERE day BETWEEN :first AND :last GROUP BY day, source ORDER BY day, source
""")


async def articles(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """What happened to articles by day."""
    return await _rows(connection, _ARTICLES, first=period.first, last=period.last)


async def drafts(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """Articles that were begun in the period and before, and how many of them came out: one row."""
    return await _rows(connection, _DRAFTS, first=period.previous.first, middle=period.first, last=period.last)


async def feed(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """What was shown, opened and taken out, by day and by what spoke for it."""
    return await _rows(connection, _FEED, first=period.first, last=period.last)


async def _rows(connection: AsyncConnection, statement: Any, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]
