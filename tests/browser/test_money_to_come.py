"""An order paid by bank transfer, from the checkout to the desk that sees the money come, in a real browser."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.test_storefront import fill_address, sign_in


def test_a_transfer_from_the_checkout_to_the_desk(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    page.goto("/c/produce")
    page.get_by_role("button", name="to the cart").nth(1).click()
    expect(page.get_by_role("status")).to_contain_text("Added to your cart")
    page.goto("/checkout")
    fill_address(page)
    page.get_by_role("button", name="Update the total").click()
    page.get_by_label("Bank transfer").check()
    inspect("checkout-transfer")
    page.get_by_role("button", name=re.compile(r"Pay \$")).click()
    expect(page.get_by_text("Thank you, your order is placed.")).to_be_visible()
    how = page.get_by_role("region", name="Send us")
    expect(how).to_contain_text("IBAN")
    inspect("order-transfer")
    order = page.url.partition("?")[0].rpartition("/")[2]
    page.goto(f"/operate/orders/{order}")
    expect(page.get_by_text("it has not come yet")).to_be_visible()
    expect(page.get_by_role("button", name="Send it")).to_have_count(0)
    inspect("operate-order-unpaid")
    page.get_by_role("link", name="Say that it came").click()
    inspect("operate-payment-transfer")
    page.get_by_role("button", name="The money came in").click()
    expect(page.get_by_role("button", name="The money came in")).to_have_count(0)
    page.goto(f"/operate/orders/{order}")
    expect(page.get_by_role("button", name="Send it")).to_be_visible()
    page.get_by_label("Refund, at most").fill("0.10")
    page.get_by_label("Why?", exact=True).fill("a dent")
    page.get_by_role("button", name="Refund").click()
    page.goto("/operate/refunds")
    expect(page.get_by_text("Pay it, then say so")).to_be_visible()
    inspect("operate-refunds")
    page.goto(f"/orders/{order}")
    expect(page.get_by_role("region", name="Send us")).to_have_count(0)
    inspect("order-transfer-paid")
