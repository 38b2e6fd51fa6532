"""After the storm: everything has caught up, and nothing is lost, twice, or out of balance."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from api.core.client import close_client
from api.core.db import get_database, set_database
from ingestion.contracts import TOPICS
from ingestion.lake.catalog import open_catalog
from ingestion.lake.reader import scan
from ingestion.lake.tables import raw_table
from ingestion.proof import Prover
from pipelines.lib.refresh import refresh_typed_and_warehouse
from pipelines.lib.settings import load_settings
from tests.api.ordering.invariants import AFTER_THE_SWEEPS, RULES, breaches, shift
from tests.chaos.load import Promised
from tests.chaos.stage import Stage

CAUGHT_UP_SECONDS = 600.0  # a busy machine may take its time; what is lost stays lost
_RELAYED = """
select not exists (select from core.outbox o join core.relay_cursor c using (shard)
where (o.txid, o.id) > (c.txid, c.last_id))
"""


@dataclass(frozen=True)
class Check:
    """One thing that has to hold, and what was found."""

    name: str
    holds: bool
    found: str


def examine(stage: Stage, promised: Promised) -> Iterator[Check]:
    """Each check as it is done."""
    yield _within("every part runs", lambda: not stage.not_running(), lambda: ", ".join(stage.not_running()))
    yield _within("the outbox is empty", lambda: _is_true(stage.env["AGORA_POSTGRES_INGESTION_URL"], _RELAYED))
    yield _within(
        "every topic has landed",
        lambda: _has_landed(stage),
        lambda: stage.agora("topics", "list").stdout[-600:],
    )
    broken = asyncio.run(_broken(RULES))
    yield Check("ledger zero, stock = movements, orders paid, told once", not broken, str(broken[:3]) if broken else "")
    yield asyncio.run(_swept())
    yield _within(
        "the outbox is empty after the sweeps",
        lambda: _is_true(stage.env["AGORA_POSTGRES_INGESTION_URL"], _RELAYED) and _has_landed(stage),
    )
    settings = load_settings()
    refresh_typed_and_warehouse(settings)
    proof = Prover(settings.lake).prove_within(60)
    accepted = sum(row.accepted for row in proof.rows)
    wrong = [f"{row.type}: {row.difference}" for row in proof.rows if row.difference]
    yield Check("proof 0", proof.difference == 0, "; ".join(wrong) or f"{accepted:,} events in every place")
    yield from _promises(stage, promised)


def _promises(stage: Stage, promised: Promised) -> Iterator[Check]:
    """What clients were told is in the lake, once."""
    counts: Counter[UUID] = Counter()
    orders: Counter[UUID] = Counter()
    places: Counter[tuple[Any, ...]] = Counter()
    settings = load_settings()
    with closing(open_catalog(settings.lake)) as catalog:
        for name in ("analytics_page_viewed", "analytics_product_viewed"):
            rows = scan(catalog, settings.lake.table(f"typed.{name}"), ("event_id",))
            counts.update(map(UUID, rows["event_id"].to_pylist()))
        rows = scan(catalog, settings.lake.table("typed.ordering_order_placed"), ("order_id",))
        orders.update(map(UUID, rows["order_id"].to_pylist()))
        for domain in TOPICS:
            columns = ("kafka_topic_id", "kafka_partition", "kafka_offset")
            raw = scan(catalog, settings.lake.table(raw_table(domain)), columns)
            places.update((domain, *row) for row in zip(*(raw[name].to_pylist() for name in columns), strict=True))
    yield _once("every accepted event is in the lake once", promised.events, counts)
    with psycopg.connect(stage.env["AGORA_POSTGRES_OWNER_URL"]) as connection:
        query = "select order_id from ordering.orders where placed_at is not null and order_id = any(%s)"
        decided = {row[0] for row in connection.execute(query, (list(promised.undecided),))}
    yield _once("every order that was confirmed is in the lake once", promised.orders | decided, orders)
    twice = sum(times - 1 for times in places.values())
    yield Check("no record of Kafka landed twice", twice == 0, f"{len(places):,} records")


def _once(name: str, wanted: set[UUID], found: Counter[UUID]) -> Check:
    missing = [each for each in wanted if not found[each]]
    twice = [each for each in wanted if found[each] > 1]
    return Check(name, not missing and not twice, f"{len(wanted):,}; missing {len(missing)}, twice {len(twice)}")


def _has_landed(stage: Stage) -> bool:
    """Nothing waits in any topic, and none is stopped."""
    done = stage.agora("topics", "list", "--format", "json")
    return done.returncode == 0 and not any(row["waiting"] for row in json.loads(done.stdout))


def _is_true(url: str, query: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone() == (True,)  # type: ignore[call-overload,no-any-return]


def _within(name: str, condition: Callable[[], bool], otherwise: Callable[[], str] = str) -> Check:
    began = time.monotonic()
    while time.monotonic() - began < CAUGHT_UP_SECONDS:
        try:
            if condition():
                return Check(name, True, f"after {time.monotonic() - began:.0f} s")
        except psycopg.Error:
            pass
        time.sleep(1)
    return Check(name, False, f"not within {CAUGHT_UP_SECONDS:.0f} s {otherwise()}")


async def _broken(rules: dict[str, str]) -> list[tuple[str, Any]]:
    try:
        return await breaches(rules)
    finally:
        await _close()


async def _swept() -> Check:
    """Let a quarter of an hour pass, and the worker do what is due then."""
    try:
        await shift(15)
        deadline = time.monotonic() + CAUGHT_UP_SECONDS
        while (broken := await breaches(AFTER_THE_SWEEPS)) and time.monotonic() < deadline:  # noqa: ASYNC110 -- another process sweeps
            await asyncio.sleep(2)
        return Check("no orphan money, no reservation past its time", not broken, str(broken[:3]) if broken else "")
    finally:
        await _close()


async def _close() -> None:
    await close_client()
    await get_database().close()
    set_database(None)
