"""The events for whoever builds on them."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect


def test_an_event_is_found_and_its_schema_read(page: Page, inspect: Inspect) -> None:
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Events").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    inspect("events")
    page.get_by_role("link", name="Order placed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Order placed")
    row = page.get_by_role("row", name="customer_id")
    expect(row).to_contain_text("identifier")
    inspect("event")
    schema = page.request.get("/schemas/ordering.order_placed/1.json")
    assert schema.json()["title"] == "ordering.order_placed"
    assert page.request.get("/schemas/ordering.order_placed/999.json").status == 404
    assert page.request.get("/docs/events/ordering.order_lost").status == 404
    assert page.request.get("/asyncapi.json").json()["asyncapi"] == "3.0.0"
