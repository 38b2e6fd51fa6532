"""Columns back to the columns that they are made of, and what a catalogue is told by OpenLineage."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.lib.lineage.columns import ColumnEdge, note_columns, noted_columns, read_edges
from pipelines.lib.lineage.models import Model
from pipelines.lib.lineage.openlineage import Built, built_by_dbt, emit
from pipelines.lib.settings import Settings
from tests.pipelines.lake_writer import Lake

ORDERS = Model("staging.orders", "staging/orders.sql", "Orders.", "", [], ["lake.ordering_order_placed"])
SALES = Model(
    "marts.sales",
    "marts/sales.sql",
    "Sales.",
    "select …",
    [{"name": "day", "data_type": "date", "description": "UTC day."}],
    ["staging.orders"],
)
SQL = [
    (ORDERS, 'select day, total_minor as charged from "w"."lake"."ordering_order_placed"'),
    (
        SALES,
        """
        with orders as (select * from "w"."staging"."orders")
        select orders.day, sum(orders.charged) as revenue_minor, count(*) as orders, true as is_real
        from orders group by orders.day
        """,
    ),
]
EDGES = [
    ColumnEdge("marts.sales", "day", "staging.orders", "day"),
    ColumnEdge("marts.sales", "revenue_minor", "staging.orders", "charged"),
    ColumnEdge("staging.orders", "charged", "lake.ordering_order_placed", "total_minor"),
    ColumnEdge("staging.orders", "day", "lake.ordering_order_placed", "day"),
]


def test_a_column_leads_through_stars_and_aliases_to_the_event(lake: Lake, tmp_path: Path) -> None:
    assert read_edges(reversed(SQL)) == EDGES
    for model, sql in SQL:
        path = tmp_path / model.path
        path.parent.mkdir(exist_ok=True)
        path.write_text(sql)
    assert note_columns(lake.settings, [SALES, ORDERS], tmp_path) == len(EDGES)
    assert noted_columns(lake.settings) == EDGES
    (tmp_path / SALES.path).unlink()
    assert note_columns(lake.settings, [SALES, ORDERS], tmp_path) == 2


def run(status: str = "success") -> dict[str, Any]:
    return {
        "name": "marts.sales",
        "invocation_id": "one",
        "status": status,
        "seconds": 1.0,
        "rows": 12,
        "finished_at": "2026-03-01T10:00:00Z",
    }


@pytest.fixture
def told(lake: Lake, tmp_path: Path) -> tuple[Settings, Path]:
    path = tmp_path / "deep" / "openlineage.jsonl"
    return lake.settings.model_copy(update={"pipelines_openlineage_file": path}), path


def test_a_build_is_told_with_inputs_schema_rows_and_columns(told: tuple[Settings, Path]) -> None:
    settings, path = told
    built = built_by_dbt([run(), run("skipped"), run() | {"name": "marts.unknown"}], [SALES, ORDERS], EDGES)
    assert emit(settings, built) == 1
    [event] = [json.loads(line) for line in path.read_text().splitlines()]
    assert (event["eventType"], event["job"]["name"], event["inputs"][0]["name"]) == (
        "COMPLETE",
        "dbt.marts.sales",
        "staging.orders",
    )
    [output] = event["outputs"]
    assert (output["name"], output["outputFacets"]["outputStatistics"]["rowCount"]) == ("marts.sales", 12)
    assert output["facets"]["schema"]["fields"][0]["name"] == "day"
    lineage = output["facets"]["columnLineage"]["fields"]
    assert lineage["revenue_minor"]["inputFields"] == [
        {"namespace": "agora", "name": "staging.orders", "field": "charged", "transformations": []}
    ]


def test_a_failed_build_is_told_as_failed_and_a_silent_catalogue_stops_nothing(told: tuple[Settings, Path]) -> None:
    settings, path = told
    failed = built_by_dbt([run("error")], [SALES], [])
    assert emit(settings, failed) == 1
    event = json.loads(path.read_text())
    assert event["eventType"] == "FAIL"
    assert event["run"]["facets"]["errorMessage"]["message"] == "dbt says: error"
    deaf = settings.model_copy(update={"pipelines_openlineage_url": "http://127.0.0.1:9"})
    assert emit(deaf, failed) == 0
    nobody = settings.model_copy(update={"pipelines_openlineage_file": None})
    assert emit(nobody, [Built("j", "r", "n", [], datetime.now(UTC))]) == 0
