"""Whole days made anew on demand: choose the asset, "Materialize", and a range of days. One range is one run.

The loop has no partitions, because a late event belongs to its own day whenever it comes: it looks at what has landed
and finds the touched days itself. Here the days are chosen by a person, after a repair or a change of a contract.
"""

from datetime import UTC, datetime

import dagster as dg

from ingestion.contracts import TOPICS
from pipelines.defs.about import PLATFORM, RETRIES
from pipelines.defs.raw.assets import raw_key
from pipelines.lib import typed, warehouse
from pipelines.lib.exclusive import exclusive
from pipelines.lib.marts import build_marts
from pipelines.lib.settings import Settings

DAYS = dg.DailyPartitionsDefinition(start_date=datetime(2015, 1, 1, tzinfo=UTC), end_offset=1)
TYPED_DAY = dg.AssetKey(["backfill", "typed_day"])
MARTS_DAY = dg.AssetKey(["backfill", "marts_day"])


@dg.asset(
    key=TYPED_DAY,
    deps=[raw_key(topic) for topic in TOPICS],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="backfill",
    owners=[PLATFORM],
    kinds={"iceberg"},
    retry_policy=RETRIES,
)
def typed_day(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """The chosen days of all typed tables, from all raw rows of them; other days are not touched."""
    days = {datetime.fromisoformat(key).date() for key in context.partition_keys}
    with exclusive(settings):
        reports = [report for day in sorted(days) for report in typed.build_day(settings, day)]
    return dg.MaterializeResult(
        metadata={
            "days": len(days),
            "event_types": len({report.event_type for report in reports if report.added}),
            "rows_read": sum(report.read for report in reports),
            "dagster/partition_row_count": sum(report.added for report in reports),
            "rows_refused": sum(report.refused for report in reports),
        }
    )


@dg.asset(
    key=MARTS_DAY,
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[TYPED_DAY],
    group_name="backfill",
    owners=[PLATFORM],
    kinds={"postgres", "dbt"},
)
def marts_day(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """The same days in the warehouse and its marts: the load finds what changed, dbt builds and tests it."""
    with exclusive(settings):
        reports = warehouse.load(settings)
    build_marts(settings)
    return dg.MaterializeResult(
        metadata={
            "rows_copied": sum(report.rows for report in reports),
            "days_reloaded": max((report.days for report in reports), default=0),
        }
    )
