"""The last interactions of a person, as `ingestion.online` keeps them in Valkey."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import orjson
import structlog
import valkey.asyncio
from valkey.exceptions import ValkeyError

from api.core.settings import get_settings
from api.domains.recommendations.domain.opinion import Recent

log = structlog.get_logger(__name__)
PREFIX = "agora:recent:"
WAIT = 0.05
PAUSE = 0.5
MOST = 50


class RecentInteractions:
    """Reads lists of JSON objects, newest first. While Valkey is away answers go on without them.

    After a failure nobody asks for a moment, so that a frozen Valkey does not slow every answer.
    """

    def __init__(self, url: str) -> None:
        self._client = valkey.asyncio.Valkey.from_url(
            url, socket_timeout=WAIT, socket_connect_timeout=WAIT, max_connections=20
        )
        self._is_away = False
        self._ask_from = 0.0

    async def of(self, people: Sequence[UUID]) -> list[Recent]:
        """What was done under any of these ids, newest first: signing in joins the taste of before."""
        if time.monotonic() < self._ask_from:
            return []
        try:
            async with asyncio.timeout(WAIT):
                async with self._client.pipeline(transaction=False) as pipeline:
                    for person in people:
                        pipeline.lrange(f"{PREFIX}{person}", 0, MOST - 1)
                    lists = await pipeline.execute()
        except (ValkeyError, OSError, TimeoutError) as error:
            if not self._is_away:
                log.warning("recent_interactions_away", error=type(error).__name__)
            self._is_away = True
            self._ask_from = time.monotonic() + PAUSE
            return []
        self._is_away = False
        events = {event for items in lists for item in items if (event := _read(item)) is not None}
        return sorted(events, key=lambda event: -event.at)[:MOST]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _read(item: bytes) -> Recent | None:
    """None for what another version of the writer may have left."""
    try:
        fields = orjson.loads(item)
        return Recent(int(fields["product_id"]), str(fields["kind"]), float(fields["at"]))
    except (ValueError, KeyError, TypeError):
        return None


class _Current:
    reader: RecentInteractions | None = None


def get_recent() -> RecentInteractions:
    """The reader of this process, made at its first use."""
    if _Current.reader is None:
        _Current.reader = RecentInteractions(get_settings().valkey_url)
    return _Current.reader


async def close_recent() -> None:
    """Close the reader of this process, if it has one."""
    reader, _Current.reader = _Current.reader, None
    if reader is not None:
        await reader.close()
