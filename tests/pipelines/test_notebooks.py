"""Both notebooks run from top to bottom on real marts and typed tables, say what is so, and are kept without output."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import nbclient
import nbformat
import psycopg
import pytest

from pipelines.lib.frames import mart, purchases
from pipelines.lib.marts import build_marts
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake
from tests.pipelines.test_models_assets import fill

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WEEKS, USUAL, PROMOTED = 14, 2, 6
PROMOTION_WEEKS = (10, 12)

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]  # of Jupyter's own


def test_there_are_notebooks_without_output() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"analyst", "data_science"}
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        assert [cell.execution_count for cell in cells if cell.cell_type == "code" and cell.execution_count] == []
        assert [cell.outputs for cell in cells if cell.cell_type == "code" and cell.outputs] == []


def weekly_orders(lake: Lake) -> list[dict[str, Any]]:
    """Products 98 and 99 are bought by one customer every week, twelve times together; 99 thrice as much on offer."""
    buyer = uuid5(NAMESPACE_URL, "weekly")
    orders = []
    for week in range(WEEKS):
        units = PROMOTED if week in PROMOTION_WEEKS else USUAL
        order = lake.order(DAY + timedelta(weeks=week, hours=3), buyer, (98, USUAL, 100), (99, units, 100))
        if week in PROMOTION_WEEKS:
            content = json.loads(order["value"])
            content["data"]["lines"][1] |= {"discount_minor": 20 * units, "total_minor": 80 * units}
            content["data"]["total_minor"] -= 20 * units
            order["value"] = json.dumps(content)
        orders.append(order)
    return orders


def visits(lake: Lake) -> list[dict[str, Any]]:
    """Four visitors on the last day: three look at a product, one of them puts it into the cart."""
    last = DAY + timedelta(weeks=WEEKS, hours=2)
    seen = [str(uuid4()) for _ in range(4)]
    return [
        *(lake.event("analytics.page_viewed", last, anonymous_id=visitor, path="/") for visitor in seen),
        *(lake.event("analytics.product_viewed", last, anonymous_id=visitor, product_id=7) for visitor in seen[:3]),
        lake.event("analytics.cart_item_added", last, anonymous_id=seen[0], product_id=7, quantity=1),
    ]


@pytest.fixture
def filled(lake: Lake) -> Lake:
    """A small shop of thirty customers in fifteen weeks, and what the analyst's questions need."""
    fill(lake)
    lake.land(*weekly_orders(lake), *visits(lake))
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings)
    return lake


async def run(name: str, expression: str) -> Any:
    """The notebook from top to bottom, and what an expression has to say at its end."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    asked = f"import json\nprint('ANSWER', json.dumps({expression}, default=str))"
    notebook.cells.append(nbformat.v4.new_code_cell(asked))
    await nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").async_execute()
    told = notebook.cells[-1].outputs[0].text
    return json.loads(told.removeprefix("ANSWER "))


async def test_the_analysts_questions_are_answered(filled: Lake) -> None:
    assert mart("mart_funnel", filled.settings).row(0)[1:] == (4, 3, 1, 0, 0)
    found = await run(
        "analyst",
        "{'funnel': funnel.filter(pl.col('period') == 'now')['visits'].to_list(),"
        " 'retention': retention.to_dicts(), 'worth': worth.to_dicts(), 'promotion': promotion.to_dicts()[0],"
        " 'pairs': together.to_dicts(), 'size': size['size'].sum()}",
    )
    assert found["funnel"] == [4, 3, 1, 0, 0]
    assert found["size"] == 31
    first = found["retention"][0]
    assert first["0"] == 1.0
    assert all(0 <= first[str(week)] <= 1 for week in range(1, 12))
    # What a customer is worth only grows, up to all that the cohort was charged in its first twelve weeks.
    curve = [found["worth"][0][str(week)] for week in range(12)]
    assert curve == sorted(curve)
    with psycopg.connect(filled.settings.warehouse_url) as connection:
        row = connection.execute(
            "select sum(total_minor) / 100.0 / count(distinct customer_id) from marts.fct_orders"
            " join marts.dim_customers using (customer_id) where not is_cancelled"
            " and date_trunc('week', first_order_at at time zone 'UTC') = %s"
            " and order_day < %s::date + 84",
            (first["cohort"], first["cohort"]),
        ).fetchone()
    assert row is not None
    assert curve[-1] == pytest.approx(float(row[0]), abs=0.01)
    promotion = found["promotion"]
    assert (promotion["promoted_weeks"], promotion["products"]) == (2, 1)
    assert 2 < promotion["lift"] <= PROMOTED / USUAL
    pair = next(each for each in found["pairs"] if each["together"] >= 12 and each["confidence"] == 1.0)
    assert pair["lift"] == pytest.approx(pair["orders"] / pair["second_orders"], abs=0.01)


async def test_a_model_is_trained_compared_explained_and_promoted(filled: Lake) -> None:
    bought = purchases(filled.settings)
    found = await run(
        "data_science",
        "{'lines': lines.height, 'champion': training.champion, 'models': comparison['model'].to_list(),"
        " 'ndcg': comparison['ndcg_at_10'].to_list(), 'explained': explained.to_dicts(),"
        " 'version': champion, 'logged': tags['model'], 'snapshots': read_from}",
    )
    assert found["lines"] == bought.height
    assert found["models"][0] == found["champion"] == found["logged"]
    assert set(found["models"]) == {"ease", "item_knn", "popularity"}
    assert found["ndcg"] == sorted(found["ndcg"], reverse=True)
    scores = [row["score"] for row in found["explained"]]
    assert scores == sorted(scores, reverse=True)
    assert any(row["because_of"] for row in found["explained"])
    assert all(
        row["score"] == pytest.approx(row["affinity"] + row["own_repeats"], abs=2e-4) for row in found["explained"]
    )
    assert found["version"] == 1
    assert "typed.ordering_order_placed" in found["snapshots"]
