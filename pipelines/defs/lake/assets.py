"""Care of the lake."""

import dagster as dg

from pipelines.defs.about import DAILY, HOURLY, PLATFORM
from pipelines.lib import care as lake_care
from pipelines.lib.settings import Settings

CARE = dg.AssetKey(["lake_care", "tables"])
SNAPSHOTS = dg.AssetKey(["lake_care", "snapshots"])
_COLUMNS = ("files", "bytes", "manifests", "snapshots")


@dg.asset(key=CARE, group_name="lake", owners=[PLATFORM], kinds={"iceberg"}, freshness_policy=DAILY)
def care(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """Small files made large and sorted, old snapshots expired with month-ends kept, lost files removed."""
    done = list(lake_care.care(settings))
    rows = [
        {"table": each.table}
        | {f"{name}_before": getattr(each.before, name) for name in _COLUMNS}
        | {f"{name}_after": getattr(each.after, name) for name in _COLUMNS}
        for each in done
    ]
    return dg.MaterializeResult(
        metadata={
            "tables": dg.MetadataValue.table([dg.TableRecord(row) for row in rows]),
            "files_compacted": sum(each.compacted.files_before for each in done),
            "snapshots_expired": sum(each.expired.snapshots for each in done),
            "months_tagged": sum(len(each.expired.tagged) for each in done),
            "lost_files_removed": sum(each.removed.files for each in done),
            "lost_bytes_removed": sum(each.removed.bytes for each in done),
        }
    )


@dg.asset(key=SNAPSHOTS, group_name="lake", owners=[PLATFORM], kinds={"iceberg"}, freshness_policy=HOURLY)
def snapshots(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """One snapshot of each hour kept of what is older than two hours: commits stay as fast as they were."""
    done = lake_care.thin(settings)
    return dg.MaterializeResult(
        metadata={
            "tables": len(done),
            "snapshots_expired": sum(each.snapshots for each in done.values()),
            "files_removed": sum(each.files for each in done.values()),
        }
    )
