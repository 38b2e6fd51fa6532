"""dbt: staging, intermediate and marts, then the as-of time once the marts have passed their checks."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import dagster as dg
import orjson
import psycopg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from psycopg import sql

from ingestion.contracts import TOPICS
from pipelines.defs.about import ANALYTICS, DAILY, docs_link, owner_of, table
from pipelines.lib.dbt import as_dict, run_dbt
from pipelines.lib.dbt_env import target_dir
from pipelines.lib.exclusive import exclusive
from pipelines.lib.lineage import note_runs
from pipelines.lib.marts import LAST_MART, forget_touched_days, newest_touch
from pipelines.lib.prepare import manifest_path
from pipelines.lib.settings import Settings

_RESULTS = {"LogModelResult", "LogTestResult"}


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


_TRANSLATOR = _AsPeopleReadIt()


@dbt_assets(manifest=manifest_path(), exclude=LAST_MART, name="marts", dagster_dbt_translator=_TRANSLATOR)
def marts(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    """Build and test all models; forget the touched days only when that went well."""
    with exclusive(settings):
        until = newest_touch(settings)
        yield from _build(context, settings, "--exclude", LAST_MART)
        forget_touched_days(settings, until)


@dbt_assets(manifest=manifest_path(), select=LAST_MART, name="as_of", dagster_dbt_translator=_TRANSLATOR)
def as_of(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    """Move the time that the dashboards show."""
    with exclusive(settings):
        yield from _build(context, settings, "--select", LAST_MART)


def _build(context: dg.AssetExecutionContext, settings: Settings, *selection: str) -> Iterator[Any]:
    arguments = ["build", "--exclude-resource-type", "unit_test", *(_chosen(context) or selection)]
    target = target_dir() / "build"
    try:
        yield from _counted(context, settings, _told(context, settings, arguments, target))
    finally:
        # Of a build that failed too: which model it was is what one wants to know then.
        note_runs(settings, target / "run_results.json")


def _chosen(context: dg.AssetExecutionContext) -> list[str]:
    """The models, and tests of other models, that somebody chose instead of all."""
    if not context.is_subset:
        return []
    tests = {key.name for key in context.selected_asset_check_keys if key.asset_key not in context.selected_asset_keys}
    return ["--select", *sorted({key.path[-1] for key in context.selected_asset_keys} | tests)]


def _told(context: dg.AssetExecutionContext, settings: Settings, arguments: list[str], target: Path) -> Iterator[Any]:
    """What dbt says of each model and test, in Dagster's words, as soon as it says so."""
    manifest = orjson.loads(manifest_path().read_bytes())
    heard: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def listen(event: Any) -> None:
        if event.info.name in _RESULTS:
            heard.put(as_dict(event))

    with ThreadPoolExecutor(1) as pool:
        build = pool.submit(run_dbt, settings, arguments, target=target, listen=listen)
        build.add_done_callback(lambda _: heard.put(None))
        for event in iter(heard.get, None):
            message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
            yield from message.to_default_asset_events(manifest, _TRANSLATOR, context, target)
        build.result()


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
