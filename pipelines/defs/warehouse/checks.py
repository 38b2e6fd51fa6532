"""What the warehouse holds beside the lake: where it differs, no mart is built. And the volume of whole days."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import EVENT_TYPES
from pipelines.defs.verdicts import as_check_results
from pipelines.lib.health import note_verdict
from pipelines.lib.quality import check_volume, check_warehouse
from pipelines.lib.settings import Settings
from pipelines.lib.warehouse_schema import SCHEMA, shapes

_KEYS = [dg.AssetKey([SCHEMA, shapes(contract)[0].name]) for contract in EVENT_TYPES.values()]


@dg.multi_asset_check(specs=[dg.AssetCheckSpec("great_expectations", asset=key, blocking=True) for key in _KEYS])
def warehouse_suite(settings: dg.ResourceParam[Settings]) -> Iterator[dg.AssetCheckResult]:
    """As many rows as the typed tables had when they were copied, each list with its event."""
    verdict = check_warehouse(settings)
    note_verdict(settings, "warehouse", verdict)
    yield from as_check_results(verdict, "great_expectations", _KEYS)


@dg.multi_asset_check(specs=[dg.AssetCheckSpec("volume", asset=key) for key in _KEYS])
def volume_suite(settings: dg.ResourceParam[Settings]) -> Iterator[dg.AssetCheckResult]:
    """Yesterday's events beside the same weekday of eight weeks: told, stops nothing, says where history is short."""
    verdict = check_volume(settings)
    note_verdict(settings, "volume", verdict)
    yield from as_check_results(verdict, "volume", _KEYS)
