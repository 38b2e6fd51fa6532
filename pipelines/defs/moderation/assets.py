"""Rules that their keepers want to see at work on the past."""

import dagster as dg

from ingestion.contracts.moderation import CaseDecided, DecisionUndone, TextJudged
from pipelines.defs.about import SCIENCE, table
from pipelines.defs.typed.assets import typed_key
from pipelines.lib import backtest
from pipelines.lib.settings import Settings

BACKTESTS = dg.AssetKey(["serving", "backtests"])


@dg.asset(
    key=BACKTESTS,
    group_name="moderation",
    deps=[typed_key(event.type) for event in (TextJudged, CaseDecided, DecisionUndone)],
    description="What rules of moderation would have done in the last days: hits, precision, overlap, people.",
    owners=[SCIENCE],
    metadata=table("agora.serving.backtests"),
    kinds={"postgres"},
)
def backtests(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """Answer whatever waits."""
    return dg.MaterializeResult(metadata={"answered": backtest.run_waiting(settings)})
