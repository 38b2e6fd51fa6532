"""Suites of Great Expectations at each border: raw, typed, warehouse, marts; and the volume of whole days."""

from pipelines.lib.quality.judging import Outcome, Verdict, judge
from pipelines.lib.quality.marts import check_marts, judge_marts
from pipelines.lib.quality.raw import check_raw, judge_raw
from pipelines.lib.quality.typed import check_typed, judge_typed
from pipelines.lib.quality.volume import check_volume, judge_volume
from pipelines.lib.quality.warehouse import check_warehouse, judge_warehouse

__all__ = [
    "Outcome",
    "Verdict",
    "check_marts",
    "check_raw",
    "check_typed",
    "check_volume",
    "check_warehouse",
    "judge",
    "judge_marts",
    "judge_raw",
    "judge_typed",
    "judge_volume",
    "judge_warehouse",
]
