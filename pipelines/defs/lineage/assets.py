"""What is noted after each build: the way back from a figure, and the events that wait for somebody."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import EVENT_TYPES
from ingestion.repair import OPEN, REPAIRED
from pipelines.defs.about import PLATFORM, table
from pipelines.defs.typed.assets import typed_key
from pipelines.lib.health import note_failed_events
from pipelines.lib.lineage import note_lineage
from pipelines.lib.marts import LAST_MART
from pipelines.lib.prepare import manifest_path
from pipelines.lib.settings import Settings
from pipelines.lib.stopped import note_stopped_topics

FAILED_EVENTS = dg.AssetKey(["ops", "failed_events"])
NOBODY_WAITS = "nobody_is_waited_for"


@dg.asset(
    key=dg.AssetKey(["ops", "lineage"]),
    deps=[dg.AssetKey(["marts", LAST_MART])],
    group_name="lineage",
    owners=[PLATFORM],
    metadata=table("warehouse.ops.lineage_models"),
    kinds={"postgres"},
)
def lineage(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """Models, loads, snapshots, offsets and sample events, for the pages of lineage and data health."""
    noted = note_lineage(settings, manifest_path())
    return dg.MaterializeResult(
        metadata={"dagster/row_count": noted.models, "models": noted.models, "loads": noted.loads}
    )


@dg.asset(
    key=FAILED_EVENTS,
    group_name="lineage",
    deps=[typed_key(name) for name in EVENT_TYPES],
    check_specs=[dg.AssetCheckSpec(NOBODY_WAITS, asset=FAILED_EVENTS)],
    owners=[PLATFORM],
    metadata=table("warehouse.ops.failed_events"),
    kinds={"postgres"},
)
def failed_events(settings: dg.ResourceParam[Settings]) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Events that could not be read or fit no contract, by what became of them; `agora failed` mends them."""
    states = note_failed_events(settings)
    note_stopped_topics(settings)
    waiting = states[OPEN] + states[REPAIRED]
    yield dg.MaterializeResult(asset_key=FAILED_EVENTS, metadata={"dagster/row_count": sum(states.values())} | states)
    yield dg.AssetCheckResult(
        asset_key=FAILED_EVENTS, check_name=NOBODY_WAITS, passed=waiting == 0, severity=dg.AssetCheckSeverity.WARN
    )
