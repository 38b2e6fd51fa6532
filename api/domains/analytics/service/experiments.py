"""What came of each variant, beside the control, by a test that holds at any time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.domains.analytics.repository import experiments
from api.domains.analytics.service.remembered import Build
from ml.experiments.serving import Difference, Side, difference

CONTROL = "control"
# What is hoped for, and what must not get worse: (column of the mart, whether more is better).
MEASURES = {"units_clicked": True, "units_ordered": True, "units_refunded": False, "units_reported": False}


@dataclass(frozen=True, slots=True)
class Compared:
    """One variant of an experiment. Differences are of shares of units, by column of the mart; none of the control."""

    row: dict[str, Any]
    control: dict[str, Any] | None
    differences: dict[str, Difference]

    def verdict(self, measure: str) -> str:
        """What may be said now, and will still hold if one looks again."""
        found = self.differences.get(measure)
        if found is None:
            return "compared with" if self.row["variant"] == CONTROL else "no control yet"
        if not found.is_sure:
            return "not known yet"
        return "better" if (found.value > 0) == MEASURES[measure] else "worse"


async def report(build: Build) -> list[Compared]:
    """Every variant of every experiment, the experiments exposed last first. Raises ReportNotReady."""
    rows = await build.ask(experiments.variants)
    controls = {row["experiment_id"]: row for row in rows if row["variant"] == CONTROL}
    return [_compared(row, controls.get(row["experiment_id"])) for row in _control_first(rows)]


def _control_first(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    order = {name: place for place, name in enumerate(dict.fromkeys(row["experiment_id"] for row in rows))}
    return sorted(rows, key=lambda row: (order[row["experiment_id"]], row["variant"] != CONTROL, row["variant"]))


def _compared(row: dict[str, Any], control: dict[str, Any] | None) -> Compared:
    if control is None or control is row:
        return Compared(row, control, {})
    found = {
        name: difference(Side(control["units"], control[name]), Side(row["units"], row[name])) for name in MEASURES
    }
    return Compared(row, control, found)
