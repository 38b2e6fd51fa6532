"""What one API process answers: product pages, recommendations, behaviour events."""

import json
import random
import time
from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import psycopg

from infra.load.journey import email_of
from tests.bench import client
from tests.bench.client import Job, Seen, request
from tests.bench.form import Figure
from tests.bench.shop import Shop

SECONDS = 8.0
PEOPLE = 20
BATCH = 50
LISTS_A_SECOND = 200
PAGES_A_SECOND = 50
BATCHES_A_SECOND = 85


def _play(shop: Shop, requests: Sequence[str], connections: int, rate: float | None = None) -> Seen:
    client.run(Job(shop.port, requests, connections, 1.0, rate))  # connections, caches, prepared statements
    seen = client.run(Job(shop.port, requests, connections, SECONDS, rate))
    if seen.failed:
        raise RuntimeError(f"{seen.failed} answers were no success")
    return seen


def _empty(shop: Shop, connections: int, rate: float | None = None) -> Seen:
    return _play(shop, [request("GET", "/healthz")], connections, rate)


def product(shop: Shop) -> list[Figure]:
    """JSON of single products, as fast as they come."""
    ids = random.Random(1).sample(shop.product_ids(), 2000)
    seen = _play(shop, [request("GET", f"/v1/products/{product_id}") for product_id in ids], 8)
    with psycopg.connect(shop.env["AGORA_POSTGRES_URL"], autocommit=True) as connection:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < 3:
            for product_id in ids[:200]:
                connection.execute(
                    "select * from catalog.products where product_id = %s", [product_id], prepare=True
                ).fetchone()
            count += 200
        selects = count / (time.perf_counter() - began)
    return [
        Figure("product JSON, 1 process", seen.rate, "/s", 1000, "higher", selects, "single-row select"),
        Figure("product JSON, 1 process", seen.rate, "/s", 1000, "higher", _empty(shop, 8).rate, "empty handler"),
    ]


def recommendations(shop: Shop) -> list[Figure]:
    """Home lists of people who are signed in, over the whole catalogue: at 200 a second, and as fast as they come."""
    requests = _home_lists(shop)
    paced = _play(shop, requests, 10, rate=LISTS_A_SECOND)
    most = _play(shop, requests, 8)
    empty, most_empty = _empty(shop, 10, rate=LISTS_A_SECOND), _empty(shop, 8)
    return [
        Figure("personal home list p99, 200/s", paced.p99, "ms", 15, "lower", empty.p99, "empty handler p99"),
        Figure("personal home list p50, 200/s", paced.p50, "ms", 5, "lower", empty.p50, "empty handler p50"),
        Figure("personal home lists, 1 process", most.rate, "/s", 400, "higher", most_empty.rate, "empty handler"),
    ]


def _home_lists(shop: Shop) -> list[str]:
    requests = []
    with httpx.Client(base_url=f"http://127.0.0.1:{shop.port}", trust_env=False, timeout=30) as http:
        for household in range(1, PEOPLE + 1):
            body = {"email": email_of(household), "password": _password()}
            token = http.post("/v1/tokens", json=body).raise_for_status().json()["access_token"]
            headers = {"Authorization": f"Bearer {token}", "X-Agora-Anonymous-Id": str(uuid4())}
            requests.append(request("GET", "/v1/recommendations?surface=home&limit=12", headers))
    return requests


def search(shop: Shop) -> list[Figure]:
    """Result pages with their facets, and words to go on with, for words of real titles; all at 50 a second."""
    with psycopg.connect(shop.env["AGORA_POSTGRES_URL"]) as connection:
        rows = connection.execute("select split_part(title, ' · ', 1) from catalog.products where is_active").fetchall()
    words = random.Random(2).sample(sorted({name for (name,) in rows}), 400)
    found = [request("GET", f"/search?{urlencode({'query': word})}", {"accept": "text/html"}) for word in words]
    typed = [
        request("GET", f"/v1/suggestions?{urlencode({'query': word[: 2 + index % 5]})}")
        for index, word in enumerate(words)
    ]
    empty = _empty(shop, 10, rate=PAGES_A_SECOND)
    pages, offers = (_play(shop, each, 10, rate=PAGES_A_SECOND) for each in (found, typed))
    return [
        Figure("search page with facets p95, 50/s", pages.p95, "ms", 50, "lower", empty.p95, "empty handler p95"),
        Figure("typeahead p95, 50/s", offers.p95, "ms", 20, "lower", empty.p95, "empty handler p95"),
    ]


def _password() -> str:
    from infra.load.complete_journey import demo_password  # noqa: PLC0415

    return demo_password()


def capture(shop: Shop) -> list[Figure]:
    """Batches of 50 events: paced at 85 batches a second, then as fast as they come."""
    ids = shop.product_ids()[:1000]
    dice = random.Random(1)
    requests = []
    for _ in range(50):
        events = [{"type": "analytics.product_viewed", "data": {"product_id": dice.choice(ids)}} for _ in range(BATCH)]
        headers = {"X-Agora-Anonymous-Id": str(uuid4())}
        requests.append(request("POST", "/v1/events", headers, json.dumps({"events": events})))
    paced = _play(shop, requests, 8, rate=BATCHES_A_SECOND)
    most = _play(shop, requests, 4)
    empty, most_empty = _empty(shop, 8, rate=BATCHES_A_SECOND), _empty(shop, 4)
    limit = most_empty.rate * BATCH
    return [
        Figure("events taken, paced", paced.rate * BATCH, "/s", 4000, "higher", limit, "empty handler × 50"),
        Figure(
            "events taken, as fast as they come", most.rate * BATCH, "/s", 4000, "higher", limit, "empty handler × 50"
        ),
        Figure("batch of 50 p95, paced", paced.p95, "ms", 20, "lower", empty.p95, "empty handler p95"),
    ]
