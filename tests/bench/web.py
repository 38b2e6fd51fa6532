"""What one API process answers: product pages, searches, behaviour events."""

import json
import random
import time
from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import uuid4

import psycopg

from tests.bench import client
from tests.bench.client import Job, Seen, request
from tests.bench.form import Figure
from tests.bench.shop import Shop

SECONDS = 8.0
BATCH = 50
PAGES_A_SECOND = 50
BATCHES_A_SECOND = 85


def play(shop: Shop, requests: Sequence[str], connections: int, rate: float | None = None) -> Seen:
    client.run(Job(shop.port, requests, connections, 1.0, rate))  # connections, caches, prepared statements
    seen = client.run(Job(shop.port, requests, connections, SECONDS, rate))
    if seen.failed:
        raise RuntimeError(f"{seen.failed} answers were no success")
    return seen


def empty_handler(shop: Shop, connections: int, rate: float | None = None) -> Seen:
    return play(shop, [request("GET", "/healthz")], connections, rate)


def product(shop: Shop) -> list[Figure]:
    """JSON of single products, as fast as they come."""
    ids = random.Random(1).sample(shop.product_ids(), 2000)
    seen = play(shop, [request("GET", f"/v1/products/{product_id}") for product_id in ids], 8)
    with psycopg.connect(shop.env["AGORA_POSTGRES_URL"], autocommit=True) as connection:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < 3:
            for product_id in ids[:200]:
                connection.execute(
                    "select * from catalog.products where product_id = %s", [product_id], prepare=True
                ).fetchone()
            count += 200
        selects = count / (time.perf_counter() - began)
    empty = empty_handler(shop, 8).rate
    return [
        Figure("product JSON, 1 process", seen.rate, "/s", 1000, "higher", selects, "single-row select"),
        Figure("product JSON, 1 process", seen.rate, "/s", 1000, "higher", empty, "empty handler"),
    ]


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
    empty = empty_handler(shop, 10, rate=PAGES_A_SECOND)
    pages, offers = (play(shop, each, 10, rate=PAGES_A_SECOND) for each in (found, typed))
    return [
        Figure("search page with facets p95, 50/s", pages.p95, "ms", 50, "lower", empty.p95, "empty handler p95"),
        Figure("typeahead p95, 50/s", offers.p95, "ms", 20, "lower", empty.p95, "empty handler p95"),
    ]


def capture(shop: Shop) -> list[Figure]:
    """Batches of 50 events: paced at 85 batches a second, then as fast as they come."""
    ids = shop.product_ids()[:1000]
    dice = random.Random(1)
    requests = []
    for _ in range(50):
        events = [{"type": "analytics.product_viewed", "data": {"product_id": dice.choice(ids)}} for _ in range(BATCH)]
        headers = {"X-Agora-Anonymous-Id": str(uuid4())}
        requests.append(request("POST", "/v1/events", headers, json.dumps({"events": events})))
    paced = play(shop, requests, 8, rate=BATCHES_A_SECOND)
    most = play(shop, requests, 4)
    empty, most_empty = empty_handler(shop, 8, rate=BATCHES_A_SECOND), empty_handler(shop, 4)
    limit = most_empty.rate * BATCH
    return [
        Figure("events taken, paced", paced.rate * BATCH, "/s", 4000, "higher", limit, "empty handler × 50"),
        Figure(
            "events taken, as fast as they come", most.rate * BATCH, "/s", 4000, "higher", limit, "empty handler × 50"
        ),
        Figure("batch of 50 p95, paced", paced.p95, "ms", 20, "lower", empty.p95, "empty handler p95"),
    ]
