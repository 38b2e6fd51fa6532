"""An operator sends a product file in and follows it, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.test_storefront import sign_in

pytestmark = pytest.mark.browser


def test_a_product_file_is_sent_in_and_followed(page: Page, inspect: Inspect, tmp_path: Path) -> None:
    sign_in(page)
    page.goto("/operate/imports")
    expect(page.get_by_text("Nothing yet")).to_be_visible()
    inspect("operate-imports-empty")
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_text("Choose a file.")).to_be_visible()
    expect(page.get_by_label("File with products")).to_be_focused()
    inspect("operate-imports-wrong")
    path = tmp_path / "spring.csv"
    path.write_text("sku,title,price\nA-1,Tea,3.50\n")
    page.get_by_label("File with products").set_input_files(path)
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("heading", name="spring.csv")).to_be_visible()
    expect(page.get_by_label("Waiting for its turn")).to_be_visible()
    with page.expect_event("load"):  # by itself, to show how far it is
        pass
    inspect("operate-import")
    page.goto("/operate/imports")
    page.get_by_role("button", name="As Parquet").click()
    expect(page.get_by_role("heading", name="products.parquet")).to_be_visible()
    page.get_by_role("link", name="All product files").click()
    expect(page.get_by_role("link", name="spring.csv")).to_be_visible()
    inspect("operate-imports")
