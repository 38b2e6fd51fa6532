"""The suites between raw and marts, and the volume of whole days: on good tables, and on tables that somebody broke."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ingestion.contracts import EVENT_TYPES
from pipelines.lib import typed, warehouse
from pipelines.lib.health import note_verdict
from pipelines.lib.quality import Verdict, check_typed, check_volume, check_warehouse, judge_volume
from pipelines.lib.refresh import refresh_typed_and_warehouse
from pipelines.lib.settings import Settings
from tests.pipelines.lake_writer import DAY, Lake

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(900)]  # of Great Expectations' own imports
MONDAY = date(2026, 3, 2)
TYPE = "ordering.order_placed"


def execute(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.warehouse_url) as connection:
        found = connection.execute(statement)
        return found.fetchall() if found.description else []


def test_typed_days_are_judged_before_they_are_copied_and_each_expectation_is_kept(lake: Lake) -> None:
    assert check_typed(lake.settings) == Verdict(passed=True, rows=0)
    lake.land(lake.order(DAY, uuid4(), (7, 2, 100)), lake.order(DAY + timedelta(days=1), uuid4(), (7, 1, 100)))
    typed.build(lake.settings)
    good = check_typed(lake.settings)
    assert (good.passed, good.rows, good.warnings) == (True, 2, [])
    note_verdict(lake.settings, "typed", good)
    warehouse.load(lake.settings)
    assert check_typed(lake.settings).rows == 0

    lake.land(lake.order(DAY, uuid4(), (7, 3, -100)))
    typed.build(lake.settings)
    told = check_typed(lake.settings)
    assert told.rows == 2, "the whole touched day, and no other"
    assert told.passed, "money below zero is told, and stops nothing"
    assert "least_minor" in told.warnings[0]
    note_verdict(lake.settings, "typed", told)
    kept = "select severity, is_met, unexpected from ops.expectations where about = 'least_minor' order by checked_at"
    assert execute(lake.settings, kept) == [("warning", True, 0), ("warning", False, 1)]
    assert execute(lake.settings, "select suite, document ? 'results' from ops.check_documents") == [("typed", True)]

    table = lake.table("typed.ordering_order_placed")
    table.append(table.scan().to_arrow())
    twice = check_typed(lake.settings)
    assert not twice.passed
    assert "event_id" in twice.failures[0]


def test_a_copy_that_lost_something_stops(lake: Lake) -> None:
    lake.land(lake.order(DAY, uuid4(), (7, 1, 100)), lake.order(DAY, uuid4(), (7, 2, 100)))
    refresh_typed_and_warehouse(lake.settings)
    copied = check_warehouse(lake.settings)
    assert (copied.passed, copied.failures, copied.notes) == (True, [], [])
    execute(lake.settings, "update lake.ordering_order_placed_lines set event_id = 'of nobody' where quantity = 1")
    orphans = check_warehouse(lake.settings)
    assert not orphans.passed
    assert "orphans" in orphans.failures[0]
    execute(lake.settings, "delete from lake.ordering_order_placed where total_minor = 100")
    assert any("copied" in failure for failure in check_warehouse(lake.settings).failures)
    execute(lake.settings, "update lake.load_state set snapshot_id = 1 where table_name = 'ordering_order_placed'")
    assert "expired" in check_warehouse(lake.settings).notes[0]


def weeks(*events: int) -> dict[date, int]:
    """Events of one Monday and of the ones before it."""
    return {MONDAY - timedelta(weeks=back): count for back, count in enumerate(events)}


@pytest.mark.parametrize(
    ("counts", "is_usual"),
    [
        ((100, 90, 110, 100, 105), True),
        ((10, 90, 110, 100, 105), False),
        ((400, 90, 110, 100, 105), False),
        ((0, 90, 110, 100, 105), False),
        # Half as many is nothing special where some weeks have ten times as many as others.
        ((30, 10, 100, 20, 200), True),
        # Of an even series a small step is no news.
        ((101, 100, 100, 100, 100), True),
    ],
)
def test_a_day_is_held_against_its_own_weekday(counts: tuple[int, ...], is_usual: bool) -> None:
    verdict = judge_volume(MONDAY, {TYPE: weeks(*counts)}, {TYPE: MONDAY - timedelta(weeks=len(counts) - 1)})
    assert verdict.passed, "unusual is told, and stops nothing"
    assert (verdict.warnings == []) is is_usual
    assert all(TYPE in line and "on that weekday" in line for line in verdict.warnings)


def test_without_four_weeks_of_history_it_says_so_and_judges_nothing() -> None:
    verdict = judge_volume(MONDAY, {TYPE: weeks(0, 90, 110, 100)}, {TYPE: MONDAY - timedelta(weeks=3)})
    assert (verdict.rows, verdict.warnings) == (0, [])
    assert TYPE in verdict.notes[0]
    # A weekday without events after the first one is history too.
    quiet = judge_volume(MONDAY, {TYPE: weeks(90, 0, 0, 0, 0)}, {TYPE: MONDAY - timedelta(weeks=5)})
    assert len(quiet.warnings) == 1


def test_the_volume_of_a_day_is_counted_in_the_warehouse(lake: Lake) -> None:
    days = [DAY - timedelta(weeks=back) for back in range(1, 6)]
    lake.land(*(lake.order(day + timedelta(hours=n), uuid4(), (7, 1, 100)) for day in days for n in range(10)))
    refresh_typed_and_warehouse(lake.settings)
    verdict = check_volume(lake.settings, today=DAY.date() + timedelta(days=1))
    assert [line.partition(":")[0] for line in verdict.warnings] == [TYPE]
    assert verdict.rows == 1
    assert f"{len(EVENT_TYPES) - 1} event types" in verdict.notes[0]
