"""Lists of one API process over the whole catalogue: how fast, how soon after a click, and while versions change."""

import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg

from pipelines.lib.serving import FILES, TABLES
from tests.bench import client
from tests.bench.checkout import tokens
from tests.bench.client import Job, request
from tests.bench.form import Figure
from tests.bench.landing import end
from tests.bench.shop import Shop
from tests.bench.web import empty_handler, play

PEOPLE = 600  # each with a history of their own, and none so often that anything about them could be kept
LISTS_A_SECOND = 200
CLICKS = 60
SWAPS = 6
SWAP_SECONDS = 3.0
WAIT = 0.02


def recommendations(shop: Shop) -> list[Figure]:
    """Home lists of people who are signed in: at 200 a second, and as fast as they come; then clicks and swaps."""
    requests = _home_lists(shop)
    paced = play(shop, requests, 10, rate=LISTS_A_SECOND)
    most = play(shop, requests, 8)
    empty, most_empty = empty_handler(shop, 10, rate=LISTS_A_SECOND), empty_handler(shop, 8)
    return [
        Figure("personal home list p99, 200/s", paced.p99, "ms", 15, "lower", empty.p99, "empty handler p99"),
        Figure("personal home list p50, 200/s", paced.p50, "ms", 5, "lower", empty.p50, "empty handler p50"),
        Figure("personal home lists, 1 process", most.rate, "/s", 400, "higher", most_empty.rate, "empty handler"),
        *_clicks(shop),
        *_swaps(shop, requests),
    ]


def _home_lists(shop: Shop) -> list[str]:
    """A request of each of many people who have bought."""
    with psycopg.connect(shop.env["AGORA_POSTGRES_OWNER_URL"]) as connection:
        rows = connection.execute(
            "select distinct customer_id from ordering.orders order by customer_id limit %s", [PEOPLE]
        ).fetchall()
    asking = tokens(shop.env, [customer_id for (customer_id,) in rows])
    headers = [{"Authorization": f"Bearer {token}", "X-Agora-Anonymous-Id": str(uuid4())} for token in asking]
    return [request("GET", "/v1/recommendations?surface=home&limit=12", each) for each in headers]


def _http(shop: Shop) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{shop.port}", trust_env=False, timeout=30)


def _clicks(shop: Shop) -> list[Figure]:
    """From a look at a product, over Kafka, to a list that names it as its reason: one person after the other.

    Looks are told by a client (`/v1/events`), or by the product's own page, of visitors and of people signed in.
    """
    with psycopg.connect(shop.env["AGORA_POSTGRES_URL"]) as connection:
        rows = connection.execute(
            "select product_id from serving.item_neighbours join serving.active using (version)"
            " where relation = 'together' and cardinality(neighbours) >= 12"
        ).fetchall()
    products = random.Random(4).sample([row[0] for row in rows], CLICKS)
    # Of nobody anything is known before: what a list then names can only be the look.
    people = tokens(shop.env, [uuid4() for _ in products])
    process = shop.plane.start("ingestion.online")
    try:
        with _http(shop) as http:
            _until_changed(http, _visitor(), products[0], 60, _told)  # the process starts
            told = [_until_changed(http, _visitor(), each, 30, _told) for each in products]
            seen = [_until_changed(http, _visitor(), each, 30, _page) for each in products]
            signed = [
                _until_changed(http, _visitor() | {"Authorization": f"Bearer {token}"}, each, 30, _page)
                for token, each in zip(people, products, strict=True)
            ]
    finally:
        end([process])
    found = {
        "click to changed list, p95": told,
        "product page to changed list, visitors, p95": seen,
        "product page to changed list, signed in, p95": signed,
    }
    return [Figure(name, statistics.quantiles(seconds, n=20)[-1], "s", 1.0, "lower") for name, seconds in found.items()]


def _visitor() -> dict[str, str]:
    return {"X-Agora-Anonymous-Id": str(uuid4())}


def _told(http: httpx.Client, headers: dict[str, str], product_id: int) -> None:
    event = {"type": "analytics.product_viewed", "data": {"product_id": product_id}}
    http.post("/v1/events", headers=headers, json={"events": [event]}).raise_for_status()


def _page(http: httpx.Client, headers: dict[str, str], product_id: int) -> None:
    asked = {"Accept": "text/html"}
    http.get(f"/p/{product_id}", headers=headers | asked, follow_redirects=True).raise_for_status()


def _until_changed(
    http: httpx.Client,
    headers: dict[str, str],
    product_id: int,
    patience: float,
    look: Callable[[httpx.Client, dict[str, str], int], None],
) -> float:
    began = time.perf_counter()
    look(http, headers, product_id)
    while time.perf_counter() - began < patience:
        answer = http.get("/v1/recommendations", params={"surface": "home"}, headers=headers).raise_for_status().json()
        if any(each["product_id"] == product_id for item in answer["items"] for each in item["because"]):
            return time.perf_counter() - began
        time.sleep(WAIT)
    raise TimeoutError(f"a look at product {product_id} changed nothing within {patience} s")


def _swaps(shop: Shop, requests: list[str]) -> list[Figure]:
    """Lists at half the pace while two versions take turns."""
    url = shop.env["AGORA_POSTGRES_PIPELINES_URL"]
    with psycopg.connect(url) as connection:
        first = connection.execute("select version from serving.active").fetchone()
        assert first
        second = _copy(connection, first[0])
    job = Job(shop.port, requests, 10, SWAPS * SWAP_SECONDS, rate=LISTS_A_SECOND / 2)
    with ThreadPoolExecutor(1) as pool, psycopg.connect(url, autocommit=True) as connection:
        running = pool.submit(client.run, job)
        for number in range(SWAPS):
            time.sleep(SWAP_SECONDS)
            connection.execute("update serving.active set version = %s", [(first[0], second)[(number + 1) % 2]])
        seen = running.result()
    idle = client.run(Job(shop.port, requests, 10, 8.0, rate=LISTS_A_SECOND / 2))
    return [
        Figure("failed lists while versions change", seen.failed, "", 0, "lower"),
        Figure("slowest list while versions change", seen.slowest, "ms", 100, "lower", idle.slowest, "without changes"),
    ]


def _copy(connection: psycopg.Connection, version: int) -> int:
    """The same version once more, under a number of its own."""
    row = connection.execute(
        "insert into serving.model_versions (name, kind, champion, parameters, metrics, lake_snapshots)"
        " select name, kind, champion, parameters, metrics, lake_snapshots from serving.model_versions"
        " where version = %s returning version",
        [version],
    ).fetchone()
    assert row
    for table in (*TABLES, FILES):
        columns = [
            name
            for (name,) in connection.execute(
                "select column_name from information_schema.columns where table_schema = 'serving'"
                " and table_name = %s and column_name <> 'version' order by ordinal_position",
                [table],
            )
        ]
        names = ", ".join(columns)
        connection.execute(
            f"insert into serving.{table} (version, {names}) select %s, {names} from serving.{table}"  # noqa: S608
            " where version = %s",
            [row[0], version],
        )
    return int(row[0])
