"""What an analyst waits for: pages over a year of complete-journey's size, and the age of a real-time figure."""

import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import psycopg

from tests.bench import client
from tests.bench.client import Job, Seen, request
from tests.bench.form import Figure
from tests.browser.season import DEPARTMENTS
from tests.browser.shelves import EXECUTIVE, PASSWORD, definition
from tests.shop import filled_shop, open_shop

# Complete-journey's year: 156,000 baskets and 1.47 million lines of 2,500 households over 92,000 products.
ORDERS, LINES_AN_ORDER, CUSTOMERS, PRODUCTS, DAYS = 156_000, 9.4, 2_500, 92_000, 365
PAGES = 160
SAMPLES = 40
LOAD = 80  # batches of 50 views a second beside the samples
_YEAR = """
truncate marts.mart_sales_parts, marts.fct_orders, marts.fct_order_lines, marts.dim_products, marts.dim_customers;
insert into marts.dim_products (product_id, title, department, category, product_type, brand, is_inferred)
select n, 'Product ' || n, (array[{departments}])[1 + n % {kinds}], 'Category ' || n % 300, 'Type', 'Brand', false
from generate_series(1, {products}) as n;
insert into marts.dim_customers (customer_id, source, age_band, first_order_at, is_inferred)
select 'c' || n, 'complete-journey', (array['19-24', '35-44', '65+'])[1 + n % 3],
    now() - make_interval(days => n % {days}), false
from generate_series(1, {customers}) as n;
insert into marts.fct_order_lines (order_id, line_number, order_day, placed_at, customer_id, source, product_id,
    currency, quantity, unit_price_minor, discount_minor, total_minor, is_cancelled)
select 'o' || n / {lines}, n % 10 + 1, (placed_at at time zone 'UTC')::date, placed_at,
    'c' || 1 + (hashint8(n / {lines}) & 65535) % {customers},
    (array['storefront', 'in_store'])[1 + (hashint8(n / {lines}) >> 16 & 1)],
    1 + (hashint8(n) & 2147483647) % {products}, 'USD', 1 + n % 3, 299, 10, 289 * (1 + n % 3), n / {lines} % 50 = 0
from generate_series(0, {all_lines}) as n,
    lateral (select now() - n / {all_lines}::float8 * interval '{days} days' as placed_at) as at;
insert into marts.fct_orders (order_id, order_day, placed_at, customer_id, source, currency, lines, units,
    discount_minor, total_minor, is_cancelled)
select order_id, min(order_day), min(placed_at), min(customer_id), min(source), 'USD',
    count(*), sum(quantity), sum(discount_minor), sum(total_minor), bool_or(is_cancelled)
from marts.fct_order_lines group by order_id;
create index on marts.fct_orders (order_day);
create index on marts.fct_orders (customer_id);
insert into marts.mart_sales_parts {parts};
create index on marts.mart_sales_parts (order_day);
create index on marts.fct_order_lines (order_day, placed_at);
create index on marts.fct_order_lines (product_id);
create index on marts.dim_products (product_id);
create index on marts.dim_customers (customer_id);
analyze marts.mart_sales_parts, marts.fct_orders, marts.fct_order_lines, marts.dim_products, marts.dim_customers;
update marts.mart_as_of set as_of = now(), built_at = now();
"""


def dashboards(stack_env: dict[str, str]) -> list[Figure]:
    """Pages asked for the first time, each with filters of its own, and the same again."""
    with _shop(stack_env) as (env, port, headers):
        with psycopg.connect(env["SHOP_WAREHOUSE_OWNER_URL"]) as connection:
            connection.execute(_year())
        asked = [request("GET", path, headers) for path in _addresses()]
        fresh = _ask(Job(port, asked, 2, 0, is_once=True))
        again = _ask(Job(port, asked, 2, 6.0))
        empty = _ask(Job(port, [request("GET", "/healthz")], 2, 3.0))
    return [
        Figure("page over a year, asked first, p95", fresh.p95, "ms", 300, "lower", empty.p95, "empty handler p95"),
        Figure("page over a year, asked again, p95", again.p95, "ms", 300, "lower", empty.p95, "empty handler p95"),
    ]


def tiles(stack_env: dict[str, str]) -> list[Figure]:
    """From an event that was accepted to the figure on an open page, beside thousands of other events a second."""
    with _shop(stack_env) as (env, port, headers):
        process = subprocess.Popen([sys.executable, "-m", "ingestion.online"], env=env, stderr=subprocess.DEVNULL)
        ended = threading.Event()
        others = threading.Thread(target=_others, args=(port, ended))
        try:
            others.start()
            ages = sorted(_ages(port, headers))
        finally:
            ended.set()
            others.join()
            process.terminate()
            process.wait(20)
    p50, p95 = (ages[int(len(ages) * share)] for share in (0.5, 0.95))
    name = f"event to real-time figure {{}}, beside {LOAD * 50:,}/s"
    return [
        Figure(name.format("p95"), p95, "s", 5, "lower", 1.0, "one look a second"),
        Figure(name.format("p50"), p50, "s", 5, "lower", 1.0, "one look a second"),
    ]


@contextmanager
def _shop(stack_env: dict[str, str]) -> Iterator[tuple[dict[str, str], int, dict[str, str]]]:
    """Environment and port of a running shop, and the headers of somebody who reads figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with filled_shop(stack_env, folder) as env, open_shop(env, folder) as url:
            body = {"email": EXECUTIVE, "password": PASSWORD}
            token = httpx.post(f"{url}/v1/tokens", json=body, trust_env=False).raise_for_status().json()
            headers = {"Authorization": f"Bearer {token['access_token']}", "Accept": "text/html"}
            yield env, int(url.rpartition(":")[2]), headers


def _ask(job: Job) -> Seen:
    seen = client.run(job)
    if seen.failed:
        raise RuntimeError(f"{seen.failed} answers were no success")
    return seen


def _year() -> str:
    names = ", ".join(f"'{name}'" for name in DEPARTMENTS)
    lines = int(ORDERS * LINES_AN_ORDER)
    return _YEAR.format(
        departments=names,
        kinds=len(DEPARTMENTS),
        products=PRODUCTS,
        customers=CUSTOMERS,
        days=DAYS,
        lines=int(LINES_AN_ORDER),
        all_lines=lines,
        parts=definition("mart_sales_parts"),
    )


def _addresses() -> list[str]:
    """Pages with filters, none twice: what was asked before is remembered until the marts are built anew."""
    dice = random.Random(3)
    today = datetime.now(UTC).date()
    return [_address(dice, today, number) for number in range(PAGES)]


def _address(dice: random.Random, today: date, number: int) -> str:
    last = today - timedelta(days=number)
    days = {"from": last - timedelta(days=dice.choice((6, 27, 27, 90))), "until": last}
    kind = number % 5
    if kind == 0:
        return f"/dashboards/overview?days={7 + number}"
    if kind == 1:
        return f"/dashboards/customers?{urlencode(days | {'by': dice.choice(('source', 'age'))})}"
    if kind == 2:
        return f"/dashboards/inventory?{urlencode(days)}"
    chosen = dice.choice(({}, {"department": "Grocery"}, {"source": "in_store"}))
    return f"/dashboards/{'sales' if kind == 3 else 'sales/lines'}?{urlencode(days | chosen)}"


def _others(port: int, ended: threading.Event) -> None:
    """Views by everybody else, until ended."""
    asked = []
    for _ in range(40):
        events = [{"type": "analytics.product_viewed", "data": {"product_id": 1}} for _ in range(50)]
        headers = {"X-Agora-Anonymous-Id": str(uuid4())}
        asked.append(request("POST", "/v1/events", headers, json.dumps({"events": events})))
    while not ended.is_set():
        _ask(Job(port, asked, 4, 2.0, LOAD))


def _ages(port: int, headers: dict[str, str]) -> Iterator[float]:
    """Seconds from the answer to an event until an open page shows it, one event after the other."""
    url = f"http://127.0.0.1:{port}"
    body = {"events": [{"type": "analytics.cart_item_added", "data": {"product_id": 1, "quantity": 1}}]}
    with (
        httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as http,
        http.stream("GET", "/dashboards/live/stream") as stream,
    ):
        shown = _shown(stream.iter_lines())
        count = next(value for value in shown if value is not None)
        dice = random.Random(2)
        for _ in range(SAMPLES):
            threading.Event().wait(dice.random())  # not in step with the looks
            http.post("/v1/events", json=body).raise_for_status()
            accepted, count = time.monotonic(), count + 1
            if next(value for value in shown if value is not None and value >= count) > count:
                raise RuntimeError("an event was counted twice")
            yield time.monotonic() - accepted


def _shown(lines: Iterator[str]) -> Iterator[int | None]:
    """The figure of carts of each event of the stream; None while it is not known."""
    is_next = False
    for line in lines:
        is_next = is_next or 'data-part="carts"' in line
        if is_next and (found := re.search(r'class="big">([\d,]+|–)', line)):
            is_next = False
            yield None if found[1] == "–" else int(found[1].replace(",", ""))
