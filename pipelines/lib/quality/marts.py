"""Where figures leave the warehouse: the sales mart beside the facts that it was summed from."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import psycopg

from pipelines.lib.quality.judging import Verdict, judge
from pipelines.lib.settings import Settings

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_RECONCILIATION = """
with orders as (
    select order_day as day, currency, count(*) as orders,
        sum(units)::bigint as units, sum(total_minor)::bigint as revenue,
        sum(goods_minor)::bigint as goods
    from marts.fct_orders where not is_cancelled group by 1, 2
), lines as (
    select order_day as day, currency, sum(quantity)::bigint as units, sum(goods_minor)::bigint as goods
    from marts.fct_order_lines where not is_cancelled group by 1, 2
)
select
    mart.day, mart.currency, mart.orders, mart.units, mart.revenue_minor, mart.goods_minor, mart.customers,
    mart.new_customers,
    coalesce(orders.orders, 0) as orders_in_facts, coalesce(orders.units, 0) as units_in_orders,
    coalesce(orders.revenue, 0) as revenue_in_orders, coalesce(orders.goods, 0) as goods_in_orders,
    coalesce(lines.units, 0) as units_in_lines, coalesce(lines.goods, 0) as goods_in_lines
from marts.mart_daily_sales as mart
full outer join orders using (day, currency)
full outer join lines using (day, currency)
"""


def check_marts(settings: Settings) -> Verdict:
    """The marts suite: one row per day and currency, the mart's figures beside the sums of both fact tables."""
    with psycopg.connect(settings.warehouse_url) as connection, connection.cursor() as cursor:
        cursor.execute(_RECONCILIATION)
        columns = [column.name for column in cursor.description or ()]
        return judge_marts(pd.DataFrame(cursor.fetchall(), columns=columns))


def judge_marts(rows: pd.DataFrame) -> Verdict:
    """The marts suite on reconciled rows: keys are there, nothing is negative, and sums equal the facts."""
    pairs = (
        *(("orders", "orders_in_facts"), ("units", "units_in_orders"), ("units", "units_in_lines")),
        *(
            ("revenue_minor", "revenue_in_orders"),
            ("goods_minor", "goods_in_orders"),
            ("goods_minor", "goods_in_lines"),
        ),
    )

    def expectations(gxe: Any) -> list["Expectation"]:
        return [
            *(gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical") for column in ("day", "currency")),
            *(
                gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0, severity="critical")
                for column in ("orders", "units", "revenue_minor", "goods_minor", "customers", "new_customers")
            ),
            *(
                gxe.ExpectColumnPairValuesToBeEqual(column_A=mart, column_B=facts, severity="critical")
                for mart, facts in pairs
            ),
        ]

    return judge("marts", rows, expectations)
