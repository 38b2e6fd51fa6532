"""dbt: staging, intermediate and marts, then the as-of time once the marts have passed their checks."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from pipelines.lib.dbt_env import dbt_env, target_dir
from pipelines.lib.exclusive import exclusive
from pipelines.lib.lineage import note_runs
from pipelines.lib.marts import LAST_MART, forget_touched_days, newest_touch
from pipelines.lib.prepare import manifest_path
from pipelines.lib.settings import Settings


class _OneGroup(DagsterDbtTranslator):
    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return None if dbt_resource_props["resource_type"] == "source" else "marts"


@dbt_assets(manifest=manifest_path(), exclude=LAST_MART, name="marts", dagster_dbt_translator=_OneGroup())
def marts(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: dg.ResourceParam[Settings]
) -> Iterator[Any]:
    """Build and test all models; forget the touched days only when that went well."""
    with exclusive(settings):
        until = newest_touch(settings)
        yield from _build(context, dbt, settings)
        forget_touched_days(settings, until)


@dbt_assets(manifest=manifest_path(), select=LAST_MART, name="as_of", dagster_dbt_translator=_OneGroup())
def as_of(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: dg.ResourceParam[Settings]
) -> Iterator[Any]:
    """Move the time that the dashboards show."""
    with exclusive(settings):
        yield from _build(context, dbt, settings)


def _build(context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: Settings) -> Iterator[Any]:
    # The resource takes its environment from the process, and would keep a directory of artifacts for every run.
    os.environ.update(dbt_env(settings.warehouse_url))
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    target = target_dir() / "build"
    try:
        yield from dbt.cli(arguments, context=context, target_path=target).stream()
    finally:
        # Of a build that failed too: which model it was is what one wants to know then.
        note_runs(settings, target / "run_results.json")
