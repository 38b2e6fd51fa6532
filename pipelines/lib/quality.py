"""Two Great Expectations suites: one where events enter the lake, one where figures leave the warehouse.

Great Expectations takes seconds to import; only a check that runs pays for it. Its usage reports are off.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import psycopg
import pyarrow as pa

from ingestion.contracts import EVENT_TYPES, TOPICS
from ingestion.lake.reader import read_added
from ingestion.lake.tables import raw_table
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings
from pipelines.lib.state import SnapshotState

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_RAW_COLUMNS = (
    *("event_id", "event_type", "occurred_at", "landed_at"),
    *("kafka_topic", "kafka_partition", "kafka_offset"),
)
_EARLIEST = pd.Timestamp("2000-01-01", tz="UTC")
_AHEAD = pd.Timedelta(days=1)

_RECONCILIATION = """
with orders as (
    select order_day as day, currency, count(*) as orders,
        sum(units)::bigint as units, sum(total_minor)::bigint as revenue
    from marts.fct_orders where not is_cancelled group by 1, 2
), lines as (
    select order_day as day, currency, sum(quantity)::bigint as units, sum(total_minor)::bigint as revenue
    from marts.fct_order_lines where not is_cancelled group by 1, 2
)
select
    mart.day, mart.currency, mart.orders, mart.units, mart.revenue_minor, mart.customers, mart.new_customers,
    coalesce(orders.orders, 0) as orders_in_facts, coalesce(orders.units, 0) as units_in_orders,
    coalesce(orders.revenue, 0) as revenue_in_orders, coalesce(lines.units, 0) as units_in_lines,
    coalesce(lines.revenue, 0) as revenue_in_lines
from marts.mart_daily_sales as mart
full outer join orders using (day, currency)
full outer join lines using (day, currency)
"""


@dataclass(frozen=True)
class Verdict:
    """`passed` is false where a critical expectation failed; a warning is told and stops nothing."""

    passed: bool
    rows: int
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check_raw(settings: Settings) -> Verdict:
    """The raw suite on all rows that have landed since the last build of the typed tables."""
    with open_lake(settings) as catalog, SnapshotState.open(settings) as state:
        names = [name for topic in TOPICS if catalog.table_exists(name := identifier(settings, raw_table(topic)))]
        added = [read_added(catalog, name, state.get(name), _RAW_COLUMNS).rows.select(_RAW_COLUMNS) for name in names]
    if not added:
        return Verdict(passed=True, rows=0)
    return judge_raw(pa.concat_tables(added, promote_options="permissive").to_pandas())


def judge_raw(rows: pd.DataFrame) -> Verdict:
    """The raw suite on rows as they lie in the lake.

    A record landed twice or without an identity means that the lander is broken: critical. A strange type or time is
    the fault of a single sender, and is refused or kept record by record: a warning.
    """
    ahead = rows["occurred_at"] - rows["landed_at"]
    rows = rows.assign(is_sane_time=(rows["occurred_at"] >= _EARLIEST) & (ahead <= _AHEAD))

    def expectations(gxe: Any) -> list["Expectation"]:
        whole = ("event_id", "event_type", "occurred_at", "kafka_partition", "kafka_offset")
        return [
            *(gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical") for column in whole),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["kafka_topic", "kafka_partition", "kafka_offset"], severity="critical"
            ),
            gxe.ExpectColumnValuesToBeInSet(column="event_type", value_set=sorted(EVENT_TYPES), severity="warning"),
            gxe.ExpectColumnValuesToBeInSet(column="is_sane_time", value_set=[True], severity="warning"),
        ]

    return judge("raw", rows, expectations)


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
        *(("revenue_minor", "revenue_in_orders"), ("revenue_minor", "revenue_in_lines")),
    )

    def expectations(gxe: Any) -> list["Expectation"]:
        return [
            *(gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical") for column in ("day", "currency")),
            *(
                gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0, severity="critical")
                for column in ("orders", "units", "revenue_minor", "customers", "new_customers")
            ),
            *(
                gxe.ExpectColumnPairValuesToBeEqual(column_A=mart, column_B=facts, severity="critical")
                for mart, facts in pairs
            ),
        ]

    return judge("marts", rows, expectations)


def judge(suite_name: str, rows: pd.DataFrame, expectations: Callable[[Any], list["Expectation"]]) -> Verdict:
    """Run expectations on a data frame, in memory and without a project on disk."""
    if rows.empty:
        return Verdict(passed=True, rows=0)
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # noqa: PLC0415 - heavy
    import great_expectations.expectations as gxe  # noqa: PLC0415 - heavy
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415 - heavy

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas(suite_name).add_dataframe_asset(suite_name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    result = batch.validate(gx.ExpectationSuite(name=suite_name, expectations=expectations(gxe)))
    failed = [found for found in result.results if not found.success]
    critical = [_words(found) for found in failed if _is_critical(found)]
    warnings = [_words(found) for found in failed if not _is_critical(found)]
    return Verdict(passed=not critical, rows=len(rows), failures=critical, warnings=warnings)


def _is_critical(found: Any) -> bool:
    return bool(found.expectation_config.severity == "critical")


def _words(found: Any) -> str:
    columns = {key: value for key, value in found.expectation_config.kwargs.items() if key.startswith("column")}
    examples = found.result.get("partial_unexpected_list", [])[:3]
    reason = found.exception_info.get("exception_message") if found.exception_info else None
    return f"{found.expectation_config.type} {columns}: {reason or examples}"
