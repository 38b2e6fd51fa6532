"""The warehouse comes back from the lake alone, equal to what it was."""

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from pipelines.lib import rebuild, typed
from pipelines.lib.marts import build_marts
from pipelines.lib.refresh import refresh_typed_and_warehouse
from tests.pipelines.lake_writer import DAY, Lake

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def built(lake: Lake) -> Lake:
    """Three days of orders and visits, built day by day, one of them late."""
    person = uuid4()
    for day in (0, 2, 1):
        at = DAY + timedelta(days=day)
        visit = lake.event("analytics.product_viewed", at, anonymous_id=str(uuid4()), product_id=7)
        lake.land(lake.order(at, person, (7, 1, 100), (8, 2, 50)), visit)
        refresh_typed_and_warehouse(lake.settings)
        build_marts(lake.settings, data_tests=False)
    return lake


@pytest.mark.parametrize("typed_too", [False, True])
def test_everything_comes_back_equal_with_what_had_landed_meanwhile(built: Lake, typed_too: bool) -> None:
    built.land(built.order(DAY + timedelta(hours=1), uuid4(), (9, 1, 10)))
    said: list[str] = []
    compared = rebuild.rebuild(built.settings, typed_too=typed_too, say=said.append)
    assert [each.table for each in compared if not each.is_equal] == []
    rows = {each.table: each.rows_after for each in compared}
    assert rows["lake.ordering_order_placed"] == rows["marts.fct_orders"] == 4
    assert rows["marts.mart_daily_sales"] == 3
    assert said[-1] == "comparing"


def test_a_warehouse_that_somebody_changed_is_found_out(built: Lake) -> None:
    with psycopg.connect(built.settings.warehouse_url) as connection:
        connection.execute("update marts.fct_orders set total_minor = total_minor + 1 where order_day = %s", (DAY,))
        connection.execute("delete from lake.analytics_product_viewed where day = %s", (DAY,))
    different = {each.table for each in rebuild.rebuild(built.settings) if not each.is_equal}
    assert {"marts.fct_orders", "lake.analytics_product_viewed"} <= different
    assert "lake.ordering_order_placed" not in different


def test_who_may_read_still_may(built: Lake) -> None:
    with psycopg.connect(built.settings.warehouse_url) as connection:
        connection.execute("grant usage on schema marts to agora_api")
        connection.execute("alter default privileges in schema marts grant select on tables to agora_api")
    rebuild.drop(built.settings)
    assert rebuild.checksums(built.settings) == {}
    typed.build(built.settings)
    refresh_typed_and_warehouse(built.settings)
    build_marts(built.settings, full_refresh=True, data_tests=False)
    with psycopg.connect(built.settings.warehouse_url) as connection:
        may = "select has_table_privilege('agora_api', 'marts.fct_orders', 'select')"
        assert connection.execute(may).fetchone() == (True,)
