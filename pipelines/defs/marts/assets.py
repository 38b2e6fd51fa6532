"""dbt: staging, intermediate and marts, then the as-of time once the marts have passed their checks."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
import psycopg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets
from psycopg import sql

from ingestion.contracts import TOPICS
from pipelines.defs.about import ANALYTICS, DAILY, docs_link, owner_of, table
from pipelines.lib.dbt_env import dbt_env, target_dir
from pipelines.lib.exclusive import exclusive
from pipelines.lib.lineage import note_runs
from pipelines.lib.marts import LAST_MART, forget_touched_days, newest_touch
from pipelines.lib.prepare import manifest_path
from pipelines.lib.settings import Settings


class _AsPeopleReadIt(DagsterDbtTranslator):
    """A group for each layer, an owner, the table, a link to its page, and by when the figures should be newer."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return None if dbt_resource_props["resource_type"] == "source" else str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        domain = str(dbt_resource_props["name"]).partition("_")[2].partition("__")[0]
        return [owner_of(domain) if domain in TOPICS else ANALYTICS]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        name = f"warehouse.{dbt_resource_props['schema']}.{dbt_resource_props['name']}"
        return {**super().get_metadata(dbt_resource_props), **table(name), **docs_link(str(dbt_resource_props["name"]))}

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(freshness_policy=DAILY) if unique_id.startswith("model.agora.") else spec


@dbt_assets(manifest=manifest_path(), exclude=LAST_MART, name="marts", dagster_dbt_translator=_AsPeopleReadIt())
def marts(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: dg.ResourceParam[Settings]
) -> Iterator[Any]:
    """Build and test all models; forget the touched days only when that went well."""
    with exclusive(settings):
        until = newest_touch(settings)
        yield from _build(context, dbt, settings)
        forget_touched_days(settings, until)


@dbt_assets(manifest=manifest_path(), select=LAST_MART, name="as_of", dagster_dbt_translator=_AsPeopleReadIt())
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
        yield from _counted(context, settings, dbt.cli(arguments, context=context, target_path=target).stream())
    finally:
        # Of a build that failed too: which model it was is what one wants to know then.
        note_runs(settings, target / "run_results.json")


def _counted(context: dg.AssetExecutionContext, settings: Settings, events: Iterable[Any]) -> Iterator[Any]:
    """The same events, those of marts that are tables with their rows."""
    with psycopg.connect(settings.warehouse_url, autocommit=True) as connection:
        for event in events:
            if isinstance(event, dg.Output):
                schema, name = context.asset_key_for_output(event.output_name).path
                if (rows := _rows(connection, schema, name)) is not None:
                    yield event.with_metadata({**event.metadata, "dagster/row_count": rows})
                    continue
            yield event


def _rows(connection: psycopg.Connection, schema: str, name: str) -> int | None:
    # To count a view is to run it.
    is_table = connection.execute("select from pg_tables where schemaname = %s and tablename = %s", (schema, name))
    if is_table.rowcount == 0:
        return None
    row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))).fetchone()
    return int(row[0]) if row else None
