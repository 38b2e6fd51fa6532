"""The last interactions while Valkey is away, hangs, or is slow."""

import asyncio
import itertools
import random
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from httpx import AsyncClient
from structlog.testing import capture_logs

from api.core.settings import get_settings
from api.domains.recommendations.repository import recent
from api.domains.recommendations.repository.recent import RecentInteractions
from tests.api.recommendations.conftest import Did, Shop, answer_with
from tests.api.recommendations.test_endpoints import a_model, ask, shown


@asynccontextmanager
async def slow_valkey(late: float) -> AsyncIterator[str]:
    """The address of a Valkey of whose answers each eighth takes `late` seconds."""
    place = urlsplit(get_settings().valkey_url)
    answers = itertools.count(1)
    pumps: set[asyncio.Task[None]] = set()

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, wait: float) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while data := await source.read(65_536):
                if wait and next(answers) % 8 == 0:
                    await asyncio.sleep(wait)
                target.write(data)
        target.close()
        with suppress(OSError, asyncio.CancelledError):
            await target.wait_closed()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source, target = await asyncio.open_connection(place.hostname, place.port)
        pumps.update({asyncio.create_task(pump(reader, target, 0)), asyncio.create_task(pump(source, writer, late))})

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    for task in pumps:
        task.cancel()
    await asyncio.gather(*pumps, return_exceptions=True)


async def test_answers_that_come_too_late_never_reach_somebody_else(did: Did, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "PAUSE", 0.0)
    monkeypatch.setattr(recent, "WAIT", 0.5)  # the others are in time on a busy machine too
    people = {number: uuid4() for number in range(1, 21)}
    for number, person in people.items():
        did(person, number)
    found: list[tuple[int, list[int]]] = []

    async def keep_asking(reader: RecentInteractions) -> None:
        for number in random.Random(len(found)).sample(range(1, 21), 12):
            events = await reader.of([people[number]])
            found.append((number, [event.product_id for event in events]))

    async with slow_valkey(1.0) as url:
        reader = RecentInteractions(url)
        await asyncio.gather(*(keep_asking(reader) for _ in range(5)))
        await reader.close()
    assert all(products in ([], [number]) for number, products in found)
    assert any(products for _, products in found)
    assert not all(products for _, products in found)


async def test_a_valkey_that_is_away_costs_taste_and_nothing_else(
    client: AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(a_model(shop))
    monkeypatch.setattr(recent._Current, "reader", recent.RecentInteractions("redis://127.0.0.1:1/0"))
    with capture_logs() as logs:
        for _ in range(3):
            recent.get_recent()._ask_from = 0.0
            assert len(shown(await ask(client))) == 12
    assert [each["event"] for each in logs].count("recent_interactions_away") == 1


async def test_a_valkey_that_hangs_is_waited_for_once_and_briefly(
    client: AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(a_model(shop))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        monkeypatch.setattr(recent._Current, "reader", recent.RecentInteractions(url))
        waits = []
        for _ in range(4):
            began = time.monotonic()
            assert await recent.get_recent().of([uuid4()]) == []
            waits.append(time.monotonic() - began)
        assert len(shown(await ask(client))) == 12
    assert recent.WAIT * 0.9 < waits[0] < recent.PAUSE
    assert sum(waits[1:]) < recent.WAIT
