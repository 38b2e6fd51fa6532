"""Where typed tables go into the warehouse: events of the days that the next load will copy."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contracts import EVENT_TYPES, Event
from ingestion.lake.schemas import arrow_schema
from pipelines.lib import warehouse
from pipelines.lib.days import day_of, touched_days, within
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.quality.judging import Verdict, judge
from pipelines.lib.settings import Settings
from pipelines.lib.typed import typed_name
from pipelines.lib.warehouse_schema import shapes

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_SHARED = ("event_id", "occurred_at", "landed_at")


def check_typed(settings: Settings) -> Verdict:
    """The typed suite on the days of each table that were touched since the warehouse last copied it."""
    with open_lake(settings) as catalog, psycopg.connect(settings.warehouse_url) as connection:
        warehouse.prepare(connection)
        loaded = warehouse.loaded_snapshots(connection)
        frames = []
        for contract in EVENT_TYPES.values():
            name = identifier(settings, typed_name(contract.type))
            if not catalog.table_exists(name):
                continue
            table = catalog.load_table(name)
            after = loaded.get(shapes(contract)[0].name)
            days = touched_days(table, after) if table.current_snapshot() else set()
            if days != set():
                money = _money(contract)
                scan = table.scan(selected_fields=(*_SHARED, *money))
                rows = (scan if days is None else scan.filter(within(days))).to_arrow()
                frames.append(_judged(contract, rows, money))
    return judge_typed(pa.concat_tables(frames).to_pandas()) if frames else Verdict(passed=True, rows=0)


def _money(contract: type[Event]) -> list[str]:
    return [field.name for field in arrow_schema(contract) if field.name.endswith("_minor")]


def _judged(contract: type[Event], rows: pa.Table, money: list[str]) -> pa.Table:
    nothing = pa.nulls(rows.num_rows, pa.int64())
    least = pc.min_element_wise(*(rows[name] for name in money)) if money else nothing
    columns = {"event_type": pa.array([contract.type] * rows.num_rows, pa.string()), "least_minor": least}
    return pa.table(columns | {name: rows[name] for name in _SHARED} | {"day": day_of(rows["occurred_at"])})


def judge_typed(rows: pd.DataFrame) -> Verdict:
    """The typed suite: every event once within its day, with an identity and a time.

    An event twice would be counted twice: critical. Money below zero is what a contract allows and nobody expects.
    """

    def expectations(gxe: Any) -> list["Expectation"]:
        whole = ("event_id", "event_type", "occurred_at", "landed_at")
        return [
            *(gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical") for column in whole),
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["event_type", "event_id", "day"], severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="least_minor", min_value=0, severity="warning"),
        ]

    return judge("typed", rows, expectations)
