"""The raw tables, which the lander writes: noted here, so that checks and lineage have something to hold on to."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import TOPICS
from pipelines.lib.landed import landed
from pipelines.lib.settings import Settings


def raw_key(topic: str) -> dg.AssetKey:
    """The asset of a topic's raw table."""
    return dg.AssetKey(["raw", topic])


@dg.multi_asset(
    specs=[
        dg.AssetSpec(raw_key(topic), description=f"Records of the topic {topic} as they landed.", kinds={"iceberg"})
        for topic in TOPICS
    ],
    group_name="raw",
)
def raw(settings: dg.ResourceParam[Settings]) -> Iterator[dg.MaterializeResult[None]]:
    """Note the newest snapshot of each raw table."""
    for table in landed(settings):
        yield dg.MaterializeResult(
            asset_key=raw_key(table.topic),
            metadata={
                "dagster/row_count": table.rows,
                "snapshot_id": str(table.snapshot_id),
                "is_processed": table.is_processed,
            },
        )
