"""Everything that Dagster runs: `dagster … -m pipelines.definitions`. Loading it connects to nothing."""

import dagster as dg

import pipelines.defs
from pipelines.defs.jobs import hourly_proof, loop, new_snapshots, nightly_training, proof, training
from pipelines.defs.resources import dbt, settings

defs = dg.Definitions(
    assets=dg.load_assets_from_package_module(pipelines.defs),
    asset_checks=dg.load_asset_checks_from_package_module(pipelines.defs),
    jobs=[loop, training, proof],
    schedules=[nightly_training, hourly_proof],
    sensors=[new_snapshots],
    resources={"settings": settings, "dbt": dbt},
    # One process per run: a second one would spend more time on imports than most steps on their work.
    executor=dg.in_process_executor,
)
