"""Raw to typed."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import EVENT_TYPES
from pipelines.defs.about import RETRIES, owner_of, table
from pipelines.defs.raw.assets import raw_key
from pipelines.lib import typed
from pipelines.lib.exclusive import exclusive
from pipelines.lib.settings import Settings


def typed_key(event_type: str) -> dg.AssetKey:
    """The asset of an event type's typed table."""
    return dg.AssetKey(typed.typed_name(event_type).split("."))


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            typed_key(name),
            deps=[raw_key(contract.domain())],
            description=contract.__doc__,
            owners=[owner_of(contract.domain())],
            metadata=table(typed.typed_name(name)),
            kinds={"iceberg", "polars"},
        )
        for name, contract in EVENT_TYPES.items()
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
