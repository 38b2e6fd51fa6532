"""Raw to typed on a real catalog and a real S3 server."""

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from ingestion.contracts import new_event_id
from pipelines.lib import typed
from tests.pipelines.lake_writer import DAY, Lake

VIEWED = "typed.analytics_product_viewed"


def viewed(lake: Lake, product: int, at: timedelta = timedelta(), **more: object) -> dict[str, object]:
    return lake.event("analytics.product_viewed", DAY + at, anonymous_id=str(uuid4()), product_id=product, **more)


def files_by_day(lake: Lake, table: str) -> dict[int, str]:
    return {task.file.partition[0]: task.file.file_path for task in lake.table(table).scan().plan_files()}


def forget(lake: Lake) -> None:
    """What a crash between the write and the note of the snapshot leaves."""
    with psycopg.connect(lake.settings.lake_catalog_url, autocommit=True) as connection:
        prefix = lake.settings.lake.lake_namespace_prefix
        connection.execute("delete from pipeline_state where name like %s", (f"{prefix}%",))


def test_every_event_is_there_once_however_often_it_was_sent(lake: Lake) -> None:
    event_id = new_event_id()
    first = lake.event("analytics.product_viewed", DAY, event_id, anonymous_id=str(uuid4()), product_id=1)
    again = lake.event("analytics.product_viewed", DAY, event_id, anonymous_id=str(uuid4()), product_id=2)
    lake.land(again, first)
    typed.build(lake.settings)
    late = lake.event("analytics.product_viewed", DAY, event_id, anonymous_id=str(uuid4()), product_id=3)
    lake.land(late)
    typed.build(lake.settings)
    assert [(row["product_id"], row["kafka_offset"]) for row in lake.rows(VIEWED)] == [(1, 0)]


def test_a_late_event_rewrites_its_own_day_and_no_other(lake: Lake) -> None:
    lake.land(*(viewed(lake, day + 1, timedelta(days=day, hours=23, minutes=59)) for day in range(5)))
    typed.build(lake.settings)
    before = files_by_day(lake, VIEWED)
    lake.land(viewed(lake, 100, timedelta(days=2)))
    report = next(report for report in typed.build(lake.settings) if report.added)
    after = files_by_day(lake, VIEWED)
    assert (report.added, report.days) == (1, 1)
    assert len(before) == 5
    assert [day for day in before if before[day] != after[day]] == [sorted(before)[2]]
    assert sorted(row["product_id"] for row in lake.rows(VIEWED)) == [1, 2, 3, 4, 5, 100]


def test_a_crash_before_the_note_repeats_the_work_and_changes_nothing(lake: Lake) -> None:
    lake.land(viewed(lake, 1), viewed(lake, 2), lake.record("analytics.product_viewed", "{}", DAY))
    typed.build(lake.settings)
    snapshot = lake.table(VIEWED).current_snapshot().snapshot_id
    forget(lake)
    reports = typed.build(lake.settings)
    assert sum(report.read for report in reports) == 3
    assert sum(report.added for report in reports) == 0
    assert lake.table(VIEWED).current_snapshot().snapshot_id == snapshot
    assert len(lake.rows(VIEWED)) == 2
    assert len(lake.rows("raw.failed_events")) == 1


def test_a_crash_halfway_through_a_topic_loses_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.land(viewed(lake, 1), lake.event("analytics.page_viewed", DAY, anonymous_id=str(uuid4()), path="/"))
    build_type = typed._build_type

    def dies(*arguments: object) -> typed.TypedReport:
        report = build_type(*arguments)  # type: ignore[arg-type]
        if report.added:
            raise KeyboardInterrupt
        return report

    with monkeypatch.context() as patched:
        patched.setattr(typed, "_build_type", dies)
        with pytest.raises(KeyboardInterrupt):
            typed.build(lake.settings)
    typed.build(lake.settings)
    assert len(lake.rows(VIEWED)) == len(lake.rows("typed.analytics_page_viewed")) == 1


def test_bad_records_land_whole_in_the_failed_events(lake: Lake) -> None:
    bad = lake.record("analytics.product_viewed", '{"data": {"product_id": "seven"}}', DAY)
    unknown = lake.record("analytics.mind_changed", '{"data": {}}', DAY)
    lake.land(bad, viewed(lake, 1), unknown)
    reports = {report.event_type: report for report in typed.build(lake.settings)}
    failed = {row["kafka_offset"]: row for row in lake.rows("raw.failed_events")}
    assert reports["analytics.product_viewed"].refused == 1
    assert len(lake.rows(VIEWED)) == 1
    assert set(failed) == {bad["kafka_offset"], unknown["kafka_offset"]}
    assert failed[bad["kafka_offset"]]["value"] == bad["value"].encode()
    assert "data.product_id" in failed[bad["kafka_offset"]]["reason"]
    assert "no contract" in failed[unknown["kafka_offset"]]["reason"]
    assert failed[bad["kafka_offset"]]["kafka_topic"] == "agora.analytics"


def test_an_increment_reads_only_what_is_new(lake: Lake) -> None:
    lake.land(viewed(lake, 1))
    typed.build(lake.settings)
    lake.land(viewed(lake, 2))
    assert sum(report.read for report in typed.build(lake.settings)) == 1
    assert sum(report.read for report in typed.build(lake.settings)) == 0


def test_a_rebuild_from_raw_comes_out_equal(lake: Lake) -> None:
    for day in range(3):
        lake.land(*(viewed(lake, product, timedelta(days=day)) for product in range(1, 4)))
        typed.build(lake.settings)
    before = sorted(lake.rows(VIEWED), key=lambda row: row["kafka_offset"])
    lake.catalog.drop_table(lake.table(VIEWED).name())
    typed.build(lake.settings, rebuild=True)
    assert sorted(lake.rows(VIEWED), key=lambda row: row["kafka_offset"]) == before
