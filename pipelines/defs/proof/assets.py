"""The hourly proof: accepted = Kafka = lake = warehouse, event by event."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.about import HOURLY, PLATFORM, table
from pipelines.lib.proofs import prove_and_keep
from pipelines.lib.settings import Settings

PROOF = dg.AssetKey(["ops", "proof_runs"])
CHECK = "nothing_differs"


@dg.asset(
    key=PROOF,
    group_name="proof",
    kinds={"postgres"},
    owners=[PLATFORM],
    metadata=table("warehouse.ops.proof_runs"),
    freshness_policy=HOURLY,
    check_specs=[dg.AssetCheckSpec(CHECK, asset=PROOF, description="The difference of the last proof is 0.")],
)
def proof(
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Compare every place where events lie, and keep the result for the page `/data/proof`."""
    made = prove_and_keep(settings)
    different = {row.type: row.difference for row in made.rows if row.difference}
    events = sum(row.accepted for row in made.rows)
    yield dg.MaterializeResult(asset_key=PROOF, metadata={"difference": made.difference, "events": events})
    yield dg.AssetCheckResult(
        asset_key=PROOF,
        check_name=CHECK,
        passed=not made.difference,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"different": different},
    )
