"""The marts suite of Great Expectations. Where it fails, the dashboards' as-of time does not move."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.verdicts import as_check_results
from pipelines.lib.health import note_verdict
from pipelines.lib.quality import check_marts
from pipelines.lib.settings import Settings

_KEYS = [dg.AssetKey(["marts", name]) for name in ("fct_orders", "fct_order_lines", "mart_daily_sales")]


@dg.multi_asset_check(specs=[dg.AssetCheckSpec("great_expectations", asset=key, blocking=True) for key in _KEYS])
def marts_suite(settings: dg.ResourceParam[Settings]) -> Iterator[dg.AssetCheckResult]:
    """Sales by day beside the facts that they were summed from."""
    verdict = check_marts(settings)
    note_verdict(settings, "marts", verdict)
    yield from as_check_results(verdict, "great_expectations", _KEYS)
