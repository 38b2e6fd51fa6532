"""A suite's verdict in Dagster's words."""

from collections.abc import Iterable, Iterator

import dagster as dg

from pipelines.lib.quality import Verdict


def as_check_results(verdict: Verdict, name: str, keys: Iterable[dg.AssetKey]) -> Iterator[dg.AssetCheckResult]:
    """One suite looks at several assets together, so its verdict holds for each of them."""
    for key in keys:
        yield dg.AssetCheckResult(
            check_name=name,
            asset_key=key,
            passed=verdict.passed,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={
                "rows": verdict.rows,
                "failures": verdict.failures,
                "warnings": verdict.warnings,
                "notes": verdict.notes,
            },
        )
