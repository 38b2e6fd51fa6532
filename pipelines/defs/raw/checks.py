"""The raw suite of Great Expectations. Where it fails, no typed table is built."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import TOPICS
from pipelines.defs.raw.assets import raw_key
from pipelines.defs.verdicts import as_check_results
from pipelines.lib.health import note_verdict
from pipelines.lib.quality import check_raw
from pipelines.lib.settings import Settings


@dg.multi_asset_check(
    specs=[dg.AssetCheckSpec("great_expectations", asset=raw_key(topic), blocking=True) for topic in TOPICS]
)
def raw_suite(settings: dg.ResourceParam[Settings]) -> Iterator[dg.AssetCheckResult]:
    """All rows that have landed since the last build."""
    verdict = check_raw(settings)
    note_verdict(settings, "raw", verdict)
    yield from as_check_results(verdict, "great_expectations", [raw_key(topic) for topic in TOPICS])
