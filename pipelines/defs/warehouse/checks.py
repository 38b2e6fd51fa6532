"""What the warehouse holds beside the lake: where it differs, no mart is built. And the volume of whole days."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.verdicts import as_check_results
from pipelines.defs.warehouse.assets import TOUCHED_DAYS
from pipelines.lib.health import note_verdict
from pipelines.lib.quality import check_volume, check_warehouse
from pipelines.lib.settings import Settings


@dg.multi_asset_check(specs=[dg.AssetCheckSpec("great_expectations", asset=TOUCHED_DAYS, blocking=True)])
def warehouse_suite(settings: dg.ResourceParam[Settings]) -> Iterator[dg.AssetCheckResult]:
    """As many rows as the typed tables had when they were copied, each list with its event."""
    verdict = check_warehouse(settings)
    note_verdict(settings, "warehouse", verdict)
    yield from as_check_results(verdict, "great_expectations", [TOUCHED_DAYS])


@dg.multi_asset_check(specs=[dg.AssetCheckSpec("volume", asset=TOUCHED_DAYS)])
def volume_suite(settings: dg.ResourceParam[Settings]) -> Iterator[dg.AssetCheckResult]:
    """Yesterday's events beside the same weekday of eight weeks: told, stops nothing, says where history is short."""
    verdict = check_volume(settings)
    note_verdict(settings, "volume", verdict)
    yield from as_check_results(verdict, "volume", [TOUCHED_DAYS])
