"""The jobs, what starts them, and when."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import psutil

from pipelines.defs.lake.assets import CARE, SNAPSHOTS
from pipelines.lib import backtest
from pipelines.lib.alerts import tell
from pipelines.lib.landed import pointers
from pipelines.lib.settings import get_settings

loop = dg.define_asset_job(
    "loop",
    selection=dg.AssetSelection.groups("raw", "typed", "warehouse", "staging", "intermediate", "marts", "lineage"),
    description="What has landed, to typed tables, warehouse and marts, and the way back noted.",
)

proof = dg.define_asset_job(
    "proof",
    selection=dg.AssetSelection.groups("proof"),
    description="Compare what was accepted with what Kafka, lake and warehouse hold.",
)

# Dagster's own sensor for conditions stands still until somebody starts it.
newer_marts = dg.AutomationConditionSensorDefinition(
    "newer_marts",
    target=dg.AssetSelection.groups("docs"),
    default_status=dg.DefaultSensorStatus.RUNNING,
)

lake_care = dg.define_asset_job(
    "lake_care",
    selection=dg.AssetSelection.assets(CARE),
    description="Compact, expire and clean the tables of the lake, beside everything that goes on.",
)

thinning = dg.define_asset_job(
    "thinning",
    selection=dg.AssetSelection.assets(SNAPSHOTS),
    description="Forget snapshots within past hours, so that commits stay as fast as they were.",
)

hourly_thinning = dg.ScheduleDefinition(
    name="hourly_thinning",
    job=thinning,
    cron_schedule="22 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

nightly_care = dg.ScheduleDefinition(
    name="nightly_care",
    job=lake_care,
    cron_schedule="40 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
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

forecasting = dg.define_asset_job(
    "forecasting",
    selection=dg.AssetSelection.groups("forecasting"),
    description="Forecast the demand that reorders follow.",
)

nightly_forecasting = dg.ScheduleDefinition(
    name="nightly_forecasting",
    job=forecasting,
    cron_schedule="45 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

backtesting = dg.define_asset_job(
    "backtesting",
    selection=dg.AssetSelection.groups("moderation"),
    description="Try rules of moderation on the past, for whoever asked.",
)

hourly_proof = dg.ScheduleDefinition(
    name="hourly_proof",
    job=proof,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

_RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
_UNFINISHED = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, *_RUNNING]


@dg.sensor(job=loop, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=20)
def new_snapshots(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Start the loop when a raw table has a new snapshot; what lands while it is at work waits for the next one."""
    lost = list(_end_lost_runs(context.instance, _serving_since()))
    unfinished = context.instance.get_runs_count(dg.RunsFilter(job_name=loop.name, statuses=_UNFINISHED))
    if unfinished:
        return dg.SkipReason("The loop is at work.")
    now = pointers(get_settings())
    if now == json.loads(context.cursor or "{}") and loop.name not in lost:
        return dg.SkipReason("Nothing has landed since the last run.")
    return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=json.dumps(now, sort_keys=True))


@dg.sensor(job=backtesting, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=20)
def asked_backtests(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Start a test of rules when somebody asked for one; what is asked meanwhile is answered by the same run."""
    unfinished = context.instance.get_runs_count(dg.RunsFilter(job_name=backtesting.name, statuses=_UNFINISHED))
    if unfinished or not backtest.waiting(get_settings()):
        return dg.SkipReason("Nobody asked for a test.")
    return dg.RunRequest()


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=30)
def tell_of_failures(context: dg.RunFailureSensorContext) -> None:
    """Raise an alert for a job that failed; the next run that goes well ends it."""
    tell(get_settings(), _source(context), context.failure_event.message or "it failed")


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)
def tell_of_recoveries(context: dg.RunStatusSensorContext) -> None:
    """End the alert of a job that runs again."""
    tell(get_settings(), _source(context), None)


def _source(context: dg.RunStatusSensorContext) -> str:
    return f"job {context.dagster_run.job_name}"


def _serving_since() -> datetime:
    """When this code server started: its runs are its children, so an older one has lost its process."""
    return datetime.fromtimestamp(psutil.Process().create_time(), UTC)


def _end_lost_runs(instance: dg.DagsterInstance, since: datetime) -> Iterator[str]:
    """Fail the runs that a stop or a crash cut off, else they would hold the only place for ever; yields their jobs."""
    for record in instance.get_run_records(dg.RunsFilter(statuses=_RUNNING)):
        if record.update_timestamp < since:
            run = record.dagster_run
            # The sensor itself starts the loop again; a training is tried again as after any other failure.
            if run.job_name == loop.name:
                instance.add_run_tags(run.run_id, {"dagster/max_retries": "0"})
            instance.report_run_failed(run, "Its process ended with the server that had started it.")
            yield run.job_name
