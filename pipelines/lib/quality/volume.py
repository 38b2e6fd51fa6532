"""Whether the last whole day brought about as many events as that weekday usually does."""

from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

import pandas as pd
import psycopg
from psycopg import sql

from ingestion.contracts import EVENT_TYPES
from pipelines.lib.quality.judging import Verdict, judge
from pipelines.lib.settings import Settings
from pipelines.lib.warehouse_schema import shapes

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

WEEKS = 8
ENOUGH = 4
# A day is unusual when it is beyond both: three spreads of its weekday, and half or twice what is usual. The first
# alone would call a very even series unusual at once, the second alone a very uneven one always.
_SPREADS = 3
_SIGMA = 1.4826
_COLUMNS = ["event_type", "day", "events", "usual", "low", "high", "is_usual"]


def check_volume(settings: Settings, today: date | None = None) -> Verdict:
    """The volume suite on the day before `today` (UTC), event type by event type."""
    day = (today or datetime.now(UTC).date()) - timedelta(days=1)
    days = [day - timedelta(weeks=week) for week in range(WEEKS + 1)]
    counts: dict[str, dict[date, int]] = {}
    first: dict[str, date] = {}
    with psycopg.connect(settings.warehouse_url) as connection:
        for name, contract in EVENT_TYPES.items():
            table = shapes(contract)[0].identifier
            query = sql.SQL("select day, count(*) from {} where day = any(%s) group by day").format(table)
            counts[name] = dict(connection.execute(query, (days,)).fetchall())
            oldest = connection.execute(sql.SQL("select min(day) from {}").format(table)).fetchone()
            if oldest and oldest[0]:
                first[name] = oldest[0]
    return judge_volume(day, counts, first)


def judge_volume(day: date, counts: dict[str, dict[date, int]], first: dict[str, date]) -> Verdict:
    """The volume suite: `counts` of each event type by day, and the day of its `first` event ever.

    A weekday before an event type's first day is no history of it; one after it without any event is: it counts 0. An
    event type with fewer than `ENOUGH` such weekdays is not judged, and that is said.
    """
    rows, unjudged = [], []
    for name, by_day in sorted(counts.items()):
        weekdays = [day - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
        history = [by_day.get(each, 0) for each in weekdays if name in first and each >= first[name]]
        if len(history) < ENOUGH:
            unjudged.append(name)
            continue
        rows.append(_row(name, day, by_day.get(day, 0), history))
    notes = (
        [f"{len(unjudged)} event types have fewer than {ENOUGH} such weekdays: {', '.join(unjudged)}"]
        if unjudged
        else []
    )

    def expectations(gxe: Any) -> list["Expectation"]:
        return [gxe.ExpectColumnValuesToBeInSet(column="is_usual", value_set=[True], severity="warning")]

    verdict = judge("volume", pd.DataFrame(rows, columns=_COLUMNS), expectations, notes)
    verdict.warnings[:] = [
        f"{row['event_type']}: {row['events']} on {row['day']}, usually {row['usual']:.0f} on that weekday"
        f" ({row['low']:.0f} to {row['high']:.0f})"
        for row in rows
        if not row["is_usual"]
    ]
    return verdict


def _row(name: str, day: date, events: int, history: list[int]) -> dict[str, Any]:
    usual = median(history)
    spread = _SPREADS * _SIGMA * median(abs(each - usual) for each in history)
    low, high = min(usual - spread, usual / 2), max(usual + spread, usual * 2)
    is_usual = low <= events <= high
    return {
        "event_type": name,
        "day": day,
        "events": events,
        "usual": usual,
        "low": max(low, 0.0),
        "high": high,
        "is_usual": is_usual,
    }
