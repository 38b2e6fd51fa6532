"""What the data plane knows of itself: the proof, and the events that wait for somebody."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import EVENT_TYPES, TOPICS
from ingestion.repair import OPEN, REPAIRED
from pipelines.defs.raw.assets import raw_key
from pipelines.defs.typed.assets import typed_key
from pipelines.lib import ops
from pipelines.lib.settings import Settings

Told = dg.MaterializeResult[None] | dg.AssetCheckResult
PROOF = dg.AssetKey(["ops", "proof"])
FAILED_EVENTS = dg.AssetKey(["ops", "failed_events"])


@dg.asset(
    key=PROOF,
    group_name="ops",
    deps=[raw_key(topic) for topic in TOPICS],
    check_specs=[dg.AssetCheckSpec("nothing_differs", asset=PROOF)],
    kinds={"postgres"},
)
def proof(settings: dg.ResourceParam[Settings]) -> Iterator[Told]:
    """Accepted = Kafka = lake = warehouse, event by event; it has the page `/data/proof`."""
    proved = ops.prove(settings)
    counts = {f"events_{place}": sum(getattr(row, place) for row in proved.rows) for place in ("accepted", "lake")}
    yield dg.MaterializeResult(metadata={"difference": proved.difference} | counts)
    yield dg.AssetCheckResult(check_name="nothing_differs", passed=proved.difference == 0)


@dg.asset(
    key=FAILED_EVENTS,
    group_name="ops",
    deps=[typed_key(name) for name in EVENT_TYPES],
    check_specs=[dg.AssetCheckSpec("nobody_is_waited_for", asset=FAILED_EVENTS)],
    kinds={"postgres"},
)
def failed_events(settings: dg.ResourceParam[Settings]) -> Iterator[Told]:
    """Events that could not be read or fit no contract, by what became of them; `agora failed` mends them."""
    states = ops.copy_failed_events(settings)
    waiting = states[OPEN] + states[REPAIRED]
    yield dg.MaterializeResult(metadata={"dagster/row_count": sum(states.values())} | states)
    yield dg.AssetCheckResult(
        check_name="nobody_is_waited_for", passed=waiting == 0, severity=dg.AssetCheckSeverity.WARN
    )
