"""The last half hour: as `ingestion.online` counts it in Valkey, and half hours as the warehouse knows them."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
import valkey.asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from valkey.exceptions import ValkeyError

from api.core.settings import get_settings

log = structlog.get_logger(__name__)
MINUTES = 30
WAIT = 1.0
EXACT = ("orders", "carts", "checkouts")
ABOUT = ("visitors", "views")

_BEHAVIOUR = ("page_viewed", "product_viewed", "search_performed", "cart_item_added", "checkout_started")
_WITHIN = "{day} BETWEEN CAST(:first_day AS date) AND CAST(:last_day AS date) AND {at} >= :since AND {at} < :until"
_SEEN = _WITHIN.format(day="day", at="occurred_at")
_VISITORS = " UNION ALL ".join(
    f"SELECT anonymous_id FROM lake.analytics_{kind} WHERE {_SEEN}"  # noqa: S608 -- names from above
    for kind in _BEHAVIOUR
)
_HALF_HOUR = text(f"""
    SELECT placed.orders, placed.revenue_minor,
        (SELECT count(*) FROM lake.analytics_cart_item_added WHERE {_SEEN}) AS carts,
        (SELECT count(*) FROM lake.analytics_checkout_started WHERE {_SEEN}) AS checkouts,
        (SELECT count(*) FROM lake.analytics_product_viewed WHERE {_SEEN}) AS views,
        (SELECT count(DISTINCT anonymous_id) FROM ({_VISITORS}) AS seen) AS visitors
    FROM (
        SELECT count(*) AS orders,
            coalesce(sum(total_minor) FILTER (WHERE currency = :currency), 0)::bigint AS revenue_minor
        FROM marts.fct_orders
        WHERE {_WITHIN.format(day="order_day", at="placed_at")} AND NOT is_cancelled
    ) AS placed
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Counts:
    """Figures by minute, from `since` on, as of `as_of`; whole figures where minutes do not add up to them."""

    since: datetime
    as_of: datetime
    minutes: dict[str, tuple[int, ...]]
    totals: dict[str, int]


class LiveCounters:
    """Reads what the stream left. None where nobody knows: Valkey is away, or nothing was read for half an hour."""

    def __init__(self, url: str, topic_prefix: str) -> None:
        self._client = valkey.asyncio.Valkey.from_url(
            url, socket_timeout=WAIT, socket_connect_timeout=WAIT, decode_responses=True, max_connections=4
        )
        self._prefix = f"{topic_prefix}live:"
        self._is_away = False

    async def read(self, currency: str) -> Counts | None:
        """The thirty minutes that end with the one in which the stream was read last."""
        try:
            async with asyncio.timeout(2 * WAIT):
                found = await self._read(currency)
        except (ValkeyError, OSError, TimeoutError) as error:
            if not self._is_away:
                log.warning("live_counters_away", error=type(error).__name__)
            self._is_away = True
            return None
        self._is_away = False
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _read(self, currency: str) -> Counts | None:
        known = await self._client.get(f"{self._prefix}read_to")
        if known is None:
            return None
        as_of = float(known)
        last = int(as_of // 60)
        window = range(last - MINUTES + 1, last + 1)
        async with self._client.pipeline(transaction=False) as pipeline:
            for minute in window:
                pipeline.hgetall(f"{self._prefix}sums:{minute}")
            for counter in ABOUT:
                keys = [f"{self._prefix}about:{counter}:{minute}" for minute in window]
                for key in keys:
                    pipeline.pfcount(key)
                pipeline.pfcount(*keys)
            answers: list[Any] = await pipeline.execute()
        sums, rest = answers[:MINUTES], answers[MINUTES:]
        fields = dict(zip(EXACT, EXACT, strict=True)) | {"revenue_minor": f"revenue:{currency}"}
        minutes = {name: tuple(int(each.get(field, 0)) for each in sums) for name, field in fields.items()}
        totals = {name: sum(values) for name, values in minutes.items()}
        for number, counter in enumerate(ABOUT):
            *each, whole = rest[number * (MINUTES + 1) : (number + 1) * (MINUTES + 1)]
            minutes[counter], totals[counter] = tuple(each), whole
        return Counts(_time(window[0] * 60), _time(as_of), minutes, totals)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


async def half_hour(connection: AsyncConnection, since: datetime, until: datetime, currency: str) -> dict[str, int]:
    """The same figures between two times, from the warehouse."""
    days = {"first_day": since.astimezone(UTC).date(), "last_day": until.astimezone(UTC).date()}
    values = {"since": since, "until": until, "currency": currency}
    return dict((await connection.execute(_HALF_HOUR, days | values)).mappings().one())


class _Current:
    counters: LiveCounters | None = None


def get_counters() -> LiveCounters:
    """The reader of this process, made at its first use."""
    if _Current.counters is None:
        settings = get_settings()
        _Current.counters = LiveCounters(settings.valkey_url, settings.kafka_topic_prefix)
    return _Current.counters


async def close_counters() -> None:
    """Close the reader of this process, if it has one."""
    counters, _Current.counters = _Current.counters, None
    if counters is not None:
        await counters.close()
