"""The raw tables, which the lander writes: noted here, so that checks and lineage have something to hold on to."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import TOPICS
from ingestion.lake.tables import raw_table
from pipelines.defs.about import DAILY, owner_of, table
from pipelines.lib.landed import landed
from pipelines.lib.settings import Settings


def raw_key(topic: str) -> dg.AssetKey:
    """The asset of a topic's raw table."""
    return dg.AssetKey(["raw", topic])


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            raw_key(topic),
            description=f"Records of the topic {topic} as they landed. {about.summary}",
            owners=[owner_of(topic)],
            metadata=table(raw_table(topic)),
            kinds={"iceberg"},
            freshness_policy=DAILY,
        )
        for topic, about in TOPICS.items()
    ],
    group_name="raw",
)
def raw(settings: dg.ResourceParam[Settings]) -> Iterator[dg.MaterializeResult[None]]:
    """Note the newest snapshot of each raw table."""
    for found in landed(settings):
        yield dg.MaterializeResult(
            asset_key=raw_key(found.topic),
            metadata={
                "dagster/row_count": found.rows,
                "snapshot_id": str(found.snapshot_id),
                "is_processed": found.is_processed,
            },
        )
