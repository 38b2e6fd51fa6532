"""Pages about the data: the dbt project's and those of the checks, which load nothing from elsewhere."""

import json
import re
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from pipelines.lib import warehouse
from pipelines.lib.docs import write_docs
from pipelines.lib.health import note_verdict
from pipelines.lib.quality import Verdict, judge_raw
from tests.pipelines.lake_writer import Lake
from tests.pipelines.test_quality import raw

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]  # of imports that are not ours


def test_the_pages_tell_what_models_mean_and_what_checks_said(lake: Lake, tmp_path: Path) -> None:
    note_verdict(lake.settings, "raw", judge_raw(pd.DataFrame([raw(0), raw(1, event_type="<b>unknown</b>")])))
    note_verdict(lake.settings, "volume", Verdict(passed=True, rows=0, notes=["no four weeks of history yet"]))
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        warehouse.prepare(connection)
    made = write_docs(lake.settings, tmp_path / "docs")
    assert made.suites == 1
    index = (made.folder / "index.html").read_text()
    assert 'href="data/raw.html"' in index
    assert "passed with warnings" in index
    assert "no four weeks of history yet" in index
    assert "<b>unknown" not in index
    page = (made.folder / "data" / "raw.html").read_text()
    assert "event_type" in page
    assert re.findall(r"<(?:link|script|img)\b[^>]*(?:href|src)=\"https?:", page) == []
    manifest = json.loads((made.folder / "dbt" / "manifest.json").read_text())
    assert manifest["nodes"]["model.agora.fct_orders"]["description"].startswith("Orders with what became of them.")
    assert (made.folder / "dbt" / "index.html").exists()
    assert (made.folder / "dbt" / "catalog.json").exists()
