"""SIGTERM: the processes end soon, and what they had in hand is finished."""

import subprocess
import time

import psycopg

from ingestion.topics import admin_client, identify, offset_ranges
from tests.ingestion.plane import Plane, wait_for

SECONDS = 5.0
WAITING = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


def await_end(process: subprocess.Popen[bytes]) -> None:
    """Ends well and in time."""
    began = time.monotonic()
    assert process.wait(30) == 0
    assert time.monotonic() - began < SECONDS


def records(plane: Plane) -> int:
    admin = admin_client(plane.settings)
    ranges = offset_ranges(admin, identify(admin, [plane.topic()]).values())
    return sum(high - low for low, high in ranges.values())


def test_the_relay_ends_behind_a_whole_batch(plane: Plane) -> None:
    plane.env["AGORA_RELAY_BATCH"] = "50"
    count = len(plane.accept(20_000))
    relay = plane.start("ingestion.relay")
    wait_for(lambda: records(plane), "the first records are sent")
    with psycopg.connect(plane.settings.postgres_ingestion_url) as connection:
        # A batch is in Kafka, its cursor cannot move yet: the worst moment to end.
        connection.execute("select 1 from core.relay_cursor for update")
        wait_for(lambda: plane.outbox_sql(WAITING), "the relay waits at its cursor")
        relay.terminate()
        time.sleep(0.3)
        assert relay.poll() is None
    await_end(relay)
    [(sent, leased)] = plane.outbox_sql("select last_id, leased_until > now() from core.relay_cursor")
    assert 0 < sent < count, "it ended with work left"
    assert records(plane) == sent, "what is in Kafka is behind the cursor: the next relay repeats nothing"
    assert not leased


def test_the_lander_commits_what_it_has_read(plane: Plane) -> None:
    plane.env["AGORA_LANDER_COMMIT_SECONDS"] = "600"
    lander = plane.start("ingestion.lander")
    name = f"lander/{plane.settings.lake_namespace_prefix}"
    plane.produce_events(50)
    wait_for(lambda: "raw.analytics" in _tables(plane), "the lander has the lease and makes its tables")
    plane.produce_events(50)
    time.sleep(3)  # the records are read, and nothing tells so before they are committed
    assert plane.landed() == []
    lander.terminate()
    await_end(lander)
    assert len(set(plane.landed())) == len(plane.landed()) == 100
    assert plane.lake_sql("select leased_until > now() from ingest_lease where name = %s", name) == [(False,)]


def _tables(plane: Plane) -> set[str]:
    if plane.lake_sql("select to_regclass('iceberg_tables')") == [(None,)]:
        return set()
    rows = plane.lake_sql(
        "select table_namespace || '.' || table_name from iceberg_tables where table_namespace like %s",
        plane.settings.table("raw"),
    )
    return {str(row[0]).removeprefix(plane.settings.lake_namespace_prefix) for row in rows}
