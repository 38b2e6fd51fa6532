"""A checkout with everything that one can choose, a second step at the bank, and the goods sent back."""

import re
import subprocess
import sys
from collections.abc import Mapping

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Inspect
from tests.browser.test_storefront import fill_address, sign_in

SETTLE = """
import asyncio, sys
from api.core.db import get_database
from api.domains.ordering.service.sweep import settle_checkout
async def main():
    await settle_checkout(sys.argv[1])
    await get_database().close()
asyncio.run(main())
"""


def to_the_checkout(page: Page) -> None:
    page.goto("/c/produce")
    page.get_by_role("button", name="to the cart").nth(3).click()
    expect(page.locator("[data-cart-count]")).to_have_text("1")
    page.goto("/checkout")


def at_the_bank(page: Page, answer: str) -> None:
    page.get_by_role("link", name="Continue at your bank").click()
    page.get_by_role("button", name=answer).click()


def to_the_settled_order(page: Page, env: Mapping[str, str]) -> None:
    """What the worker does when it hears of the money, which is not there in this shop."""
    link = page.get_by_role("link", name="Your order", exact=True)
    order_id = str(link.get_attribute("href")).rpartition("/")[2]
    subprocess.run([sys.executable, "-c", SETTLE, order_id], env=env, check=True)
    link.click()
    expect(page.get_by_text("Order placed")).to_be_visible()


def test_a_code_express_and_a_second_step(
    page: Page, inspect: Inspect, complaints: list[str], shop_env: Mapping[str, str]
) -> None:
    sign_in(page)
    page.goto("/operate/promotions")
    page.get_by_label("Code", exact=True).fill("STEP10")
    page.get_by_label("Name that customers see").fill("Ten percent")
    page.get_by_label("Percent (for a percentage)").fill("10")
    page.get_by_role("button", name="Start the promotion").click()
    to_the_checkout(page)
    page.get_by_label(re.compile("Express delivery")).check()
    fill_address(page)
    page.get_by_label("State (optional)").fill("NY")
    page.get_by_label("Code (optional)").fill("NO-SUCH")
    page.get_by_role("button", name="Update the total").click()
    expect(page.get_by_label("Code (optional)")).to_be_focused()
    inspect("checkout-code-wrong")
    page.get_by_label("Code (optional)").fill("step10")
    page.get_by_role("button", name="Update the total").click()
    summary = page.get_by_role("complementary", name="Your order")
    for line in ("Ten percent", "Delivery", "tax"):
        expect(summary).to_contain_text(re.compile(line, re.I))
    page.get_by_role("radio", name=re.compile("Gift card")).check()
    page.get_by_role("button", name=re.compile(r"Pay \$")).click()
    expect(page.get_by_label(re.compile("Code of the gift card"))).to_be_focused()
    inspect("checkout-gift-card-wrong")
    page.get_by_label("Card ending in 3220").check()
    inspect("checkout-filled")
    page.get_by_role("button", name=re.compile(r"Pay \$")).click()
    expect(page.get_by_role("heading", name="One more step at your bank")).to_be_visible()
    inspect("checkout-action")
    at_the_bank(page, "Confirm the payment")
    expect(page.locator(".tag", has_text="Paid")).to_be_visible()
    to_the_settled_order(page, shop_env)
    inspect("order-after-the-bank")
    complaints.clear()  # the bank is another host, and is meant to be


def test_goods_are_sent_back(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    to_the_checkout(page)
    fill_address(page)
    page.get_by_label("Card ending in 4242").check()
    page.get_by_role("button", name=re.compile(r"Pay \$")).click()
    expect(page.get_by_text("Thank you, your order is placed.")).to_be_visible()
    order = page.url.partition("?")[0].rpartition("/")[2]
    page.goto(f"/operate/orders/{order}")
    page.get_by_label("Carrier").fill("Post")
    page.get_by_label("Tracking number").fill("T-43")
    page.get_by_role("button", name="Send it").click()
    page.get_by_role("button", name="Post T-43 has arrived").click()
    page.goto(f"/orders/{order}")
    page.get_by_label("Anything else? (optional)").fill("The box was open")
    page.get_by_role("button", name="Ask for a return").click()
    expect(page.get_by_label("Anything else? (optional)")).to_have_value("The box was open")
    inspect("return-wrong")
    page.get_by_label(re.compile("how many of")).fill("1")
    page.get_by_role("button", name="Ask for a return").click()
    expect(page.get_by_role("button", name="Ask for a return")).to_have_count(0)
    inspect("return-asked")
    page.goto(f"/operate/orders/{order}")
    page.get_by_role("button", name="Accept").click()
    inspect("operate-return")
    page.get_by_label("Refund, at most").fill("9999")
    page.get_by_label("Why?", exact=True).fill("a mistake")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_label("Refund, at most")).to_have_value("9999")
    expect(page.get_by_label("Why?", exact=True)).to_have_value("a mistake")
    inspect("operate-refund-wrong")
    page.get_by_role("button", name="It is back: on the shelf").click()
    page.goto(f"/orders/{order}")
    inspect("order-returned")


def test_a_declined_second_step_without_javascript(
    chromium: Browser, shop_url: str, shop_env: Mapping[str, str]
) -> None:
    context = chromium.new_context(base_url=shop_url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page)
    to_the_checkout(page)
    fill_address(page)
    page.get_by_label("Card ending in 3220").check()
    page.get_by_role("button", name=re.compile(r"Pay \$")).click()
    at_the_bank(page, "Refuse")
    expect(page.get_by_text(re.compile("declined", re.I)).first).to_be_visible()
    page.get_by_label("Card ending in 4242").check()
    page.get_by_role("button", name=re.compile(r"Pay \$")).click()
    expect(page.locator(".tag", has_text="Paid")).to_be_visible()
    to_the_settled_order(page, shop_env)
    context.close()
