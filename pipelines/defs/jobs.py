"""The jobs, what starts them, and when."""

import json

import dagster as dg

from pipelines.lib.landed import pointers
from pipelines.lib.settings import get_settings

loop = dg.define_asset_job(
    "loop",
    selection=dg.AssetSelection.groups("raw", "typed", "warehouse", "marts"),
    description="What has landed, to typed tables, warehouse and marts.",
)

training = dg.define_asset_job(
    "training",
    selection=dg.AssetSelection.groups("models"),
    description="Train, compare and serve the recommendation models.",
)

nightly_training = dg.ScheduleDefinition(
    name="nightly_training",
    job=training,
    cron_schedule="15 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

_UNFINISHED = [
    *(dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED),
    *(dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED),
]


@dg.sensor(job=loop, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=20)
def new_snapshots(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Start the loop when a raw table has a new snapshot; what lands while it is at work waits for the next one."""
    unfinished = context.instance.get_runs_count(dg.RunsFilter(job_name=loop.name, statuses=_UNFINISHED))
    if unfinished:
        return dg.SkipReason("The loop is at work.")
    now = pointers(get_settings())
    if now == json.loads(context.cursor or "{}"):
        return dg.SkipReason("Nothing has landed since the last run.")
    return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=json.dumps(now, sort_keys=True))
