"""What people did in communities, as it lies in the marts."""

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period

_BY_DAY = text("""
    SELECT day, sum(posts)::bigint AS posts, sum(comments)::bigint AS comments, sum(votes)::bigint AS votes,
        sum(joined)::bigint AS joined, sum(left_it)::bigint AS left_it
    FROM marts.mart_communities WHERE day BETWEEN :first AND :last GROUP BY day ORDER BY day
""")
_ACTIVE_BY_DAY = text("""
    SELECT day, count(DISTINCT customer_id) AS people FROM marts.fct_community_acts
    WHERE day BETWEEN :first AND :last GROUP BY day ORDER BY day
""")
_ACTIVE = text("""
    SELECT count(DISTINCT customer_id) FILTER (WHERE day >= :middle) AS now,
        count(DISTINCT customer_id) FILTER (WHERE day < :middle) AS before
    FROM marts.fct_community_acts WHERE day BETWEEN :first AND :last
""")
_BY_COMMUNITY = text("""
    SELECT community_id, count(DISTINCT customer_id) FILTER (WHERE day >= :middle) AS people,
        count(DISTINCT customer_id) FILTER (WHERE day < :middle) AS before,
        count(*) FILTER (WHERE day >= :middle AND act = 'post') AS posts,
        count(*) FILTER (WHERE day >= :middle AND act = 'comment') AS comments,
        count(*) FILTER (WHERE day >= :middle AND act = 'vote') AS votes
    FROM marts.fct_community_acts WHERE day BETWEEN :first AND :last
    GROUP BY community_id ORDER BY people DESC, community_id LIMIT 100
""")
_WEEKS = text("""
    WITH active AS (
        SELECT DISTINCT customer_id, date_trunc('week', day)::date AS week FROM marts.fct_community_acts
        WHERE day >= :since
    )
    SELECT this.week, count(*) AS people, count(later.customer_id) AS came_back
    FROM active this LEFT JOIN active later ON later.customer_id = this.customer_id AND later.week = this.week + 7
    WHERE this.week + 13 < :as_of GROUP BY this.week ORDER BY this.week
""")


async def by_day(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """Posts, comments, votes, memberships by day."""
    return await _rows(connection, _BY_DAY, first=period.first, last=period.last)


async def active_by_day(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """People who wrote or voted, by day."""
    return await _rows(connection, _ACTIVE_BY_DAY, first=period.first, last=period.last)


async def active(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """People who wrote or voted, in the period and before: one row."""
    return await _rows(connection, _ACTIVE, **_halves(period))


async def by_community(connection: AsyncConnection, period: Period) -> list[dict[str, Any]]:
    """The same by community, and what they did in the period; the hundred liveliest."""
    return await _rows(connection, _BY_COMMUNITY, **_halves(period))


async def weeks(connection: AsyncConnection, since: date, as_of: date) -> list[dict[str, Any]]:
    """By the week (from Monday): active people, and how many were active in the week after; whole weeks alone."""
    return await _rows(connection, _WEEKS, since=since, as_of=as_of)


def _halves(period: Period) -> dict[str, date]:
    return {"first": period.previous.first, "middle": period.first, "last": period.last}


async def _rows(connection: AsyncConnection, statement: Any, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(statement, values)).mappings()]
