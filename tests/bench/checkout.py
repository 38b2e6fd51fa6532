"""Complete checkouts over HTTP, beside the same statements by pgbench on a copy of the same database.

`python -m tests.bench.checkout` records the statements of checkouts in its own process, for pgbench to play.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from infra.local.postgres import programs
from tests.bench import client
from tests.bench.client import Job, request
from tests.bench.form import Figure
from tests.shop import filled_shop, open_shop

CHECKOUTS = 2400
RECORDED = 960
WARM_UP = 400  # until every connection has its plans
CONNECTIONS = 16
ARGUMENTS = "core.bench_arguments"
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
        Figure(name, seen.rate, "/s", 150, "higher", limit, "same statements, pgbench"),
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
        for token in tokens(shop, people)
    ]


def tokens(shop: Mapping[str, str], people: list[UUID]) -> list[str]:
    """An access token for each of these customers."""
    found: list[str] = json.loads(_child(shop, "tokens", [str(who) for who in people]))
    return found


def _limit(shop: Mapping[str, str], copies: list[str], people: list[UUID]) -> float:
    played, recorded = copies
    env = dict(shop) | {"AGORA_POSTGRES_URL": _named(shop["AGORA_POSTGRES_URL"], recorded)}
    env["BENCH_OWNER_URL"] = _named(shop["AGORA_POSTGRES_OWNER_URL"], played)
    env["BENCH_PLAY_URL"] = _named(shop["AGORA_POSTGRES_URL"], played)
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


def _play(owner_url: str, url: str, recorded: list[list[Group]]) -> float:
    """Checkouts a second by pgbench, which prepares each statement once and reads the arguments from a table."""
    shapes = [[[str(statement) for statement, _ in group] for group in each] for each in recorded]
    usual = max(shapes, key=shapes.count)  # the first on a connection also ask Postgres what it is
    alike = [each for each, shape in zip(recorded, shapes, strict=True) if shape == usual]
    arguments = [[value for group in each for _, given in group for value in (given or {}).values()] for each in alike]
    constant = [all(row[place] is None for row in arguments) for place in range(len(arguments[0]))]
    _write(owner_url, arguments)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_script(alike[0], constant))
        script.flush()
        each = len(alike) // CONNECTIONS - 1
        options = ["-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2", "-t", str(each), "-D", "k=0"]
        command = [str(programs() / "pgbench"), *options, "-f", script.name, url]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = re.search(r"^tps = ([0-9.]+) ", done.stdout, re.M)
    if found is None:
        raise RuntimeError(done.stdout)
    return float(found[1])


def _write(owner_url: str, arguments: list[list[Any]]) -> None:
    columns = [f"v{place}" for place in range(len(arguments[0]))]
    listed = ", ".join(f"{column} text" for column in columns)
    places = ", ".join("CAST(%s AS text)" for _ in columns)
    with psycopg.connect(owner_url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE UNLOGGED TABLE {ARGUMENTS} (n integer PRIMARY KEY, {listed})")
        cursor.execute(f"GRANT SELECT ON {ARGUMENTS} TO PUBLIC")
        for n, row in enumerate(arguments):
            cursor.execute(f"INSERT INTO {ARGUMENTS} VALUES (%s, {places})", [n, *row])  # noqa: S608


def _script(checkout: list[Group], constant: list[bool]) -> str:
    """One checkout in pgbench's language. What is null in every checkout stands in the text: it has no such value."""
    names = [f"v{place}" for place, is_null in enumerate(constant) if not is_null]
    lines = ["\\set k :k + 1", f"\\set n :k * {CONNECTIONS} + :client_id"]
    lines.append(f"SELECT {', '.join(names)} FROM {ARGUMENTS} WHERE n = :n \\gset")  # noqa: S608
    place = 0
    for group in checkout:
        steps = []
        for statement, given in group:
            spelled = statement.decode() if isinstance(statement, bytes) else str(statement)
            for name in given or {}:
                spelled = spelled.replace(f"%({name})s", "NULL" if constant[place] else f":v{place}")
                place += 1
            steps.append(" ".join(spelled.replace("%%", "%").split()) + ";")
        lines += ["BEGIN;", *steps, "COMMIT;"] if len(steps) > 1 else steps
    return "\n".join(lines) + "\n"


def main() -> None:
    """`tokens` prints a token for each customer on standard input, `limit` the rate of the bare statements."""
    people = json.load(sys.stdin)
    if sys.argv[1] == "tokens":
        sys.stdout.write(json.dumps(_tokens(people)) + "\n")
    else:
        recorded = asyncio.run(_record(people))
        rate = _play(os.environ["BENCH_OWNER_URL"], os.environ["BENCH_PLAY_URL"], recorded)
        sys.stdout.write(f"{rate}\n")


if __name__ == "__main__":
    main()
