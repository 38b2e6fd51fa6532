"""Raw to typed."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import EVENT_TYPES, TOPICS
from pipelines.defs.about import PLATFORM, RETRIES, owner_of, table
from pipelines.defs.raw.assets import raw_key
from pipelines.lib import typed
from pipelines.lib.exclusive import exclusive
from pipelines.lib.settings import Settings


def typed_key(event_type: str) -> dg.AssetKey:
    """The asset of an event type's typed table."""
    return dg.AssetKey(typed.typed_name(event_type).split("."))


# One suite looks at all typed tables together. A verdict on each of them would be the same one, forty times in a run.
REACHED = dg.AssetKey(["typed", "reached"])


@dg.multi_asset(
    specs=[
        *(
            dg.AssetSpec(
                typed_key(name),
                deps=[raw_key(contract.domain())],
                description=contract.__doc__,
                owners=[owner_of(contract.domain())],
                metadata=table(typed.typed_name(name)),
                kinds={"iceberg", "polars"},
            )
            for name, contract in EVENT_TYPES.items()
        ),
        dg.AssetSpec(
            REACHED,
            deps=[raw_key(topic) for topic in TOPICS],
            description="Up to which raw snapshot all typed tables have come: what their suite judges together.",
            owners=[PLATFORM],
            metadata=table("lake_catalog.pipeline_state"),
            kinds={"postgres"},
        ),
    ],
    group_name="typed",
    name="typed",
    retry_policy=RETRIES,
)
def typed_tables(settings: dg.ResourceParam[Settings]) -> Iterator[dg.MaterializeResult[None]]:
    """Bring the typed tables up to what has landed, the touched days only."""
    with exclusive(settings):
        reports = typed.build(settings)
    for report in reports:
        yield dg.MaterializeResult(
            asset_key=typed_key(report.event_type),
            metadata={
                "dagster/row_count": report.rows,
                "rows_read": report.read,
                "rows_added": report.added,
                "rows_refused": report.refused,
                "days_rewritten": report.days,
            },
        )
    yield dg.MaterializeResult(asset_key=REACHED)
