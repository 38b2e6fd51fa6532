"""Questions from a product's page to the desk and back, and lists narrowed by what is said of products."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.test_storefront import sign_in

pytestmark = pytest.mark.browser


def test_a_question_is_asked_and_answered(page: Page, inspect: Inspect) -> None:
    page.goto("/search?query=cheese")
    page.locator(".card .name a").first.click()
    expect(page.get_by_text("No questions yet")).to_be_visible()
    address = page.url
    sign_in(page)
    page.goto(address)
    page.get_by_label("Ask a question").fill("Does it melt well?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Nobody has answered this yet.")).to_be_visible()
    page.get_by_label("Ask a question").fill("Is it cheaper at www.example.org?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Your question is being looked at")).to_be_visible()
    inspect("product-questions")
    page.goto("/operate")
    page.get_by_role("link", name="Questions").click()
    inspect("operate-questions")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Say why, in up to 500 characters.")).to_be_visible()
    inspect("operate-questions-error")
    page.get_by_label("Reason, if you reject it").fill("Advertising")
    page.get_by_role("button", name="Reject").click()
    page.get_by_label("Answer for the shop").fill("It does, from 60 degrees on.")
    page.get_by_role("button", name="Answer the question Does it melt well?").click()
    expect(page.get_by_role("heading", name="Everything is answered")).to_be_visible()
    inspect("operate-questions-empty")
    page.goto(address)
    expect(page.locator(".said", has_text="It does, from 60 degrees on.")).to_be_visible()
    page.get_by_text("Change your answer").click()
    page.get_by_label("Your answer").fill("")
    page.locator(".question form").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("An answer has 1 to 2,000 characters")).to_be_visible()
    inspect("answer-error")


def test_a_list_is_narrowed_by_what_is_said_of_products(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    page.goto("/search?type=Pickles")
    page.locator(".card .name a").first.click()
    address = f"/operate/products/{page.url.rpartition('/')[2].partition('-')[0].partition('?')[0]}"
    page.goto(address)
    page.get_by_role("link", name="What may be said of").click()
    page.get_by_label("Name").first.fill("Organic")
    page.get_by_label("Form").first.select_option("Yes or no")
    page.get_by_role("button", name="Keep it").click()
    page.goto(address)
    page.get_by_label("Organic").select_option("yes")
    page.get_by_role("button", name="Keep it").first.click()
    page.goto("/search?type=Pickles")
    page.locator("summary", has_text="Organic").click()
    page.get_by_role("link", name="Yes 1").click()
    expect(page.get_by_text("1 product", exact=True)).to_be_visible()
    inspect("listing-attributes")
    page.get_by_role("link", name="Organic: Yes remove this filter").click()
    expect(page.locator(".card").nth(1)).to_be_visible()
