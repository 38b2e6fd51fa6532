"""Data health, the proof, and the way from a figure to its events."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from psycopg.types.json import Jsonb

from api.domains.analytics.domain.metrics import METRICS
from ingestion.contracts import EVENT_TYPES
from pipelines.lib.lineage.models import read_models
from pipelines.lib.prepare import prepare
from pipelines.lib.warehouse_schema import shapes
from tests.api.analytics.conftest import AS_OF, Warehouse
from tests.api.conftest import SignUp

PAGE = {"accept": "text/html"}


def proof_row(event_type: str, accepted: int, landed: int) -> dict[str, Any]:
    places = {"kafka": accepted, "lake": landed, "failed": 0, "warehouse": landed, "difference": accepted - landed}
    return {"topic": event_type.partition(".")[0], "type": event_type, "accepted": accepted} | places


@pytest.fixture
def noted(figures: Warehouse) -> Warehouse:
    """What the pipelines note of an order's way, and two proofs, the newer of which found something."""
    figures.put(
        "ops.lineage_models",
        model("marts.fct_orders", "lake.ordering_order_placed", "marts.dim_products"),
        model("marts.dim_products", "lake.catalog_product_published"),
        model("marts.fct_sessions", "lake.analytics_page_viewed"),
    )
    origin = {"name": "marts.fct_orders", "source": "lake.ordering_order_placed"}
    for column, source in (("order_id", "order_id"), ("revenue", "total_minor")):
        figures.put("ops.lineage_columns", origin | {"column": column, "source_column": source})
    load = {
        "event_type": "ordering.order_placed",
        "typed_table": "typed.ordering_order_placed",
        "typed_rows": 12,
        "typed_snapshot_id": 111,
        "raw_table": "raw.ordering",
        "raw_snapshot_id": 222,
        "raw_rows": 15,
        "positions": Jsonb({"cluster_id": "c1", "topic_id": "t1", "offsets": {"0": 4711}}),
        "samples": Jsonb(
            [{"event_id": "e-1", "occurred_at": AS_OF.isoformat(), "kafka_partition": 0, "kafka_offset": 4710}]
        ),
    }
    names = {"table_name": "lake.ordering_order_placed"}, {"table_name": "lake.catalog_product_published"}
    expired = {"typed_committed_at": None, "samples": Jsonb([]), "positions": None}
    figures.put("ops.lineage_loads", load | names[0], load | names[1] | expired)
    figures.put(
        "ops.model_runs", {"name": "marts.fct_orders", "status": "success", "invocation_id": "run-7", "rows": 9}
    )
    figures.put("ops.model_runs", {"name": "marts.dim_products", "status": "error", "rows": None})
    failed = {"topic": "ordering", "event_type": "ordering.order_placed", "stage": "typing", "failed_at": AS_OF}
    for state in ("open", "repaired", "replayed"):
        reason = "total_minor: is missing; currency: is missing"
        figures.put("ops.failed_events", failed | {"failed_id": uuid4(), "reason": reason, "state": state})
    figures.put("ops.checks", {"suite": "marts", "passed": False, "failures": ["sums differ"], "warnings": []})
    figures.put("ops.alerts", {"source": "checks of marts", "message": "sums differ", "ended_at": None})
    figures.put("ops.alerts", {"source": "job loop", "message": "no space left", "ended_at": AS_OF})
    whole, lost = proof_row("ordering.order_placed", 20, 20), proof_row("analytics.page_viewed", 50, 48)
    figures.put("ops.proof_runs", {"as_of": AS_OF - timedelta(hours=1), "difference": 0, "rows": Jsonb([whole])})
    figures.put("ops.proof_runs", {"difference": 2, "seconds": 4.0, "rows": Jsonb([whole, lost])})
    return figures


def model(name: str, *above: str) -> dict[str, Any]:
    columns = Jsonb([{"name": "order_id", "data_type": "text", "description": "The order."}])
    return {"name": name, "sql": f"select 1 -- <{name}>", "columns": columns, "depends_on": list(above)}


async def test_a_figure_leads_to_its_events(client: AsyncClient, sign_up: SignUp, noted: Warehouse) -> None:
    analyst = await sign_up("analyst")
    page = (await client.get("/data/lineage/revenue", headers=PAGE | analyst.headers)).text
    for part in (
        "sum(case when not is_cancelled then total_minor end)",
        "run-7",
        "-- &lt;marts.fct_orders&gt;",
        "111",
        "222",
        "before offset 4,711",
        "e-1",
    ):
        assert part in page
    # Of a documented column and of one that nobody described: each leads to the columns that it is made of.
    for column in ("order_id", "total_minor"):
        assert f'<a href="#lake.ordering_order_placed"><code>lake.ordering_order_placed.{column}</code></a>' in page
    assert page.index('id="marts.fct_orders"') < page.index('id="marts.dim_products"')
    assert "expired since" in page
    assert "fct_sessions" not in page
    assert (await client.get("/data/lineage/luck", headers=PAGE | analyst.headers)).status_code == 404


async def test_the_proof_shows_what_differs_first_and_goes_back(
    client: AsyncClient, sign_up: SignUp, noted: Warehouse
) -> None:
    operator = await sign_up("operator")
    page = (await client.get("/data/proof", headers=PAGE | operator.headers)).text
    assert "<dt>Difference</dt><dd>2</dd><dd>look at the rows below; 0 before</dd>" in page
    assert "<dt>Accepted</dt><dd>70</dd>" in page
    assert page.index("analytics.page_viewed") < page.index("ordering.order_placed")
    [first] = noted.connection.execute("select min(proof_id) from ops.proof_runs").fetchall()
    older = (await client.get(f"/data/proof?run={first[0]}", headers=PAGE | operator.headers)).text
    assert "nothing is lost, nothing is there twice" in older
    assert "analytics.page_viewed" not in older
    table = (await client.get("/data/proof.csv?table=events", headers=operator.headers)).text
    assert table.splitlines()[1] == "analytics.page_viewed,50,50,48,0,48,0,2"
    assert (await client.get("/data/proof?run=9999999", headers=operator.headers)).status_code == 404


async def test_the_health_of_the_data(client: AsyncClient, sign_up: SignUp, noted: Warehouse) -> None:
    boss = await sign_up("executive")
    page = (await client.get("/dashboards/data", headers=PAGE | boss.headers)).text
    assert "<dt>Failed events</dt><dd>2</dd>" in page
    assert "<dt>Alerts</dt><dd>1</dd><dd>stand now</dd>" in page
    assert "Checks of marts: sums differ (since" in page
    assert "Job loop: no space left" not in page
    assert "no space left" in page
    assert "<dt>Models that failed</dt><dd>1</dd><dd>of 2 in the last build</dd>" in page
    assert "<dt>Difference</dt><dd>2</dd>" in page
    table = (await client.get("/dashboards/data.csv?table=failed", headers=boss.headers)).text
    assert table.splitlines()[1].startswith(
        "ordering.order_placed,total_minor: is missing,its contract,2,1,0,2026-03-10"
    )


async def test_the_state_of_the_data_is_shown_while_the_marts_are_in_doubt(
    client: AsyncClient, sign_up: SignUp, noted: Warehouse
) -> None:
    noted.connection.execute("delete from marts.mart_as_of")
    boss = await sign_up("executive")
    page = (await client.get("/dashboards/data", headers=PAGE | boss.headers)).text
    assert "<dt>Newest event</dt><dd>never</dd>" in page
    assert "ordering_order_placed" in page


@pytest.mark.parametrize("path", ["/dashboards/data", "/data/proof", "/data/lineage/revenue"])
async def test_before_the_first_run_the_page_says_so_and_is_not_for_customers(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse, path: str
) -> None:
    figures.connection.execute("delete from marts.mart_as_of")
    boss, customer = await sign_up("executive"), await sign_up()
    answer = await client.get(path, headers=PAGE | boss.headers)
    assert answer.status_code == 200
    assert "No figures yet" in answer.text or "Nothing has been loaded yet" in answer.text
    assert (await client.get(path, headers=PAGE | customer.headers)).status_code == 403


def test_every_figure_has_a_model_of_the_project_or_a_copy_of_the_lake() -> None:
    models = {model.name for model in read_models(prepare())}
    copies = {f"lake.{shape.name}" for contract in EVENT_TYPES.values() for shape in shapes(contract)}
    assert {metric.key for metric in METRICS.values() if metric.model not in models | copies | {""}} == set()
