"""Where events enter the lake: rows of raw tables that have landed since the last build."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from ingestion.contracts import EVENT_TYPES, TOPICS
from ingestion.lake.reader import read_added
from ingestion.lake.tables import raw_table
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.quality.judging import Verdict, judge
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
