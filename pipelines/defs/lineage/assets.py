"""The way back from a figure, noted after each build of the marts."""

import dagster as dg

from pipelines.lib.lineage import note_lineage
from pipelines.lib.marts import LAST_MART
from pipelines.lib.prepare import manifest_path
from pipelines.lib.settings import Settings


@dg.asset(
    key=dg.AssetKey(["ops", "lineage"]),
    deps=[dg.AssetKey(["marts", LAST_MART])],
    group_name="lineage",
    kinds={"postgres"},
)
def lineage(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """Models, loads, snapshots, offsets, sample events and failed events, for the pages of lineage and data health."""
    noted = note_lineage(settings, manifest_path())
    return dg.MaterializeResult(
        metadata={"models": noted.models, "loads": noted.loads, "failed_events": noted.failed_events}
    )
