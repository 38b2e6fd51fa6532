"""The typed suite of Great Expectations. Where it fails, the warehouse copies nothing."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.typed.assets import REACHED
from pipelines.defs.verdicts import as_check_results
from pipelines.lib.health import note_verdict
from pipelines.lib.quality import check_typed
from pipelines.lib.settings import Settings


@dg.multi_asset_check(specs=[dg.AssetCheckSpec("great_expectations", asset=REACHED, blocking=True)])
def typed_suite(settings: dg.ResourceParam[Settings]) -> Iterator[dg.AssetCheckResult]:
    """Every event once within its day, in all days that the warehouse is about to copy."""
    verdict = check_typed(settings)
    note_verdict(settings, "typed", verdict)
    yield from as_check_results(verdict, "great_expectations", [REACHED])
