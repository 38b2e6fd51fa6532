"""Both notebooks run from top to bottom on real marts and typed tables, and are kept without output."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import nbclient
import nbformat
import pytest

from pipelines.lib.frames import mart, purchases
from pipelines.lib.marts import build_marts
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

pytestmark = [pytest.mark.timeout(240), pytest.mark.filterwarnings("default")]  # of Jupyter's own


def test_there_are_notebooks_without_output() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"analyst", "data_science"}
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        assert [cell.execution_count for cell in cells if cell.cell_type == "code" and cell.execution_count] == []
        assert [cell.outputs for cell in cells if cell.cell_type == "code" and cell.outputs] == []


async def test_notebooks_run(lake: Lake) -> None:
    customers = [uuid4(), uuid4()]
    cancelled = uuid4()
    visitor = str(uuid4())
    lake.land(
        *(
            lake.order(DAY + timedelta(days=day), customers[day % 2], (7, 1, 100), (8 + day % 3, 2, 50))
            for day in range(20)
        ),
        lake.order(DAY, customers[0], (99, 1, 1), order_id=cancelled),
        lake.event(
            "ordering.order_cancelled", DAY, order_id=str(cancelled), customer_id=str(customers[0]), reason="changed"
        ),
        lake.event("analytics.product_viewed", DAY, anonymous_id=visitor, product_id=7),
    )
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings)
    bought = purchases(lake.settings)
    assert bought.height == 40
    assert 99 not in bought["product_id"]
    assert mart("mart_funnel", lake.settings).row(0)[1:] == (1, 1, 0, 0, 0)
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        client = nbclient.NotebookClient(notebook, timeout=100, kernel_name="python3")
        await client.async_execute()
        assert any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
