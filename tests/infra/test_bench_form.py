"""The form in which every speed is kept and shown."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench import form
from tests.bench.form import Figure, table, write

FAST = Figure("events", 5000.0, "/s", 4000, "higher", 10_000.0, "empty handler")
SLOW = Figure("p95", 25.5, "ms", 20, "lower", 5.1, "empty handler p95")


def test_goals_have_a_direction() -> None:
    assert FAST.is_met
    assert not SLOW.is_met
    assert Figure("exactly", 20.0, "ms", 20, "lower").is_met


def test_an_area_is_a_list_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "FOLDER", tmp_path / "bench")
    path = write("capture", [FAST, SLOW])
    assert path.name == "capture.json"
    assert json.loads(path.read_text())[1] == {
        "name": "p95",
        "value": 25.5,
        "unit": "ms",
        "goal": 20,
        "better": "lower",
        "limit": 5.1,
        "limit_name": "empty handler p95",
    }


def test_the_table_shows_value_goal_and_limit() -> None:
    screen = io.StringIO()
    Console(file=screen, width=120).print(table({"capture": [FAST, SLOW]}))
    fast, slow = (line.split() for line in screen.getvalue().splitlines()[2:4])
    assert fast == ["events", "5,000", "/s", "≥", "4,000", "met", "10,000", "(empty", "handler)", "50%"]
    assert slow[:6] == ["p95", "25.5", "ms", "≤", "20.0", "missed"]
