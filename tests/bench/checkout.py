"""Complete checkouts over HTTP, beside the same statements by plain psycopg on a copy of the same database.

`python -m tests.bench.checkout` records the statements of checkouts in its own process and plays them again.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from tests.bench import client
from tests.bench.client import Job, request
from tests.bench.form import Figure
from tests.shop import filled_shop, open_shop

CHECKOUTS = 2400
RECORDED = 960
WARM_UP = 400  # until every connection has its plans
CONNECTIONS = 16
THREADS = 8
WORKERS = 2  # one for each core
POOL = {"AGORA_API_POOL_SIZE": "6"}  # of each worker: together as many as one worker has


def checkout(env: dict[str, str]) -> list[Figure]:
    """One-line carts, each of its own customer."""
    with tempfile.TemporaryDirectory() as folder, filled_shop(env, Path(folder)) as shop:
        people = _fill_carts(shop, CHECKOUTS + RECORDED)
        copies = [_copy(shop, "limit"), _copy(shop, "record")]
        try:
            requests = _requests(shop, people[:CHECKOUTS])
            with open_shop(shop | POOL, Path(folder), WORKERS) as url:
                port = int(url.rpartition(":")[2])
                client.run(Job(port, requests[:WARM_UP], CONNECTIONS, 0, is_once=True))
                seen = client.run(Job(port, requests[WARM_UP:], CONNECTIONS, 0, is_once=True))
            if seen.failed:
                raise RuntimeError(f"{seen.failed} checkouts failed")
            limit = _limit(shop, copies, people[CHECKOUTS:])
        finally:
            _drop(shop, copies)
    name = "checkouts, reserve to placed"
    return [
        Figure(name, seen.rate, "/s", 150, "higher", limit, "same statements, psycopg"),
        Figure("one checkout p95", seen.p95, "ms", 500, "lower"),
    ]


def _fill_carts(shop: Mapping[str, str], number: int) -> list[UUID]:
    people = [uuid4() for _ in range(number)]
    with psycopg.connect(shop["AGORA_POSTGRES_OWNER_URL"]) as connection:
        connection.execute("UPDATE inventory.stock SET on_hand = on_hand + 1000000")
        rows = connection.execute(
            "SELECT product_id, price_minor FROM catalog.products WHERE is_active AND price_minor > 0 LIMIT 500"
        ).fetchall()
        with connection.cursor() as cursor:
            cursor.executemany(
                "WITH made AS (INSERT INTO ordering.carts (customer_id) VALUES (%s) RETURNING cart_id)"
                " INSERT INTO ordering.cart_items (cart_id, variant_id, product_id, quantity, seen_price_minor)"
                " SELECT cart_id, %s, %s, 1, %s FROM made",
                [(who, rows[i % len(rows)][0], *rows[i % len(rows)]) for i, who in enumerate(people)],
            )
    return people


def _copy(shop: Mapping[str, str], what: str) -> str:
    owner_url = shop["AGORA_POSTGRES_OWNER_URL"]
    base, _, query = owner_url.partition("?")
    server, _, name = base.rpartition("/")
    with psycopg.connect(f"{server}/postgres" + (f"?{query}" if query else ""), autocommit=True) as admin:
        copy = sql.Identifier(f"{name}_{what}")
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(copy, sql.Identifier(name)))
    return f"{name}_{what}"


def _drop(shop: Mapping[str, str], names: list[str]) -> None:
    with psycopg.connect(shop["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as admin:
        for name in names:
            admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))  # waits for an autovacuum


def _requests(shop: Mapping[str, str], people: list[UUID]) -> list[str]:
    tokens = json.loads(_child(shop, "tokens", [str(who) for who in people]))
    return [
        request(
            "POST",
            "/v1/checkout",
            {
                "Authorization": f"Bearer {token}",
                "Idempotency-Key": str(uuid4()),
                "X-Agora-Anonymous-Id": str(uuid4()),
            },
            '{"payment_token": "tok_ok"}',
        )
        for token in tokens
    ]


def _limit(shop: Mapping[str, str], copies: list[str], people: list[UUID]) -> float:
    replayed, recorded = (_named(shop["AGORA_POSTGRES_URL"], name) for name in copies)
    env = dict(shop) | {"AGORA_POSTGRES_URL": recorded, "BENCH_REPLAY_URL": replayed}
    return float(_child(env, "limit", [str(who) for who in people]))


def _named(url: str, database: str) -> str:
    base, _, query = url.partition("?")
    return f"{base.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


def _child(env: Mapping[str, str], what: str, people: list[str]) -> str:
    command = [sys.executable, "-m", "tests.bench.checkout", what]
    done = subprocess.run(
        command, env=os.environ | dict(env), input=json.dumps(people), stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


def _tokens(people: list[str]) -> list[str]:
    from api.core.auth import Principal  # noqa: PLC0415
    from api.domains.identity.service.tokens import sign_access_token  # noqa: PLC0415

    return [sign_access_token(Principal(UUID(who), frozenset({"customer"}), uuid4()))[0] for who in people]


Group = list[tuple[str, Any]]


async def _record(people: list[str]) -> list[list[Group]]:
    """The statements of each checkout, by transaction. The gateway is left out: it is no statement."""
    from api.core.auth import Visitor  # noqa: PLC0415
    from api.core.db import get_database  # noqa: PLC0415
    from api.core.idempotency import run_once  # noqa: PLC0415
    from api.domains.ordering.service.checkout import check_out  # noqa: PLC0415
    from api.domains.payments import facade as payments  # noqa: PLC0415
    from api.domains.payments.contracts import ChargeResult, ChargeState  # noqa: PLC0415

    async def charge(payment: Any, _token: str) -> ChargeResult:
        return ChargeResult(ChargeState.CAPTURED, f"ch_{payment.payment_id}")

    payments.charge = charge  # type: ignore[assignment]
    found: list[list[Group]] = []
    really_execute, really_commit = psycopg.AsyncCursor.execute, psycopg.AsyncConnection.commit

    async def note(cursor: Any, statement: Any, parameters: Any = None, **options: Any) -> Any:
        found[-1][-1].append((statement, parameters))
        if cursor.connection.autocommit:
            found[-1].append([])
        return await really_execute(cursor, statement, parameters, **options)

    async def end(connection: Any) -> None:
        found[-1].append([])
        await really_commit(connection)

    psycopg.AsyncCursor.execute = note  # type: ignore[method-assign]
    psycopg.AsyncConnection.commit = end  # type: ignore[method-assign]
    for who in people:
        found.append([[]])

        async def operation(order_id: UUID, who: str = who) -> tuple[int, dict[str, Any]]:
            order = await check_out(Visitor(uuid4(), UUID(who)), UUID(who), order_id, "tok_ok")
            return 201, {"order_id": str(order.order_id)}

        await run_once(who, "POST /v1/checkout", str(uuid4()), b"f", operation)
    await get_database().close()
    return found


def _replay(url: str, recorded: list[list[Group]]) -> float:
    """Checkouts a second, once every connection has its plans."""
    left = iter(recorded)
    door = threading.Lock()
    is_warm = threading.Barrier(THREADS + 1)
    each = len(recorded) // THREADS // 6

    def work() -> None:
        with psycopg.connect(url) as connection:
            for _ in range(each):
                play(connection, next_one())
            is_warm.wait()
            while (groups := next_one()) is not None:
                play(connection, groups)

    def next_one() -> list[Group] | None:
        with door:
            return next(left, None)

    def play(connection: psycopg.Connection, groups: list[Group] | None) -> None:
        for group in groups or ():
            for statement, parameters in group:
                connection.execute(statement, parameters)
            connection.commit()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    is_warm.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return (len(recorded) - each * THREADS) / (time.perf_counter() - began)


def main() -> None:
    """`tokens` prints a token for each customer on standard input, `limit` the rate of the bare statements."""
    people = json.load(sys.stdin)
    if sys.argv[1] == "tokens":
        sys.stdout.write(json.dumps(_tokens(people)) + "\n")
    else:
        recorded = asyncio.run(_record(people))
        sys.stdout.write(f"{_replay(os.environ['BENCH_REPLAY_URL'], recorded)}\n")


if __name__ == "__main__":
    main()
