"""The way back from a mart: models with their SQL, loads with snapshots and offsets, events, and runs of dbt."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.lander.positions import SUMMARY_KEY
from pipelines.lib.lineage import note_lineage, note_runs
from pipelines.lib.lineage.models import read_models
from pipelines.lib.prepare import prepare
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake

pytestmark = pytest.mark.timeout(900)


def rows(lake: Lake, statement: str) -> list[dict[str, Any]]:
    with psycopg.connect(lake.settings.warehouse_url, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


def load(lake: Lake, table: str) -> dict[str, Any]:
    [row] = rows(lake, f"select * from ops.lineage_loads where table_name = '{table}'")  # noqa: S608
    return row


def test_a_load_leads_to_snapshots_offsets_and_events(lake: Lake) -> None:
    order = lake.order(DAY, uuid4(), (7, 2, 100))
    later = lake.order(DAY + timedelta(hours=1), uuid4(), (7, 1, 100))
    positions = {"cluster_id": "c", "topic_id": "t", "epoch": 1, "offsets": {"0": 2}}
    lake.land(order, later)
    table = lake.table("raw.ordering")
    table.append(table.schema().as_arrow().empty_table(), snapshot_properties={SUMMARY_KEY: json.dumps(positions)})
    refresh_typed_and_warehouse(lake.settings)
    noted = note_lineage(lake.settings, prepare())
    assert noted.models > 10
    found = load(lake, "lake.ordering_order_placed")
    typed, raw = lake.table("typed.ordering_order_placed"), lake.table("raw.ordering")
    assert found["typed_snapshot_id"] == typed.current_snapshot().snapshot_id
    assert found["raw_snapshot_id"] == raw.current_snapshot().snapshot_id
    assert (found["typed_rows"], found["raw_rows"], found["positions"]) == (2, 2, positions)
    assert found["newest_at"] == DAY + timedelta(hours=1)
    assert [(row["event_id"], row["kafka_offset"]) for row in found["samples"]] == [
        (later["event_id"], later["kafka_offset"]),
        (order["event_id"], order["kafka_offset"]),
    ]
    assert load(lake, "lake.ordering_order_placed_lines")["typed_snapshot_id"] == found["typed_snapshot_id"]


def test_what_is_missing_is_said_and_hinders_nothing(lake: Lake) -> None:
    lake.land(lake.order(DAY, uuid4(), (7, 2, 100)), lake.record("ordering.order_placed", "{}", DAY, uuid4()))
    refresh_typed_and_warehouse(lake.settings)
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        connection.execute("update lake.load_state set snapshot_id = 1 where table_name = 'ordering_order_placed'")
    note_lineage(lake.settings, prepare())
    found = load(lake, "lake.ordering_order_placed")
    assert (found["typed_snapshot_id"], found["typed_committed_at"], found["typed_rows"]) == (1, None, None)
    assert found["positions"] is None
    never = load(lake, "lake.payments_payment_declined")
    assert (never["typed_snapshot_id"], never["newest_at"], never["samples"]) == (None, None, [])


def test_every_model_leads_down_to_tables_that_are_loaded(lake: Lake) -> None:
    models = {model.name: model for model in read_models(prepare())}
    refresh_typed_and_warehouse(lake.settings)
    note_lineage(lake.settings, prepare())
    loaded = {row["table_name"] for row in rows(lake, "select table_name from ops.lineage_loads")}
    sales = models["marts.mart_daily_sales"]
    assert sales.depends_on == ["marts.fct_orders"]
    assert "sum(total_minor)" in sales.sql
    assert {"name": "day", "data_type": "date", "description": "UTC day."} in sales.columns
    own = {"lake.touched_days"}  # bookkeeping, not a copy
    ends = {above for model in models.values() for above in model.depends_on if above not in models}
    assert ends - own <= loaded


def test_runs_of_dbt_are_noted_model_by_model(lake: Lake, tmp_path: Path) -> None:
    results = tmp_path / "run_results.json"
    assert note_runs(lake.settings, results) == 0

    def write(status: str, rows_affected: int) -> None:
        run = {
            "unique_id": "model.agora.fct_orders",
            "relation_name": '"warehouse"."marts"."fct_orders"',
            "status": status,
            "execution_time": 1.5,
            "adapter_response": {"rows_affected": rows_affected},
            "timing": [{"name": "execute", "completed_at": "2026-03-01T10:00:00Z"}],
        }
        check = run | {"unique_id": "test.agora.x", "relation_name": None}
        other = {"unique_id": "model.agora.dim_customers", "relation_name": '"warehouse"."marts"."dim_customers"'}
        skipped = run | other | {"status": "skipped", "timing": []}
        metadata = {"invocation_id": "i", "generated_at": "2026-03-01T11:00:00Z"}
        results.write_text(json.dumps({"metadata": metadata, "results": [run, check, skipped]}))

    write("error", -1)
    assert note_runs(lake.settings, results) == 2
    write("success", 12)
    note_runs(lake.settings, results)
    runs = {row["name"]: row for row in rows(lake, "select * from ops.model_runs")}
    assert (runs["marts.fct_orders"]["status"], runs["marts.fct_orders"]["rows"]) == ("success", 12)
    assert runs["marts.dim_customers"]["finished_at"].hour == 11
