"""Freshness of sources, as dbt tells it."""

import json
from pathlib import Path
from typing import Any

from pipelines.lib.freshness import judge_freshness


def result(name: str, status: str, loaded: str | None = "2026-03-01T10:00:00Z") -> dict[str, Any]:
    if loaded is None:
        return {"unique_id": f"source.agora.lake.{name}", "status": status}
    ago = {"max_loaded_at": loaded, "max_loaded_at_time_ago_in_s": 7_200.0}
    return {"unique_id": f"source.agora.lake.{name}", "status": status} | ago


def test_what_is_late_is_told_what_is_very_late_fails_and_what_is_empty_is_noted(tmp_path: Path) -> None:
    found = tmp_path / "sources.json"
    results = [result("orders", "pass"), result("views", "warn"), result("pages", "runtime error", None)]
    found.write_text(json.dumps({"results": results}))
    verdict = judge_freshness(found)
    assert (verdict.passed, verdict.rows, verdict.failures) == (True, 3, [])
    assert verdict.warnings == ["views: the newest event landed 2026-03-01T10:00, 2 h ago"]
    assert verdict.notes == ["pages: nothing has landed yet"]
    found.write_text(json.dumps({"results": [result("orders", "error")]}))
    assert judge_freshness(found).failures == ["orders: the newest event landed 2026-03-01T10:00, 2 h ago"]
