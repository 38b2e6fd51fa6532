"""One definition of each figure: the dbt project, the file and the pages say the same."""

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from api.domains.analytics.domain.metrics import METRICS
from api.domains.analytics.domain.periods import Period
from api.domains.analytics.pages.boards import PLACES
from api.domains.analytics.repository import customers, sales
from api.domains.analytics.repository.sales import SalesFilter
from pipelines.lib.dbt_env import PROJECT_DIR
from pipelines.lib.metrics import FILE, read_metrics
from pipelines.lib.prepare import prepare
from tests.api.analytics.conftest import Warehouse

DAY = date(2026, 3, 9)
PERIOD = Period(DAY, DAY + timedelta(days=1))


@pytest.fixture
async def sold(figures: Warehouse) -> Warehouse:
    """Orders of two days and of the day before, one of them cancelled."""
    figures.products((7, "Tea", "GROCERY", "DRINKS"), (8, "Jam", "GROCERY", "SPREADS"))
    figures.order("a", DAY, "ann", (7, 2, 300), (8, 1, 50), discount_minor=40)
    figures.order("b", DAY + timedelta(days=1), "ann", (7, 1, 300))
    figures.order("c", DAY + timedelta(days=1), "bob", (8, 5, 50), is_cancelled=True)
    figures.order("d", DAY - timedelta(days=1), "eve", (8, 5, 50))
    figures.connection.execute(
        "update marts.fct_order_lines set discount_minor = 40 where order_id = 'a' and line_number = 1"
    )
    for customer in ("ann", "bob", "eve"):
        figures.put("marts.dim_customers", {"customer_id": customer, "source": "storefront"})
    return figures


@pytest.fixture
async def reader(figures: Warehouse) -> AsyncIterator[AsyncConnection]:
    """As the API reads it."""
    url = figures.api_url.split("://", 1)[1]
    engine = create_async_engine(f"postgresql+psycopg://{url}", isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def by_definition(warehouse: Warehouse, key: str, where: str) -> Any:
    """A figure as the SQL of its definition has it."""
    metric = METRICS[key]
    statement = f"select {metric.expression} from {metric.model} where {where}"  # noqa: S608
    row = warehouse.connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def test_the_file_says_what_the_dbt_project_says() -> None:
    assert json.loads(FILE.read_bytes()) == read_metrics(prepare()), "run python -m pipelines.lib.metrics"


async def test_what_the_sales_page_sums_is_what_the_definitions_say(sold: Warehouse, reader: AsyncConnection) -> None:
    days = await sales.by_day(reader, PERIOD, SalesFilter("USD"))
    within = f"order_day between '{PERIOD.first}' and '{PERIOD.last}'"
    shown = {"revenue": "revenue_minor", "orders": "orders", "units": "units", "discounts": "discount_minor"}
    found = {key: sum(day[column] for day in days) for key, column in shown.items()}
    assert found == {"revenue": 950, "orders": 2, "units": 4, "discounts": 40}
    assert {key: by_definition(sold, key, within) for key in shown} == found
    assert by_definition(sold, "average_order", within) == 950 // 2
    assert by_definition(sold, "average_order", "false") is None


async def test_who_bought_is_counted_as_the_definition_says(sold: Warehouse, reader: AsyncConnection) -> None:
    groups = await customers.by_segment(reader, PERIOD, "USD", "source")
    now = sum(group["customers"] for group in groups if group["is_now"])
    within = f"order_day between '{PERIOD.first}' and '{PERIOD.last}'"
    assert by_definition(sold, "buyers", within) == now == 2


@pytest.mark.parametrize("key", sorted(metric.key for metric in METRICS.values() if metric.model))
def test_every_definition_is_sql_that_the_marts_answer(figures: Warehouse, key: str) -> None:
    figures.connection.execute(f"explain select {METRICS[key].expression} from {METRICS[key].model}")  # noqa: S608


def test_every_dashboard_is_an_exposure_of_the_project() -> None:
    told = yaml.safe_load((PROJECT_DIR / "models" / "marts" / "exposures.yml").read_text())["exposures"]
    assert {each["url"].rpartition("}}")[2] for each in told} == {
        path for path, *_ in PLACES if path.startswith("/dashboards/")
    }
