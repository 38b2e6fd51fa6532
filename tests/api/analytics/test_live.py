"""The last half hour: figures of the stream beside the warehouse's, on a page, as a stream of events and as JSON."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import valkey
from httpx import AsyncClient

from api.core.settings import get_settings
from api.domains.analytics import facade
from api.domains.analytics.errors import TooManyWatchers
from api.domains.analytics.service import live
from ingestion.online.counters import Counted, count, prefix
from ingestion.online.progress import note
from tests.api.analytics.conftest import AS_OF, Warehouse
from tests.api.conftest import SignUp

PAGE = {"accept": "text/html"}
WEEK = timedelta(weeks=1)


class Stream:
    """What `ingestion.online` would write, by its own hand."""

    def __init__(self, client: valkey.Valkey, keys: str) -> None:
        self.client, self.keys = client, keys

    def count(self, *found: Counted) -> None:
        count(self.client, self.keys, found)
        note(self.client, self.keys, time.time())

    def order(self, minor: int, ago: float = 0.0, currency: str = "USD") -> None:
        self.count(Counted("orders", time.time() - ago, str(uuid4()), currency, minor))


@pytest.fixture
async def watched() -> AsyncIterator[None]:
    """Nothing is remembered from one test to the next."""
    await facade.close()
    yield
    await facade.close()


@pytest.fixture
def stream(migrated_env: dict[str, str], watched: None) -> Iterator[Stream]:
    keys = prefix(get_settings().kafka_topic_prefix)
    with valkey.Valkey.from_url(migrated_env["AGORA_VALKEY_URL"]) as client:
        yield Stream(client, keys)
        for key in client.scan_iter(f"{keys}*"):
            client.delete(key)


def put_order(figures: Warehouse, name: str, at: datetime, minor: int, **more: object) -> None:
    figures.order(name, at.date(), "ann", (1, 1, minor), placed_at=at, **more)


async def test_the_stream_beside_the_warehouse(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse, stream: Stream
) -> None:
    analyst = await sign_up("analyst")
    now = datetime.now(UTC)
    built = now - timedelta(minutes=40)
    figures.connection.execute("update marts.mart_as_of set as_of = %s, built_at = %s", (built, built))
    put_order(figures, "newest", built - timedelta(minutes=1), 900)
    put_order(figures, "older", built - timedelta(minutes=31), 5_000)
    put_order(figures, "gone", built - timedelta(minutes=1), 7_000, is_cancelled=True)
    put_order(figures, "week before", now - WEEK - timedelta(minutes=2), 400)
    put_order(figures, "week before, abroad", now - WEEK - timedelta(minutes=2), 300, currency="EUR")
    put_order(figures, "week before, later", now - WEEK + timedelta(minutes=2), 100)
    for number, visitor in enumerate(("ann", "ann", "bob")):
        event = {"event_id": str(number), "anonymous_id": visitor, "occurred_at": built - timedelta(minutes=1)}
        figures.put("lake.analytics_product_viewed", event | {"day": built.date()})
    stream.order(1_000)
    stream.order(550, ago=120)
    stream.order(700, currency="EUR")
    stream.count(Counted("visitors", time.time(), str(uuid4())), Counted("views", time.time(), str(uuid4())))
    found = (await client.get("/v1/reports/live", headers=analyst.headers)).json()
    by_key = {each["key"]: each for each in found["figures"]}
    assert {key: (each["now"], each["warehouse"], each["week_before"]) for key, each in by_key.items()} == {
        "visitors": (1, 2, 0),
        "views": (1, 3, 0),
        "carts": (0, 0, 0),
        "checkouts": (0, 0, 0),
        "orders": (3, 1, 2),
        "revenue_minor": (1_550, 900, 400),
    }
    assert sum(by_key["orders"]["minutes"]) == 3
    assert len(by_key["orders"]["minutes"]) == 30
    assert (by_key["orders"]["is_about"], by_key["visitors"]["is_about"]) == (False, True)
    assert found["is_stale"] is False
    assert datetime.fromisoformat(found["warehouse_as_of"]) == built
    page = (await client.get("/dashboards/live", headers=PAGE | analyst.headers)).text
    assert '<p class="big">$16' in page
    assert "within 1%" not in page
    assert 'href="/data/lineage/revenue"' in page
    assert "The stream has not been read" not in page


async def test_an_estimate_is_called_one(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse, stream: Stream
) -> None:
    boss = await sign_up("executive")
    stream.count(*(Counted("views", time.time(), str(uuid4())) for _ in range(2_000)))
    found = (await client.get("/v1/reports/live", headers=boss.headers)).json()["figures"]
    views = next(each["now"] for each in found if each["key"] == "views")
    assert views == pytest.approx(2_000, rel=0.03)
    page = (await client.get("/dashboards/live", headers=PAGE | boss.headers)).text
    assert f'<p class="big">{views:,} <small>within 1%</small>' in page


async def test_a_stream_that_stands_still_is_told(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse, stream: Stream
) -> None:
    boss = await sign_up("executive")
    stream.order(1_000, ago=60)
    note(stream.client, stream.keys, time.time() - 40)
    page = (await client.get("/dashboards/live", headers=PAGE | boss.headers)).text
    assert "The stream has not been read since" in page
    assert '<p class="big">$10' in page
    assert (await client.get("/v1/reports/live", headers=boss.headers)).json()["is_stale"] is True


async def test_nothing_known_of_the_stream_or_of_the_warehouse_is_no_zero(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse, stream: Stream
) -> None:
    boss = await sign_up("executive")
    found = (await client.get("/v1/reports/live", headers=boss.headers)).json()
    assert (found["as_of"], found["is_stale"]) == (None, True)
    assert {each["now"] for each in found["figures"]} == {None}
    assert datetime.fromisoformat(found["warehouse_as_of"]) == AS_OF
    figures.connection.execute("truncate marts.mart_as_of")
    await facade.close()
    stream.order(1_000)
    page = (await client.get("/dashboards/live", headers=PAGE | boss.headers)).text
    assert "Warehouse: not known." in page
    assert '<p class="big">$10' in page


async def test_a_frozen_valkey_makes_no_page_wait_and_no_page_fail(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse, watched: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))  # takes connections, and never answers
    port = silent.getsockname()[1]
    settings = get_settings().model_copy(update={"valkey_url": f"redis://127.0.0.1:{port}/0"})
    monkeypatch.setattr("api.domains.analytics.repository.live.get_settings", lambda: settings)
    monkeypatch.setattr("api.domains.analytics.repository.live.WAIT", 0.1)
    boss = await sign_up("executive")
    answer = await client.get("/dashboards/live", headers=PAGE | boss.headers)
    assert answer.status_code == 200
    assert "Nothing is known of the stream" in answer.text
    silent.close()


async def test_the_stream_tells_what_is_new_and_ends_by_itself(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await sign_up("executive")
    stream.order(1_000)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.05)
    watching = live.watch()
    assert next(each.now for each in (await anext(watching)).figures if each.key == "orders") == 1
    stream.order(1_000)
    async with asyncio.timeout(5):
        async for seen in watching:
            if next(each.now for each in seen.figures if each.key == "orders") == 2:
                break
    await watching.aclose()
    monkeypatch.setattr(live, "STREAM_SECONDS", 0.1)
    answer = await client.get("/dashboards/live/stream", headers=boss.headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("event: figures")
    assert 'data-part="orders"' in answer.text


async def test_streams_end_when_the_process_does(figures: Warehouse, stream: Stream) -> None:
    watching = live.watch()
    await anext(watching)
    await facade.close()
    async with asyncio.timeout(5):
        assert [each async for each in watching] == []


async def test_there_is_a_limit(figures: Warehouse, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_WATCHERS", 1)
    live.refuse_when_full()
    watching = live.watch()
    await anext(watching)
    with pytest.raises(TooManyWatchers):
        live.refuse_when_full()
    await watching.aclose()
    live.refuse_when_full()


@pytest.mark.parametrize("path", ["/dashboards/live", "/dashboards/live/stream", "/v1/reports/live"])
async def test_it_is_for_those_who_read_figures(client: AsyncClient, sign_up: SignUp, path: str) -> None:
    assert (await client.get(path)).status_code == 401
    for role in ("customer", "seller", "moderator"):
        answer = await client.get(path, headers=(await sign_up(role)).headers)
        assert answer.status_code == 403
