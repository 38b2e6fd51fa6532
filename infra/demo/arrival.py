"""Waiting, with something to look at: until what was accepted has landed, and until the pipeline has taken it in."""

import time
from collections.abc import Callable, Mapping

import psycopg

from infra.demo.journal import Journal
from pipelines.lib.landed import landed
from pipelines.lib.settings import Settings

_ACCEPTED = """
    select (select count(*) from core.outbox)
         + (select coalesce(sum(cardinality(event_ids)), 0) from core.capture_receipts)
"""
_PAUSE = 0.5
STANDSTILL = 180.0
PIPELINE_PATIENCE = 1200.0


class Stuck(RuntimeError):
    """Nothing moved for so long that somebody has to look."""


def accepted(environment: Mapping[str, str]) -> int:
    """Events that somebody was promised."""
    with psycopg.connect(environment["AGORA_POSTGRES_INGESTION_URL"]) as connection:
        row = connection.execute(_ACCEPTED).fetchone()
        return int(row[0]) if row else 0


def wait_until_landed(environment: Mapping[str, str], settings: Settings, journal: Journal) -> int:
    """Until the raw tables hold as many rows as were accepted; returns how many. Raises Stuck at a standstill."""
    best, moved_at = -1, time.monotonic()
    with journal.bar("events landed") as advance:
        while True:
            total = accepted(environment)
            rows = sum(each.rows for each in landed(settings))
            advance(rows, total)
            if rows >= total:
                return total
            if rows > best:
                best, moved_at = rows, time.monotonic()
            if time.monotonic() - moved_at > STANDSTILL:
                raise Stuck(f"{total - rows:,} events do not land; see `agora logs relay` and `agora logs lander`")
            time.sleep(_PAUSE)


def wait_until_built(settings: Settings, journal: Journal, failure: Callable[[], str | None]) -> None:
    """Until the loop has taken in every landed snapshot, marts included.

    Raises Stuck with what `failure` tells, as soon as it tells something, or when time is up.
    """
    began = time.monotonic()
    with journal.bar("raw tables in the marts") as advance:
        while True:
            tables = [each for each in landed(settings) if each.snapshot_id is not None]
            done = sum(each.is_processed for each in tables)
            advance(done, len(tables))
            if done == len(tables) and not _days_to_rebuild(settings):
                return
            if reason := failure():
                raise Stuck(reason)
            if time.monotonic() - began > PIPELINE_PATIENCE:
                raise Stuck("the pipeline does not finish; see `agora logs dagster-daemon` and Dagster's page of runs")
            time.sleep(_PAUSE)


def _days_to_rebuild(settings: Settings) -> bool:
    """Whether dbt still has days to take in; also true before the warehouse was ever filled."""
    with psycopg.connect(settings.warehouse_url, autocommit=True) as connection:
        row = connection.execute("select to_regclass('lake.touched_days'), to_regclass('marts.mart_as_of')").fetchone()
        if row is None or None in row:
            return True
        found = connection.execute("select exists (select from lake.touched_days)").fetchone()
        return bool(found and found[0])


def share_of_new_orders(settings: Settings, trained_at: str | None) -> float:
    """Orders that landed after a training, as a share of all; 1 where there was none."""
    if trained_at is None:
        return 1.0
    query = "select count(*) filter (where landed_at > %s), count(*) from lake.ordering_order_placed"
    with psycopg.connect(settings.warehouse_url) as connection:
        row = connection.execute(query, [trained_at]).fetchone()
        return row[0] / row[1] if row and row[1] else 1.0
