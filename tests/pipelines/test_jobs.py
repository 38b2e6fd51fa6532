"""The loop as Dagster runs it: what it builds, what stops it, and what starts it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import psycopg
import pytest

from pipelines.defs import jobs
from pipelines.defs.docs.assets import DOCS
from pipelines.lib.marts import LAST_MART
from pipelines.lib.prepare import is_prepared, prepare
from pipelines.lib.quality import Verdict
from pipelines.lib.refresh import refresh_typed_and_warehouse
from pipelines.lib.settings import get_settings
from tests.pipelines.lake_writer import DAY, Lake

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]  # of imports that are not ours


@pytest.fixture
def definitions(lake: Lake, operational_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The definitions, loaded with a manifest that lies where this test's settings say."""
    monkeypatch.setenv("AGORA_POSTGRES_INGESTION_URL", operational_url)
    monkeypatch.setenv("AGORA_KAFKA_TOPIC_PREFIX", f"{uuid4().hex[:10]}.")  # the proof reads no other test's events
    get_settings.cache_clear()
    prepare()
    from pipelines.definitions import defs  # noqa: PLC0415 - needs the manifest

    return defs


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def built(instance: dg.DagsterInstance, group: str, name: str) -> bool:
    return instance.get_latest_materialization_event(dg.AssetKey([group, name])) is not None


def rows_of(instance: dg.DagsterInstance, *key: str) -> Any:
    """The rows that an asset said it has."""
    event = instance.get_latest_materialization_event(dg.AssetKey(list(key)))
    assert event is not None
    return event.asset_materialization.metadata["dagster/row_count"].value  # type: ignore[union-attr]


def run(definitions: Any, instance: dg.DagsterInstance) -> bool:
    job = definitions.resolve_job_def("loop")
    return bool(job.execute_in_process(instance=instance, raise_on_error=False).success)


def query(lake: Lake, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        return connection.execute(statement).fetchall()


def test_the_loop_builds_from_raw_to_the_as_of_time_and_stops_at_a_failed_suite(
    lake: Lake, definitions: Any, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.land(lake.order(DAY, uuid4(), (7, 1, 100)))
    assert run(definitions, instance)
    assert query(lake, "select as_of from marts.mart_as_of") == [(DAY,)]
    assert query(lake, "select revenue_minor from marts.mart_daily_sales") == [(100,)]
    suites = dict(query(lake, "select suite, passed from ops.checks order by checked_at"))
    assert suites == dict.fromkeys(("raw", "typed", "warehouse", "volume", "marts"), True)
    assert rows_of(instance, "lake", "ordering_order_placed_lines") == rows_of(instance, "marts", "fct_orders") == 1
    assert query(lake, "select source from ops.lineage_columns where name = 'marts.mart_daily_sales' limit 1") == [
        ("marts.fct_orders",)
    ]
    assert query(lake, "select count(*) from ops.failed_events") == [(0,)]
    assert query(lake, "select count(*) from lake.touched_days") == [(0,)]

    # Marts that their suite refuses are not announced as newer.
    lake.land(lake.order(DAY.replace(hour=1), uuid4(), (7, 1, 50)))
    with monkeypatch.context() as patched:
        patched.setattr(
            "pipelines.defs.marts.checks.check_marts", lambda _: Verdict(passed=False, rows=1, failures=["sums differ"])
        )
        assert not run(definitions, instance)
    assert query(lake, "select as_of from marts.mart_as_of") == [(DAY,)]

    # Typed tables that their suite refuses are not copied, a copy that differs from them is not built upon.
    lake.land(lake.order(DAY.replace(hour=1, minute=1), uuid4(), (7, 1, 10)))
    refused = Verdict(passed=False, rows=1, failures=["twice"])
    for suite, copied in (("typed", 2), ("warehouse", 3)):
        with monkeypatch.context() as patched:
            patched.setattr(f"pipelines.defs.{suite}.checks.check_{suite}", lambda _: refused)
            assert not run(definitions, instance)
        assert query(lake, "select count(*) from lake.ordering_order_placed") == [(copied,)]
    assert query(lake, "select revenue_minor from marts.mart_daily_sales") == [(150,)]

    # A record that landed twice stops everything after raw.
    twice = lake.order(DAY.replace(hour=2), uuid4(), (7, 1, 25))
    lake.land(twice, twice)
    typed_before = len(lake.rows("typed.ordering_order_placed"))
    assert not run(definitions, instance)
    assert len(lake.rows("typed.ordering_order_placed")) == typed_before
    assert query(lake, "select revenue_minor from marts.mart_daily_sales") == [(150,)]


def test_a_job_that_fails_is_told_until_it_goes_well(
    lake: Lake, definitions: Any, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(sensor: Any, event: dg.DagsterEvent, run: dg.DagsterRun) -> None:
        context = dg.build_run_status_sensor_context(sensor.name, event, instance, run)
        sensor(context.for_run_failure() if sensor is jobs.tell_of_failures else context)

    job = definitions.resolve_job_def("proof")
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.defs.proof.assets.prove_and_keep", lambda _: 1 / 0)
        failed = job.execute_in_process(instance=instance, raise_on_error=False)
    tell(jobs.tell_of_failures, failed.get_run_failure_event(), failed.dagster_run)
    alerts = "select source, ended_at is null from ops.alerts"
    assert query(lake, alerts) == [("job proof", True)]
    well = job.execute_in_process(instance=instance)
    tell(jobs.tell_of_recoveries, well.get_run_success_event(), well.dagster_run)
    assert query(lake, alerts) == [("job proof", False)]
    assert query(lake, "select difference from ops.proof_runs") == [(0,)]


def test_the_care_of_the_lake_tells_what_it_did(lake: Lake, definitions: Any, instance: dg.DagsterInstance) -> None:
    lake.land(lake.order(DAY, uuid4(), (7, 1, 100)))
    assert definitions.resolve_job_def("lake_care").execute_in_process(instance=instance).success
    event = instance.get_latest_materialization_event(dg.AssetKey(["lake_care", "tables"]))
    assert event is not None
    told = event.asset_materialization.metadata  # type: ignore[union-attr]
    by_table = {row.data["table"]: row.data for row in told["tables"].records}
    assert by_table["raw.ordering"]["files_before"] == 1
    assert told["lost_files_removed"].value == 0


def test_groups_and_lineage(definitions: Any) -> None:
    graph = definitions.resolve_asset_graph()
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert {"raw", "typed", "warehouse", "staging", "intermediate", "marts", "docs", "backfill"} <= groups
    without = {
        key.to_user_string(): [
            name for name in ("owners", "description", "group_name") if not getattr(graph.get(key), name)
        ]
        for key in graph.get_all_asset_keys()
    }
    assert {key: missing for key, missing in without.items() if missing} == {}
    tables = {key for key in graph.get_all_asset_keys() if "dagster/table_name" in graph.get(key).metadata}
    assert {key.path[0] for key in graph.get_all_asset_keys() - tables} <= {"models", "docs", "backfill", "lake_care"}
    upstream = graph.get(dg.AssetKey(["marts", "mart_as_of"])).parent_keys
    assert dg.AssetKey(["marts", "mart_daily_sales"]) in upstream
    lines = dg.AssetKey(["lake", "ordering_order_placed_lines"])
    assert graph.get(lines).parent_keys == {dg.AssetKey(["typed", "ordering_order_placed"])}
    assert lines in graph.get(dg.AssetKey(["staging", "stg_ordering__order_lines"])).parent_keys
    sources = [
        key for key in graph.get_all_asset_keys() if key.path[0] == "lake" and not graph.get(key).is_materializable
    ]
    assert sources == []


def test_a_chosen_day_is_made_anew_from_raw_and_no_other(
    lake: Lake, definitions: Any, instance: dg.DagsterInstance
) -> None:
    lake.land(*(lake.order(DAY + timedelta(days=day), uuid4(), (7, 1, 100)) for day in range(3)))
    refresh_typed_and_warehouse(lake.settings)
    table = lake.table("typed.ordering_order_placed")
    rows = table.scan().to_arrow()
    table.delete("occurred_at >= '2026-03-02T00:00:00+00:00'")
    assert lake.table("typed.ordering_order_placed").scan().count() == 1
    before = {task.file.file_path for task in lake.table("typed.ordering_order_placed").scan().plan_files()}
    from pipelines.defs.backfill.assets import typed_day  # noqa: PLC0415 - needs the manifest

    done = dg.materialize(
        [typed_day],
        instance=instance,
        resources={"settings": lake.settings},
        tags={"dagster/asset_partition_range_start": "2026-03-02", "dagster/asset_partition_range_end": "2026-03-02"},
    )
    assert done.success
    after = lake.table("typed.ordering_order_placed")
    assert before < {task.file.file_path for task in after.scan().plan_files()}
    first_two = rows.sort_by("occurred_at")["event_id"].to_pylist()[:2]
    assert after.scan().to_arrow().sort_by("occurred_at")["event_id"].to_pylist() == first_two


def test_new_snapshots_start_one_run(lake: Lake, definitions: Any, instance: dg.DagsterInstance) -> None:
    sensor = definitions.resolve_sensor_def("new_snapshots")

    def tick(cursor: str | None) -> Any:
        return sensor(dg.build_sensor_context(instance=instance, cursor=cursor))

    lake.land(lake.order(DAY, uuid4(), (7, 1, 100)))
    first = tick(None)
    assert len(first.run_requests) == 1
    assert "ordering" in json.loads(first.cursor)
    assert isinstance(tick(first.cursor), dg.SkipReason)
    lake.land(lake.order(DAY, uuid4(), (7, 1, 100)))
    assert len(tick(first.cursor).run_requests) == 1
    instance.create_run_for_job(definitions.resolve_job_def("loop"), status=dg.DagsterRunStatus.STARTED)
    assert isinstance(tick(first.cursor), dg.SkipReason)


def test_a_run_that_lost_its_process_makes_room_and_is_made_up_for(
    lake: Lake, definitions: Any, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = definitions.resolve_sensor_def("new_snapshots")
    lake.land(lake.order(DAY, uuid4(), (7, 1, 100)))
    cursor = sensor(dg.build_sensor_context(instance=instance)).cursor
    cut_off = [
        instance.create_run_for_job(definitions.resolve_job_def(name), status=dg.DagsterRunStatus.STARTED)
        for name in ("training", "loop")
    ]
    restarted = datetime.now(UTC) + timedelta(seconds=1)
    monkeypatch.setattr("pipelines.defs.jobs._serving_since", lambda: restarted)
    result = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert len(result.run_requests) == 1
    runs = [instance.get_run_by_id(run.run_id) for run in cut_off]
    assert [run.status for run in runs if run] == [dg.DagsterRunStatus.FAILURE] * 2
    assert isinstance(sensor(dg.build_sensor_context(instance=instance, cursor=cursor)), dg.SkipReason)


def test_the_manifest_is_made_once_and_again_when_it_is_gone(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGORA_DBT_TARGET_DIR", str(tmp_path))
    manifest = prepare()
    assert manifest.is_relative_to(tmp_path)
    assert is_prepared()
    made = manifest.stat().st_mtime_ns
    prepare()
    assert manifest.stat().st_mtime_ns == made
    manifest.unlink()
    assert not is_prepared()


def test_what_starts_runs_does_so_from_the_beginning() -> None:
    """Nobody has to switch anything on: schedules and sensors run, and one of them looks after every condition."""
    from pipelines.definitions import defs  # noqa: PLC0415 - needs the manifest

    repository = defs.get_repository_def()
    assert {each.default_status.value for each in repository.schedule_defs} == {"RUNNING"}
    graph = repository.asset_graph
    conditions = {key for key in graph.get_all_asset_keys() if graph.get(key).automation_condition is not None}
    assert conditions
    looked_after = set[dg.AssetKey]()
    for sensor in repository.sensor_defs:
        if isinstance(sensor, dg.AutomationConditionSensorDefinition):
            if sensor.default_status is not dg.DefaultSensorStatus.RUNNING:
                continue
            looked_after |= sensor.asset_selection.resolve(graph)
        else:
            assert sensor.default_status is dg.DefaultSensorStatus.RUNNING, sensor.name
    assert conditions <= looked_after


def test_pages_about_the_data_are_made_once_there_are_marts() -> None:
    from pipelines.definitions import defs  # noqa: PLC0415 - needs the manifest

    def wanted() -> int:
        done = dg.evaluate_automation_conditions(
            defs, instance=instance, asset_selection=dg.AssetSelection.assets(DOCS), cursor=None
        )
        return done.total_requested

    with dg.DagsterInstance.ephemeral() as instance:
        assert wanted() == 0
        instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(["marts", LAST_MART])))
        assert wanted() == 1
        instance.report_runless_asset_event(dg.AssetMaterialization(DOCS))
        assert wanted() == 0
