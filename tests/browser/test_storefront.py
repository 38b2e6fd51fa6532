"""The way of a customer and of an executive through the shop, in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Inspect
from tests.browser.shelves import EXECUTIVE, PASSWORD

pytestmark = pytest.mark.browser


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(EXECUTIVE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def test_browsing_from_the_first_page_to_a_product(page: Page, inspect: Inspect) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="All departments")).to_be_visible()
    inspect("home")
    page.get_by_role("navigation", name="Departments").get_by_role("link", name="Grocery").click()
    expect(page.get_by_role("heading", level=1, name="Grocery")).to_be_visible()
    inspect("department")
    first = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="to the cart")).first
    name = first.get_by_role("heading").inner_text()
    first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("In stock")).to_be_visible()
    expect(page.get_by_role("heading", name="Similar items")).to_be_visible()
    inspect("product")


def test_a_search_with_a_typing_error_and_its_next_page(page: Page, inspect: Inspect) -> None:
    page.goto("/")
    page.get_by_label("Search the shop").fill("choclate")
    page.get_by_label("Search the shop").press("Enter")
    expect(page.locator(".card .name").first).to_contain_text(re.compile("chocolate", re.I))
    inspect("search")
    page.goto("/search?sort=price")
    cheapest = page.locator(".card .name").first.inner_text()
    dearest = page.locator(".card .price").last.inner_text()
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_role("link", name="Back to the start")).to_be_visible()
    assert float(page.locator(".card .price").first.inner_text()[1:]) >= float(dearest[1:])
    page.get_by_role("link", name="Back to the start").click()
    expect(page.locator(".card .name").first).to_have_text(cheapest)
    page.goto("/search?query=qqqqqqqqq")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    inspect("search-nothing")


def test_words_to_go_on_with_are_offered_while_one_types(page: Page) -> None:
    page.goto("/")
    field = page.get_by_label("Search the shop")
    field.press_sequentially("chip")
    offered = page.locator("#suggestions option")
    expect(offered.first).to_be_attached()
    chosen = offered.first.get_attribute("value") or ""
    assert "chip" in chosen.lower()
    field.fill(chosen)
    expect(page.get_by_role("heading", level=1)).to_contain_text(chosen)


def fill_address(page: Page) -> None:
    """Somewhere without sales tax, so that the total stays."""
    for label, value in {
        "Name": "Ada Lovelace",
        "Street and number": "Road 1",
        "Postal code": "97201",
        "Town": "Portland",
    }.items():
        page.get_by_label(label, exact=True).fill(value)


def test_an_order_from_the_shelf_to_the_receipt(page: Page, inspect: Inspect) -> None:
    page.goto("/c/produce")
    page.get_by_role("button", name="to the cart").nth(1).click()
    expect(page.get_by_role("status")).to_contain_text("Added to your cart")
    expect(page.locator("[data-cart-count]")).to_have_text("1")
    page.get_by_role("status").get_by_role("link", name="View cart").click()
    page.get_by_label(re.compile("Quantity of")).select_option("3")
    expect(page.get_by_text("3 items")).to_be_visible()
    inspect("cart")
    page.get_by_role("link", name="Go to checkout").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    page.get_by_label("E-mail address").fill(EXECUTIVE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="Checkout")).to_be_visible()
    inspect("checkout")
    fill_address(page)
    pay = page.get_by_role("button", name=re.compile(r"Pay \$"))
    pay.click()
    expect(page.get_by_text("Choose how you would like to pay.")).to_be_visible()
    inspect("checkout-nothing-chosen")
    page.get_by_label("Card ending in 0002").check()
    pay.click()
    expect(page.get_by_role("alert")).to_contain_text("declined")
    expect(page.get_by_label("Card ending in 0002")).to_be_checked()
    inspect("checkout-declined")
    page.get_by_label("Card ending in 4242").check()
    pay.click()
    expect(page.get_by_text("Thank you, your order is placed.")).to_be_visible()
    expect(page.locator("[data-cart-count]")).to_have_text("0")
    inspect("order-placed")
    page.goto("/orders")
    expect(page.get_by_text("Placed", exact=True).first).to_be_visible()
    inspect("orders")
    page.get_by_role("link", name=re.compile("Order [0-9A-F]{8}")).first.click()
    page.get_by_role("button", name="Cancel this order").click()
    expect(page.get_by_text("Cancelled", exact=True).first).to_be_visible()
    inspect("order-cancelled")


def test_the_same_way_without_javascript(chromium: Browser, shop_url: str) -> None:
    context = chromium.new_context(base_url=shop_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/c/produce")
    page.get_by_role("button", name="to the cart").first.click()
    expect(page.get_by_role("heading", level=1, name="Your cart")).to_be_visible()
    page.get_by_label(re.compile("Quantity of")).select_option("2")
    page.get_by_role("button", name=re.compile("Update")).click()
    page.get_by_role("link", name="Go to checkout").click()
    page.get_by_label("E-mail address").fill(EXECUTIVE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    fill_address(page)
    page.get_by_label("Card ending in 4242").check()
    page.get_by_role("button", name=re.compile(r"Pay \$")).click()
    expect(page.get_by_text("Thank you, your order is placed.")).to_be_visible()
    context.close()


def test_signing_up_and_in(page: Page, inspect: Inspect) -> None:
    page.goto("/register")
    inspect("register")
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail address").fill("ada")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_label("Your name")).to_have_value("Ada Lovelace")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    expect(page.get_by_text("Use at least 10 characters.")).to_be_visible()
    inspect("register-wrong")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("Password").fill("three quiet words")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_text("Your account is ready")).to_be_visible()
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("Password").fill("not these words")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    inspect("sign-in-wrong")
    page.get_by_label("Password").fill("three quiet words")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Good to see you, Ada")
    inspect("home-signed-in")
    page.goto("/orders")
    expect(page.get_by_text("No orders yet")).to_be_visible()
    inspect("orders-none")
    page.goto("/dashboards/overview")
    expect(page.get_by_text("not open to your account")).to_be_visible()
    inspect("forbidden")
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in to your account")).to_be_visible()


def test_the_overview_of_an_executive(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    page.goto("/dashboards/overview")
    expect(page.get_by_text("as of")).to_be_visible()
    for name in ("Revenue per day", "Orders per day", "From visit to order", "Active customers per week"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert page.locator("svg.pygal-chart[role=img]").count() == 4
    inspect("overview")
    for summary in page.get_by_text("The numbers as a table").all():
        summary.click()
    expect(page.get_by_role("table").first).to_be_visible()
    inspect("overview-tables")
    page.get_by_role("link", name="7 days").click()
    expect(page.get_by_text("compared with the 7 days before")).to_be_visible()


def test_pages_that_are_not_there(page: Page, inspect: Inspect) -> None:
    answer = page.goto("/no-such-page")
    assert answer is not None
    assert answer.status == 404
    inspect("not-found")
    page.goto("/cart")
    expect(page.get_by_text("Nothing in it yet")).to_be_visible()
    inspect("cart-empty")


def test_the_keyboard_alone_reaches_the_content_and_the_dark_is_as_legible(chromium: Browser, shop_url: str) -> None:
    context = chromium.new_context(base_url=shop_url, color_scheme="dark")
    page = context.new_page()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    for path in ("/", "/search?query=cheese", "/sign-in", "/cart"):
        page.goto(path)
        assert Axe().run(page).response["violations"] == []
    context.close()
