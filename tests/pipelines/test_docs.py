"""Pages about the data: the dbt project's and those of the checks, which load nothing from elsewhere."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pandas as pd
import psycopg
import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

from pipelines.lib import warehouse
from pipelines.lib.docs import write_docs
from pipelines.lib.health import note_verdict
from pipelines.lib.quality import Verdict, judge_raw
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.pipelines.lake_writer import Lake
from tests.pipelines.test_quality import raw

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]  # of imports that are not ours


def test_the_pages_tell_what_models_mean_and_what_checks_said(lake: Lake, tmp_path: Path) -> None:
    note_verdict(lake.settings, "raw", judge_raw(pd.DataFrame([raw(0), raw(1, event_type="<script>stop()</script>")])))
    note_verdict(lake.settings, "volume", Verdict(passed=True, rows=0, notes=["no four weeks of history yet"]))
    with psycopg.connect(lake.settings.warehouse_url) as connection:
        warehouse.prepare(connection)
    made = write_docs(lake.settings, tmp_path / "docs")
    assert made.suites == 1
    index = (made.folder / "index.html").read_text()
    assert 'href="data/raw.html"' in index
    assert "passed with warnings" in index
    assert "no four weeks of history yet" in index
    assert "<script>" not in index
    page = (made.folder / "data" / "raw.html").read_text()
    assert "event_type" in page
    assert re.findall(r"<(?:link|script|img)\b", page) == []
    manifest = json.loads((made.folder / "dbt" / "manifest.json").read_text())
    assert manifest["nodes"]["model.agora.fct_orders"]["description"].startswith("Orders with what became of them.")
    with _served(made.folder) as url, sync_playwright() as playwright:
        _open(playwright, url)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The folder as the local stack serves it."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: a browser asks for much."""


def _open(playwright: Playwright, url: str) -> None:
    """From the index to a suite, to the overview of the project, to a model and its neighbours, from no other host."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(url) else complaints.append(request.url))
    page.goto(url)
    page.get_by_role("link", name="raw").click()
    expect(page).to_have_title(re.compile("^raw, "))
    expect(page.get_by_text("<script>stop()</script>")).to_be_visible()
    page.get_by_role("link", name="All data docs").click()
    page.get_by_role("link", name="Models of the warehouse").click()
    expect(page.get_by_role("heading", name="Agora's warehouse")).to_be_visible()
    page.goto(f"{url}/dbt/#!/model/model.agora.fct_orders")
    expect(page.get_by_text("Orders with what became of them.").first).to_be_visible()
    page.get_by_title("View Lineage Graph").click()
    expect(page.locator("canvas").first).to_be_visible()
    browser.close()
    assert complaints == []
