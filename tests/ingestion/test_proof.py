"""The proof finds what is missing, what is too much, and what only looks lost."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from io import StringIO
from uuid import UUID

import psycopg
import pytest
from rich.console import Console

from ingestion.contracts import EVENT_TYPES
from ingestion.contracts.analytics import ProductViewed
from ingestion.proof import Proof, ProofRow, Prover
from ingestion.proof.command import proof_table
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.ingestion.plane import ROOT, Plane, wait_for

COUNT = 30


@pytest.fixture
def whole(plane: Plane) -> Plane:
    """Some events in every place."""
    plane.accept(COUNT)
    with plane.relay(), plane.lander():
        wait_for(lambda: len(plane.landed()) == COUNT, "everything has landed")
    refresh_typed_and_warehouse(plane.pipelines())
    assert prove(plane) == (COUNT, COUNT, COUNT, COUNT, 0)
    return plane


def row_of(plane: Plane) -> ProofRow:
    [row] = [row for row in Prover(plane.settings).prove().rows if row.type == ProductViewed.type]
    return row


def prove(plane: Plane) -> tuple[int, int, int, int, int]:
    row = row_of(plane)
    return row.accepted, row.kafka, row.lake, row.warehouse, row.difference


def test_a_row_that_the_lake_lost(whole: Plane) -> None:
    with closing(whole.catalog()) as catalog:
        table = catalog.load_table(whole.settings.table("raw.analytics"))
        table.delete(f"event_id = '{whole.landed()[0]}'")
    assert prove(whole) == (COUNT, COUNT, COUNT - 1, COUNT, 1)


def test_a_row_that_the_warehouse_lost(whole: Plane) -> None:
    with psycopg.connect(whole.settings.warehouse_url) as connection:
        one = "select event_id from lake.analytics_product_viewed limit 1"
        connection.execute(f"delete from lake.analytics_product_viewed where event_id = ({one})")  # noqa: S608
    assert prove(whole) == (COUNT, COUNT, COUNT, COUNT - 1, 1)


def test_a_record_that_nobody_accepted(whole: Plane) -> None:
    whole.produce_events(1)
    whole.land(COUNT + 1)
    refresh_typed_and_warehouse(whole.pipelines())
    assert prove(whole) == (COUNT, COUNT + 1, COUNT + 1, COUNT + 1, 1)


def test_a_batch_whose_receipt_was_lost_is_found_again(whole: Plane) -> None:
    batch = UUID(int=7)
    minute_ago = int((time.time() - 60) * 1000)
    whole.produce_events(3, headers={"batch": batch.bytes}, timestamp=minute_ago)
    whole.land(COUNT + 3)
    refresh_typed_and_warehouse(whole.pipelines())
    assert prove(whole) == (COUNT + 3,) * 4 + (0,)
    receipts = whole.outbox_sql("select cardinality(event_ids) from core.capture_receipts where batch_id = %s", batch)
    assert receipts == [(3,)]


def test_a_young_batch_without_a_receipt_is_not_yet_taken_for_lost(whole: Plane) -> None:
    whole.produce_events(2, headers={"batch": UUID(int=8).bytes})
    whole.land(COUNT + 2)
    assert row_of(whole).difference == 2
    assert whole.outbox_sql("select count(*) from core.capture_receipts") == [(0,)]


def test_the_command_says_it_as_json_and_by_its_exit(whole: Plane) -> None:
    done = command(whole, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["difference"] == 0
    [row] = [row for row in document["rows"] if row["type"] == ProductViewed.type]
    assert row == {
        "topic": "analytics",
        "type": ProductViewed.type,
        "accepted": COUNT,
        "kafka": COUNT,
        "lake": COUNT,
        "failed": 0,
        "warehouse": COUNT,
        "gone": 0,
        "difference": 0,
    }
    whole.accept(1)
    done = command(whole, "--wait", "1")
    assert done.returncode == 1, done.stderr
    assert re.search(rf"product_viewed +{COUNT + 1} +{COUNT} +{COUNT} +0 +{COUNT} +1\b", done.stdout)


def command(plane: Plane, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`agora proof` as a process, on this plane."""
    env = os.environ | plane.env
    whole = [sys.executable, "-m", "ingestion.proof", *arguments]
    return subprocess.run(whole, env=env, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_table_fits_a_terminal_with_nothing_cut() -> None:
    many = 4_345_678
    rows = [
        ProofRow(event_class.domain(), name, many, many, many, 0, many, 0) for name, event_class in EVENT_TYPES.items()
    ]
    written = StringIO()
    Console(file=written, width=80).print(proof_table(Proof(datetime.now(UTC), tuple(rows))))
    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    for name in EVENT_TYPES:
        [line] = [line for line in lines if line.split()[:1] == [name.partition(".")[2]]]
        assert line.split()[1:] == ["4,345,678"] * 3 + ["0", "4,345,678", "0"]
    assert lines[-1].split()[1] == f"{many * len(EVENT_TYPES):,}"
