"""The last half hour from the stream, beside half hours of the warehouse, for as many open pages as there may be."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.core.db import get_database
from api.domains.analytics.domain.half_hour import KEYS, STALE, Figure, HalfHour
from api.domains.analytics.errors import ReportNotReady, TooManyWatchers
from api.domains.analytics.repository import live
from api.domains.analytics.service.remembered import newest_build

__all__ = ["STALE", "close", "look", "refuse_when_full", "watch"]

log = structlog.get_logger(__name__)
CURRENCY = "USD"
LOOK_SECONDS = 1.0
WAREHOUSE_SECONDS = 20.0
STREAM_SECONDS = 300.0  # then the page asks again, and is asked again whether it may
MOST_WATCHERS = 200
WEEK, LENGTH = timedelta(weeks=1), timedelta(minutes=live.MINUTES)


@dataclass(slots=True)
class _Then:
    """What the warehouse said last."""

    as_of: datetime | None = None
    newest: dict[str, int] | None = None
    week_before: dict[str, int] | None = None


class _Desk:
    """One look a second for everybody who watches."""

    def __init__(self) -> None:
        self.watchers = 0
        self.closing = asyncio.Event()
        self.seen: HalfHour | None = None
        self.looked_at = self.asked_at = float("-inf")
        self.then = _Then()
        self.door = asyncio.Lock()


class _Current:
    desk: _Desk | None = None


def _desk() -> _Desk:
    if _Current.desk is None:
        _Current.desk = _Desk()
    return _Current.desk


async def look() -> HalfHour:
    """Everything as it is now, not older than a second."""
    desk = _desk()
    async with desk.door:
        now = time.monotonic()
        if desk.seen is None or now - desk.looked_at >= LOOK_SECONDS:
            counts = await live.get_counters().read(CURRENCY)
            if now - desk.asked_at >= WAREHOUSE_SECONDS:
                desk.then, desk.asked_at = await _then(counts), now
            desk.seen, desk.looked_at = _beside(counts, desk.then), now
        return desk.seen


async def watch() -> AsyncGenerator[HalfHour, None]:
    """The half hour at once, and then every second, for `STREAM_SECONDS` or until the process ends."""
    desk = _desk()
    desk.watchers += 1
    end = time.monotonic() + STREAM_SECONDS
    try:
        while not desk.closing.is_set() and time.monotonic() < end:
            yield await look()
            try:
                await asyncio.wait_for(desk.closing.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue
    finally:
        desk.watchers -= 1


def refuse_when_full() -> None:
    """Raises TooManyWatchers."""
    if _desk().watchers >= MOST_WATCHERS:
        raise TooManyWatchers


async def close() -> None:
    """End every stream of this process and let go of its connections."""
    desk, _Current.desk = _Current.desk, None
    if desk is not None:
        desk.closing.set()
    await live.close_counters()


async def _then(counts: live.Counts | None) -> _Then:
    """The warehouse's newest half hour, and this one a week before. Nothing where it cannot be asked."""
    now = datetime.now(UTC)
    since, until = (counts.since, counts.as_of) if counts else (now - LENGTH, now)
    try:
        async with get_database().warehouse() as warehouse:
            build = await newest_build(warehouse)
            newest = await build.ask(live.half_hour, build.as_of - LENGTH, build.as_of, CURRENCY)
            before = None
            if until - WEEK <= build.as_of:
                before = await live.half_hour(warehouse, since - WEEK, until - WEEK, CURRENCY)
    except (ReportNotReady, SQLAlchemyError, OSError) as error:
        log.info("no_half_hour_of_the_warehouse", error=type(error).__name__)
        return _Then()
    return _Then(build.as_of, newest, before)


def _beside(counts: live.Counts | None, then: _Then) -> HalfHour:
    figures = tuple(
        Figure(
            key,
            counts.totals[key] if counts else None,
            counts.minutes[key] if counts else (),
            then.newest[key] if then.newest else None,
            then.week_before[key] if then.week_before else None,
        )
        for key in KEYS
    )
    since, as_of = (counts.since, counts.as_of) if counts else (None, None)
    return HalfHour(since, as_of, then.as_of, CURRENCY, figures)
