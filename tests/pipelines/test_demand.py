"""The demand forecast as Dagster runs it: from events in the lake to the table that reorders follow."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg
import psycopg
import pytest

from pipelines.defs.forecasting.assets import FORECASTS, demand_forecasts
from pipelines.lib import demand, typed
from pipelines.lib.settings import Settings
from tests.pipelines.lake_writer import DAY, Lake
from tests.pipelines.serving_database import serving_database

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]  # MLflow warns of its own code
DAYS = 130


@pytest.fixture(scope="module")
def urls(stack_env: dict[str, str]) -> Iterator[dict[str, str]]:
    with serving_database(stack_env) as urls:
        yield urls


@pytest.fixture
def settings(lake: Lake, urls: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)  # MLflow without a server keeps its files where it is started
    return lake.settings.model_copy(
        update={
            "postgres_pipelines_url": urls["AGORA_POSTGRES_PIPELINES_URL"],
            "mlflow_url": f"sqlite:///{tmp_path}/mlflow.db",
        }
    )


def fill(lake: Lake) -> None:
    """Product 1 sells two a day from an import; product 2 three in the north, one of which is released again."""
    records = []
    for day in range(DAYS):
        at = DAY + timedelta(days=day, hours=9)
        records.append(lake.order(at, uuid4(), (1, 2, 100), source="complete-journey"))
        order = uuid4()
        records.append(lake.order(at, uuid4(), (2, 3, 100), order_id=order))
        moves = [("allocated", 3), ("released", 1), ("shipped", 2)]
        records += [
            lake.event(
                "inventory.stock_moved", at, product_id=2, variant_id=20, location="north", movement=movement,
                quantity=quantity, order_id=str(order),
            )
            for movement, quantity in moves
        ]  # fmt: skip
    cancelled = uuid4()
    records.append(lake.order(DAY, uuid4(), (1, 900, 100), order_id=cancelled))
    records.append(
        lake.event("ordering.order_cancelled", DAY, order_id=str(cancelled), customer_id=str(uuid4()), reason="regret")
    )
    lake.land(*records)
    typed.build(lake.settings)


def rows(urls: dict[str, str]) -> list[tuple[object, ...]]:
    with psycopg.connect(urls["AGORA_POSTGRES_URL"]) as connection:
        query = (
            "select variant_id, location, round(daily_mean::numeric, 2)::float from serving.demand_forecasts order by 1"
        )
        return connection.execute(query).fetchall()


def test_what_was_sold_where_becomes_what_will_be_sold(settings: Settings, lake: Lake, urls: dict[str, str]) -> None:
    fill(lake)
    result = dg.materialize([demand_forecasts], resources={"settings": settings})
    assert result.success
    assert rows(urls) == [(1, "main", 2.0), (20, "north", 2.0)]
    [event] = [each for each in result.get_asset_materialization_events() if each.asset_key == FORECASTS]
    told = {name: value.value for name, value in event.materialization.metadata.items()}
    assert told["dagster/row_count"] == 2
    assert "/runs/" in str(told["mlflow"])


def test_without_enough_history_the_forecast_before_stays(settings: Settings, lake: Lake, urls: dict[str, str]) -> None:
    before = rows(urls)
    lake.land(*(lake.order(DAY + timedelta(days=day), uuid4(), (1, 1, 100)) for day in range(20)))
    typed.build(lake.settings)
    with pytest.raises(ValueError, match="too short"):
        demand.forecast(settings)
    assert rows(urls) == before
