"""Late and repeated events: they land on the day on which they happened, and change that day alone."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ingestion.contracts import new_event_id
from pipelines.lib.marts import build_marts
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake

pytestmark = pytest.mark.timeout(900)
PLACED = "typed.ordering_order_placed"
ONE_DAY = timedelta(days=1)


def by_day(lake: Lake, statement: str) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by their first column, which is the day."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        for day, *row in connection.execute(statement):
            found.setdefault(str(day), []).append(tuple(row))
    return found


def files(lake: Lake) -> dict[int, str]:
    return {task.file.partition[0]: task.file.file_path for task in lake.table(PLACED).scan().plan_files()}


def changed(before: dict[Any, Any], after: dict[Any, Any]) -> list[Any]:
    return sorted(day for day in before.keys() | after.keys() if before.get(day) != after.get(day))


def test_late_and_repeated_events_change_only_their_own_day(lake: Lake) -> None:
    customers = [uuid4() for _ in range(5)]
    first = [lake.order(DAY + number * ONE_DAY, who, (7, 1, 100)) for number, who in enumerate(customers)]
    lake.land(*first)
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings, data_tests=False)
    lines = "select day, xmin::text, ctid::text from lake.ordering_order_placed order by 1"
    sales = "select day, orders, units, revenue_minor from marts.mart_daily_sales order by 1"
    facts = "select order_day, order_id::text, xmin::text from marts.fct_orders order by 1, 2"
    before = files(lake), by_day(lake, lines), by_day(lake, sales), by_day(lake, facts)
    # An order of the third day that comes only now, twice; and two of the other days once more.
    event_id = new_event_id()
    late = lake.order(DAY + 2 * ONE_DAY + timedelta(hours=3), uuid4(), (7, 2, 100))
    late["event_id"] = str(event_id)
    again = late | {"kafka_offset": late["kafka_offset"] + 1}
    repeated = [each | {"kafka_offset": late["kafka_offset"] + 2 + n} for n, each in enumerate((first[0], first[4]))]
    lake.land(late, again, *repeated)
    refresh_typed_and_warehouse(lake.settings)
    build_marts(lake.settings, data_tests=False)
    after = files(lake), by_day(lake, lines), by_day(lake, sales), by_day(lake, facts)
    third = str((DAY + 2 * ONE_DAY).date())
    assert changed(before[0], after[0]) == [sorted(before[0])[2]]
    assert changed(before[1], after[1]) == [third]
    assert changed(before[2], after[2]) == [third]
    assert changed(before[3], after[3]) == [third]
    assert after[2][third] == [(2, 3, 300)]
