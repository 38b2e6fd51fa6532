"""Raw to typed on a real catalog and a real S3 server."""

from datetime import timedelta
from uuid import uuid4

import psycopg
import pyarrow.compute as pc
import pytest
from pyiceberg.types import StringType

from ingestion.contracts import new_event_id
from ingestion.lake import reader
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


def by_offset(lake: Lake) -> list[dict[str, object]]:
    return sorted(lake.rows(VIEWED), key=lambda row: row["kafka_offset"])


def test_what_is_more_than_fits_into_memory_is_built_in_parts(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    event_id = new_event_id()
    twice = [
        lake.event("analytics.product_viewed", DAY, event_id, anonymous_id=str(uuid4()), product_id=n) for n in (8, 9)
    ]
    for day in range(4):
        lake.land(*(viewed(lake, product, timedelta(days=day)) for product in range(1, 6)))
    lake.land(twice[1], lake.record("analytics.product_viewed", "{}", DAY))
    lake.land(twice[0])
    typed.build(lake.settings)
    whole = by_offset(lake)
    assert len(whole) == 21
    lake.catalog.drop_table(lake.table(VIEWED).name())
    monkeypatch.setattr(reader, "PART_ROWS", 3)
    monkeypatch.setattr(typed, "MERGED_ROWS", 4)
    reports = typed.build(lake.settings, rebuild=True)
    assert by_offset(lake) == whole
    assert sum(report.read for report in reports) == 23
    assert sum(report.added for report in reports) >= 21
    late = lake.event("analytics.product_viewed", DAY, event_id, anonymous_id=str(uuid4()), product_id=10)
    lake.land(*(viewed(lake, 7, timedelta(days=day)) for day in range(4)), late)
    before = files_by_day(lake, VIEWED)
    report = next(report for report in typed.build(lake.settings) if report.added)
    assert (report.added, report.days) == (4, 4)
    assert not set(before.values()) & set(files_by_day(lake, VIEWED).values())
    assert len(lake.rows("raw.failed_events")) == 1


def test_one_day_is_made_again_and_no_other_is_touched(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PART_ROWS", 2)
    for day in range(3):
        lake.land(*(viewed(lake, product, timedelta(days=day)) for product in range(1, 4)))
    event_id = new_event_id()
    for product in (4, 5):
        lake.land(lake.event("analytics.product_viewed", DAY, event_id, anonymous_id=str(uuid4()), product_id=product))
    typed.build(lake.settings)
    right, files = by_offset(lake), files_by_day(lake, VIEWED)
    table = lake.table(VIEWED)
    table.append(table.scan(limit=2).to_arrow())  # somebody's hand
    assert len(by_offset(lake)) == len(right) + 2
    for _ in range(2):
        for day in range(3):
            typed.build_day(lake.settings, (DAY + timedelta(days=day)).date())
    assert by_offset(lake) == right
    before = files_by_day(lake, VIEWED)
    assert before.keys() == files.keys()
    reports = {report.event_type: report for report in typed.build_day(lake.settings, (DAY + timedelta(days=1)).date())}
    after = files_by_day(lake, VIEWED)
    assert [day for day in before if before[day] != after[day]] == [sorted(before)[1]]
    assert (reports["analytics.product_viewed"].read, reports["analytics.product_viewed"].added) == (3, 3)
    assert by_offset(lake) == right


def test_a_day_of_which_raw_has_nothing_becomes_empty(lake: Lake) -> None:
    lake.land(viewed(lake, 1))
    typed.build(lake.settings)
    table = lake.table(VIEWED)
    rows = table.scan().to_arrow()
    other = rows.set_column(1, "occurred_at", pc.add(rows["occurred_at"], timedelta(days=9)))
    table.append(other.cast(rows.schema))
    typed.build_day(lake.settings, (DAY + timedelta(days=9)).date())
    assert [row["product_id"] for row in lake.rows(VIEWED)] == [1]


def test_files_from_before_a_column_of_raw_are_built_beside_newer_ones(lake: Lake) -> None:
    lake.land(viewed(lake, 1))
    with lake.table("raw.analytics").update_schema() as update:
        update.add_column("added_later", StringType())
    lake.land(viewed(lake, 2, timedelta(days=1)))
    typed.build(lake.settings)
    typed.build_day(lake.settings, DAY.date())
    assert sorted(row["product_id"] for row in lake.rows(VIEWED)) == [1, 2]
