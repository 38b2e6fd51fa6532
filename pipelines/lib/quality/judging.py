"""One suite on one data frame, and what it said.

Great Expectations takes seconds to import; only a check that runs pays for it. Its usage reports are off.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

CRITICAL, WARNING = "critical", "warning"


@dataclass(frozen=True)
class Outcome:
    """What one expectation said: `unexpected` counts the rows that are not as they should be."""

    expectation: str
    about: str
    severity: str
    is_met: bool
    unexpected: int


@dataclass(frozen=True)
class Verdict:
    """`passed` is false where a critical expectation failed; a warning is told and stops nothing.

    `notes` say what could not be judged, and why. `document` is the whole result, for the data docs.
    """

    passed: bool
    rows: int
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    document: dict[str, Any] | None = None


def judge(
    suite_name: str,
    rows: pd.DataFrame,
    expectations: Callable[[Any], list["Expectation"]],
    notes: list[str] | None = None,
) -> Verdict:
    """Run expectations on a data frame, in memory and without a project on disk. No rows are no fault."""
    if rows.empty:
        return Verdict(passed=True, rows=0, notes=notes or [])
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # noqa: PLC0415 - heavy
    import great_expectations.expectations as gxe  # noqa: PLC0415 - heavy
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415 - heavy

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas(suite_name).add_dataframe_asset(suite_name)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    result = batch.validate(gx.ExpectationSuite(name=suite_name, expectations=expectations(gxe)))
    failed = [found for found in result.results if not found.success]
    critical = [_words(found) for found in failed if _severity(found) == CRITICAL]
    warnings = [_words(found) for found in failed if _severity(found) != CRITICAL]
    return Verdict(
        passed=not critical,
        rows=len(rows),
        failures=critical,
        warnings=warnings,
        notes=notes or [],
        outcomes=[_outcome(found) for found in result.results],
        document=result.to_json_dict(),  # type: ignore[no-untyped-call]
    )


def _outcome(found: Any) -> Outcome:
    unexpected = found.result.get("unexpected_count", 0 if found.success else 1)
    return Outcome(found.expectation_config.type, _about(found), _severity(found), bool(found.success), int(unexpected))


def _severity(found: Any) -> str:
    return CRITICAL if found.expectation_config.severity == CRITICAL else WARNING


def _columns(found: Any) -> dict[str, Any]:
    return {key: value for key, value in found.expectation_config.kwargs.items() if key.startswith("column")}


def _about(found: Any) -> str:
    named = (value if isinstance(value, list) else [value] for value in _columns(found).values())
    return ", ".join(str(each) for values in named for each in values)


def _words(found: Any) -> str:
    examples = found.result.get("partial_unexpected_list", [])[:3]
    reason = found.exception_info.get("exception_message") if found.exception_info else None
    return f"{found.expectation_config.type} {_columns(found)}: {reason or examples}"
