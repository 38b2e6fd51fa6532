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


def test_a_kind_gets_attributes_and_the_shop_shows_them(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    page.goto("/operate/products?state=active")
    page.locator(".rows a").first.click()
    address = page.url
    page.get_by_role("link", name="What may be said of").click()
    page.get_by_label("Name").first.fill("Weight")
    page.get_by_label("Form").first.select_option("Text")
    page.get_by_label("Unit, of a number").first.fill("kg")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("alert")).to_contain_text("only a number has a unit")
    page.get_by_label("Form").first.select_option("Number")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("group", name="Weight")).to_be_visible()
    inspect("operate-type")
    page.get_by_role("link", name="Kinds of product").click()
    expect(page.get_by_text("1 attribute")).to_be_visible()
    inspect("operate-types")
    page.goto(address)
    page.get_by_label("Weight, in kg").fill("1.5")
    page.get_by_label("Description").fill("A good one.\n\nIt lasts.")
    page.get_by_role("button", name="Keep it").first.click()
    page.get_by_text("Add a variant").click()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Give it an SKU of up to 100 characters.")).to_be_visible()
    page.get_by_label("SKU of the variant").fill("big-one")
    page.get_by_label("Options", exact=True).last.fill("Size: Large")
    page.get_by_label("Its price").fill("7.50")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("big-one · $7.50")).to_be_visible()
    inspect("operate-product-variants")
    page.get_by_role("link", name="in the shop").click()
    expect(page.get_by_text("1.5 kg")).to_be_visible()
    page.get_by_role("link", name="Large").click()
    expect(page.locator(".cost")).to_have_text("$7.50")
    expect(page.get_by_role("button", name="Tell me when it is back")).to_be_visible()
    inspect("product-variants")


def test_the_tree_is_kept_and_walked(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    page.goto("/operate/products?state=active")
    page.locator(".rows a").first.click()
    page.get_by_label("Category (optional)").fill("Shelf")
    page.get_by_label("Deeper levels").fill("Upper > Left")
    page.get_by_role("button", name="Keep it").first.click()
    page.get_by_role("link", name="in the shop").click()
    page.get_by_role("link", name="Upper").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Upper")
    inspect("category-node")
    page.get_by_label("Narrower").get_by_role("link", name="Left").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Left")
    page.goto("/operate/categories")
    inspect("operate-categories")
    page.get_by_label("Name").fill("Lanterns")
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("link", name="Lanterns").click()
    page.get_by_label("New name").fill("Games")
    page.get_by_role("button", name="Rename it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Games")
    inspect("operate-category")
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("link", name="Games")).to_have_count(0)
