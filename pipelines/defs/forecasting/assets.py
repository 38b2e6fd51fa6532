"""What was sold becomes what will be sold."""

import dagster as dg

from ingestion.contracts.inventory import StockMoved
from ingestion.contracts.ordering import OrderCancelled, OrderPlaced
from pipelines.defs.about import DAILY, SCIENCE, table
from pipelines.defs.typed.assets import typed_key
from pipelines.lib import demand
from pipelines.lib.settings import Settings

FORECASTS = dg.AssetKey(["serving", "demand_forecasts"])


@dg.asset(
    key=FORECASTS,
    group_name="forecasting",
    deps=[typed_key(event.type) for event in (OrderPlaced, OrderCancelled, StockMoved)],
    description="Units a day that each variant will sell at each place, by the forecaster that did best on the past.",
    owners=[SCIENCE],
    metadata=table("agora.serving.demand_forecasts"),
    kinds={"postgres", "mlflow"},
    freshness_policy=DAILY,
)
def demand_forecasts(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """Test, forecast, serve."""
    served = demand.forecast(settings)
    tested = served.made.tested
    wape = {f"wape_{name}": round(figures["wape"], 4) for name, figures in tested.figures.items()}
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": served.rows,
            "forecaster": tested.champion,
            "series": served.made.series,
            "known_until": served.made.until.isoformat(),
            "seconds": round(served.made.seconds, 1),
            "mlflow": dg.MetadataValue.url(served.link),
            **wape,
        }
    )
