"""The hourly proof keeps its result, waits for what is on its way, and hides no difference."""

from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.contracts.analytics import ProductViewed
from pipelines.lib import proofs
from pipelines.lib.proofs import prove_and_keep
from tests.ingestion.plane import Plane, wait_for

COUNT = 20


def kept(plane: Plane) -> list[dict[str, Any]]:
    with psycopg.connect(plane.settings.warehouse_url, row_factory=dict_row) as connection:
        return connection.execute("select * from ops.proof_runs order by proof_id").fetchall()


def land(plane: Plane) -> None:
    with plane.relay(), plane.lander():
        wait_for(lambda: len(plane.landed()) == COUNT, "everything has landed")


def test_a_proof_brings_the_warehouse_up_and_is_kept(plane: Plane) -> None:
    plane.accept(COUNT)
    land(plane)
    assert prove_and_keep(plane.pipelines()).difference == 0
    [run] = kept(plane)
    assert run["difference"] == 0
    [row] = [row for row in run["rows"] if row["type"] == ProductViewed.type]
    assert [row[place] for place in ("accepted", "kafka", "lake", "warehouse")] == [COUNT] * 4


def test_what_is_on_its_way_is_waited_for(plane: Plane) -> None:
    plane.accept(COUNT)
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        land(plane)

    assert prove_and_keep(plane.pipelines(), wait=wait).difference == 0
    assert len(waited) == 1


def test_what_is_lost_is_told_and_the_oldest_results_are_forgotten(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane.accept(COUNT)
    monkeypatch.setattr(proofs, "KEPT", 2)
    for _ in range(3):
        assert prove_and_keep(plane.pipelines(), attempts=1).difference == COUNT
    assert [run["difference"] for run in kept(plane)] == [COUNT, COUNT]
    assert [run["proof_id"] for run in kept(plane)] == [2, 3]
