"""Everything that Dagster runs: `dagster … -m pipelines.definitions`. Loading it connects to nothing."""

import dagster as dg

import pipelines.defs
from pipelines.defs.jobs import (
    asked_backtests,
    backtesting,
    forecasting,
    hourly_proof,
    hourly_thinning,
    lake_care,
    loop,
    new_snapshots,
    newer_marts,
    nightly_care,
    nightly_forecasting,
    nightly_training,
    proof,
    tell_of_failures,
    tell_of_recoveries,
    thinning,
    training,
)
from pipelines.defs.resources import settings

defs = dg.Definitions(
    assets=dg.load_assets_from_package_module(pipelines.defs),
    asset_checks=dg.load_asset_checks_from_package_module(pipelines.defs),
    jobs=[loop, proof, lake_care, thinning, training, forecasting, backtesting],
    schedules=[hourly_proof, hourly_thinning, nightly_care, nightly_training, nightly_forecasting],
    sensors=[new_snapshots, newer_marts, asked_backtests, tell_of_failures, tell_of_recoveries],
    resources={"settings": settings},
    # One process per run: a second one would spend more time on imports than most steps on their work.
    executor=dg.in_process_executor,
)
