"""An operator makes a product, mends it and archives it, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.test_storefront import sign_in

pytestmark = pytest.mark.browser


def test_a_product_is_made_mended_and_archived(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    page.goto("/operate/products")
    inspect("operate-products")
    page.get_by_role("link", name="New product").click()
    page.get_by_role("button", name="Make the product").click()
    expect(page.get_by_label("SKU")).to_be_focused()
    inspect("operate-product-wrong")
    for label, text in (
        ("SKU", "kettle-1"), ("Title", "Enamel kettle"), ("Department", "Home"), ("Category", "Kettles"),
        ("Kind of product", "Kettles"), ("Price", "29.99"),
    ):  # fmt: skip
        page.get_by_role("main").get_by_label(label).first.fill(text)
    page.get_by_role("button", name="Make the product").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enamel kettle")
    inspect("operate-product")
    address = page.get_by_role("link", name="in the shop").get_attribute("href")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("Title").fill("Steel kettle")
    other.get_by_role("button", name="Keep it").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Steel kettle")
    page.get_by_label("Title").fill("Red kettle")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("alert")).to_contain_text("Steel kettle")
    expect(page.get_by_label("Title")).to_have_value("Red kettle")
    inspect("operate-product-stale")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Red kettle")
    page.get_by_role("button", name="Archive it").click()
    expect(page.get_by_role("button", name="Bring it back")).to_be_visible()
    answer = page.goto(str(address))
    assert answer is not None
    assert answer.status == 410
    inspect("product-gone")


def test_a_collection_is_made_and_shown(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    page.goto("/operate/products")
    links = page.locator(".rows a").all()
    numbers = [str(link.get_attribute("href")).rpartition("/")[2] for link in links[:6]]
    page.get_by_role("link", name="Collections").click()
    page.get_by_role("button", name="Make the collection").click()
    expect(page.get_by_label("Title")).to_be_focused()
    inspect("operate-collections-wrong")
    page.get_by_label("Title").fill("Movie night")
    page.get_by_label("Products (optional)").fill(", ".join(numbers))
    page.get_by_role("button", name="Make the collection").click()
    expect(page.get_by_role("heading", name="Movie night")).to_be_visible()
    inspect("operate-collections")
    page.get_by_role("link", name="in the shop").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Movie night")
    inspect("collection")
