"""Whether the tables that a living shop fills all the time were filled lately, by the project's own rules."""

from pathlib import Path
from typing import Any

import orjson

from pipelines.lib.dbt import DbtFailed, run_dbt
from pipelines.lib.dbt_env import target_dir
from pipelines.lib.quality import Verdict
from pipelines.lib.settings import Settings


def check_freshness(settings: Settings) -> Verdict:
    """`dbt source freshness`, as a verdict. Raises DbtFailed where dbt does not take its project."""
    found = target_dir() / "freshness" / "sources.json"
    found.unlink(missing_ok=True)
    try:
        # It fails as well where a table is older than its rule allows, and that is for the verdict to say.
        run_dbt(settings, ["--quiet", "source", "freshness"], target=found.parent)
    except DbtFailed:
        if not found.exists():
            raise
    return judge_freshness(found)


def judge_freshness(found: Path) -> Verdict:
    """A table that is older than its rule's second limit fails, than its first is told; an empty one is only noted."""
    results = orjson.loads(found.read_bytes())["results"]
    failures, warnings, notes = [], [], []
    for result in results:
        name = result["unique_id"].rpartition(".")[2]
        if result["status"] == "runtime error" or not result.get("max_loaded_at"):
            notes.append(f"{name}: nothing has landed yet")
        elif result["status"] == "error":
            failures.append(_words(name, result))
        elif result["status"] == "warn":
            warnings.append(_words(name, result))
    return Verdict(passed=not failures, rows=len(results), failures=failures, warnings=warnings, notes=notes)


def _words(name: str, result: dict[str, Any]) -> str:
    hours = result["max_loaded_at_time_ago_in_s"] / 3600
    return f"{name}: the newest event landed {result['max_loaded_at'][:16]}, {hours:.0f} h ago"
