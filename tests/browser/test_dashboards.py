"""Dashboards as an executive sees them, on a desk and on a phone."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Inspect
from tests.browser.season import trained
from tests.browser.shelves import EXECUTIVE, PASSWORD

PAGES = {
    "overview": "Overview",
    "sales": "Sales",
    "customers": "Customers",
    "inventory": "Inventory",
    "communities": "Communities",
    "moderation": "Moderation",
    "experiments": "Experiments",
    "data": "Data health",
}


def enter(page: Page, path: str) -> None:
    page.goto(f"/sign-in?next={path}")
    page.get_by_label("E-mail address").fill(EXECUTIVE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("name", PAGES)
def test_a_dashboard_can_be_read_everywhere(page: Page, inspect: Inspect, name: str) -> None:
    enter(page, f"/dashboards/{name}")
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES[name])
    inspect(f"dashboard-{name}")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^CSV of")).first.click()
    assert download.value.suggested_filename.endswith(".csv")


def test_from_a_figure_to_its_lines_and_to_its_events(page: Page, inspect: Inspect) -> None:
    enter(page, "/dashboards/sales")
    page.get_by_label("Department", exact=True).select_option("Grocery")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Categories", exact=True)).to_be_visible()
    assert "department=Grocery" in page.url
    page.get_by_text("Meaning of Revenue").click()
    expect(page.get_by_text("What customers were charged")).to_be_visible()
    inspect("dashboard-sales-grocery")
    page.get_by_role("region", name="Products").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Order lines")
    inspect("dashboard-order-lines")
    page.go_back()
    page.get_by_text("Meaning of Revenue").click()
    page.get_by_role("link", name="Where it comes from").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where “Revenue” comes from")
    for summary in page.get_by_text("The newest events").all()[:1] + page.get_by_text("Columns of").all()[:1]:
        summary.click()
    page.get_by_text("SQL of marts.fct_orders").click()
    inspect("lineage-revenue")


def test_the_proof_and_an_older_one(page: Page, inspect: Inspect) -> None:
    enter(page, "/data/proof")
    expect(page.get_by_text("nothing is lost, nothing is there twice")).to_be_visible()
    inspect("proof")
    page.get_by_role("region", name="The last proofs").get_by_role("link").nth(5).click()
    expect(page.get_by_text("look at the rows below")).to_be_visible()


@pytest.fixture
def online(shop_env: dict[str, str], tmp_path: Path) -> Iterator[None]:
    """The process that counts the stream, as the stack runs it."""
    with (tmp_path / "online.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "ingestion.online"], env=shop_env, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def test_a_view_in_the_shop_moves_the_last_half_hour_by_itself(
    page: Page, inspect: Inspect, chromium: Browser, shop_url: str, online: None
) -> None:
    enter(page, "/dashboards/live")
    expect(page.get_by_role("heading", level=1)).to_have_text("Last half hour")
    expect(page.get_by_text("not been read")).to_have_count(0, timeout=30_000)
    views = page.get_by_role("region", name="Product views").locator(".big")
    expect(views).to_have_text("0", timeout=30_000)
    visitor = chromium.new_context(base_url=shop_url)
    shop = visitor.new_page()
    shop.goto("/")
    address = shop.locator('a[href^="/p/"]').first.get_attribute("href") or ""
    for _ in range(3):
        shop.goto(address)
    visitor.close()
    expect(views).to_have_text("3", timeout=30_000)
    inspect("dashboard-live")
    plain = chromium.new_context(
        base_url=shop_url, java_script_enabled=False, storage_state=page.context.storage_state()
    )
    still = plain.new_page()
    still.goto("/dashboards/live")
    expect(still.get_by_role("region", name="Product views").locator(".big")).to_have_text("3")
    plain.close()


def test_the_models_that_answer(page: Page, inspect: Inspect, shop_env: dict[str, str]) -> None:
    with trained(shop_env["AGORA_POSTGRES_OWNER_URL"]):
        enter(page, "/dashboards/models")
        expect(page.get_by_text("compared with version")).to_be_visible()
        expect(page.get_by_role("heading", name="By place")).to_be_visible()
        expect(page.get_by_role("heading", name="Places drawn by lot")).to_be_visible()
        inspect("dashboard-models")
