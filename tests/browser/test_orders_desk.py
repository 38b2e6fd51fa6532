"""The operators' desk for orders and promotions, in a real browser."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.test_storefront import EXECUTIVE, PASSWORD, fill_address

Inspect = Callable[[str], None]


def test_an_order_is_sent_and_arrives(page: Page, inspect: Inspect) -> None:
    page.goto("/c/produce")
    page.get_by_role("button", name="to the cart").nth(2).click()
    expect(page.get_by_role("status")).to_contain_text("Added to your cart")
    page.goto("/sign-in?next=/operate/promotions")
    page.get_by_label("E-mail address").fill(EXECUTIVE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_label("Code", exact=True).fill("no code")
    page.get_by_label("Goods for at least").fill("a lot")
    page.get_by_role("button", name="Start the promotion").click()
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    for said in ("Use 3 to 40 letters", "Give it a name", "This kind needs it.", "Enter an amount such as 4.99."):
        expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_label("Goods for at least")).to_have_value("a lot")
    inspect("operate-promotions-wrong")
    page.get_by_label("Goods for at least").fill("0.50")
    page.get_by_label("Code", exact=True).fill("DESK10")
    page.get_by_label("Name that customers see").fill("Ten percent")
    page.get_by_label("Percent (for a percentage)").fill("10")
    page.get_by_role("button", name="Start the promotion").click()
    expect(page.get_by_text("from $0.50")).to_be_visible()
    expect(page.get_by_text("DESK10", exact=True).first).to_be_visible()
    inspect("operate-promotions")
    page.goto("/checkout")
    fill_address(page)
    page.get_by_label("Code (optional)").fill("desk10")
    page.get_by_role("button", name="Update the total").click()
    expect(page.get_by_text("Ten percent")).to_be_visible()
    page.get_by_label("Card ending in 4242").check()
    page.get_by_role("button", name=re.compile(r"Pay \$")).click()
    expect(page.get_by_text("Thank you, your order is placed.")).to_be_visible()
    order = page.url.partition("?")[0].rpartition("/")[2]
    page.goto("/operate/orders")
    inspect("operate-orders")
    page.goto(f"/operate/orders/{order}")
    inspect("operate-order")
    page.get_by_label("Carrier").fill("Post")
    page.get_by_label("Tracking number").fill("T-42")
    page.get_by_role("button", name="Send it").click()
    page.get_by_role("button", name="Post T-42 has arrived").click()
    expect(page.get_by_text("Parcel delivered")).to_be_visible()
    page.goto(f"/orders/{order}")
    expect(page.get_by_role("button", name="Ask for a return")).to_be_visible()
    inspect("order-delivered")
