"""Where the warehouse's copy becomes marts: as many rows as the typed table had when it was copied."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import psycopg
from psycopg import sql

from ingestion.contracts import EVENT_TYPES
from pipelines.lib import warehouse
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.quality.judging import Verdict, judge
from pipelines.lib.settings import Settings
from pipelines.lib.typed import typed_name
from pipelines.lib.warehouse_schema import shapes

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_COPY = "select count(*), count(*) filter (where event_id is null or day is null) from {}"
_ORPHANS = """
select count(*) from {child} as child
where not exists (select 1 from {own} as own where own.event_id = child.event_id and own.day = child.day)
"""


def check_warehouse(settings: Settings) -> Verdict:
    """The warehouse suite on every table that was ever loaded."""
    found, notes = [], []
    with open_lake(settings) as catalog, psycopg.connect(settings.warehouse_url) as connection:
        loaded = warehouse.loaded_snapshots(connection)
        for contract in EVENT_TYPES.values():
            own, *children = shapes(contract)
            if own.name not in loaded:
                continue
            table = catalog.load_table(identifier(settings, typed_name(contract.type)))
            snapshot = table.snapshot_by_id(loaded[own.name])
            if snapshot is None or snapshot.summary is None:
                notes.append(f"{own.name}: its snapshot has expired since; the next load brings a newer one")
                continue
            rows, nameless = connection.execute(sql.SQL(_COPY).format(own.identifier)).fetchone() or (0, 0)
            orphans = 0
            for child in children:
                query = sql.SQL(_ORPHANS).format(child=child.identifier, own=own.identifier)
                orphans += (connection.execute(query).fetchone() or (0,))[0]
            typed_rows = int(snapshot.summary["total-records"] or 0)
            found.append(
                {"table": own.name, "typed": typed_rows, "copied": rows, "nameless": nameless, "orphans": orphans}
            )
    columns = ["table", "typed", "copied", "nameless", "orphans"]
    return judge_warehouse(pd.DataFrame(found, columns=columns), notes)


def judge_warehouse(rows: pd.DataFrame, notes: list[str] | None = None) -> Verdict:
    """The warehouse suite on one row per table: nothing is lost, nothing is twice, no line is without its event."""

    def expectations(gxe: Any) -> list["Expectation"]:
        return [
            gxe.ExpectColumnPairValuesToBeEqual(column_A="copied", column_B="typed", severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="nameless", value_set=[0], severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="orphans", value_set=[0], severity="critical"),
        ]

    return judge("warehouse", rows, expectations, notes)
