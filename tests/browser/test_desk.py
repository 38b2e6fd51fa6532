"""The desk of the people who run the shop."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.shelves import EXECUTIVE, PASSWORD


def test_every_door_leads_somewhere_and_roles_are_given(page: Page, inspect: Inspect) -> None:
    page.goto("/sign-in?next=/operate")
    page.get_by_label("E-mail address").fill(EXECUTIVE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The desk")
    inspect("operate")
    doors = [link.get_attribute("href") for link in page.locator(".doors a").all()]
    assert len(doors) >= 9
    for door in doors:
        answer = page.goto(str(door))
        assert answer is not None
        assert answer.status == 200, door
    page.goto("/operate/people")
    inspect("operate-people")
    page.goto("/operate/audit")
    inspect("operate-audit")
    page.goto("/operate/gift-cards")
    page.get_by_label("Amount").fill("two")
    page.get_by_role("button", name="Issue the card").click()
    expect(page.get_by_text("Enter an amount such as 25.00")).to_be_visible()
    page.get_by_label("Amount").fill("25")
    page.get_by_role("button", name="Issue the card").click()
    expect(page.get_by_text("It is kept nowhere")).to_be_visible()
    inspect("operate-gift-cards")
    page.goto("/operate/webhooks")
    page.get_by_label("Address").fill("shop")
    page.get_by_role("button", name="Tell it").click()
    expect(page.get_by_text("Enter an address such as")).to_be_visible()
    inspect("webhooks")


def test_stock_is_found_watched_and_mended(page: Page, inspect: Inspect) -> None:
    page.goto("/sign-in?next=/operate/stock")
    page.get_by_label("E-mail address").fill(EXECUTIVE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stock")
    inspect("operate-stock")
    page.get_by_role("table").get_by_role("link").first.click()
    watch = page.get_by_role("region", name="Tell when it is low")
    watch.get_by_label("At so many units or fewer").fill("many")
    watch.get_by_role("button", name="Watch it").click()
    expect(page.get_by_text("Enter a whole number.")).to_be_visible()
    inspect("operate-variant-stock-wrong")
    watch.get_by_label("At so many units or fewer").fill("100000")
    watch.get_by_role("button", name="Watch it").click()
    expect(page.get_by_role("table").first).to_contain_text("low")
    mend = page.get_by_role("region", name="The count was wrong")
    mend.get_by_label("Units more or fewer").fill("2")
    mend.get_by_label("Why").fill("found behind the shelf")
    mend.get_by_role("button", name="Mend the count").click()
    expect(page.get_by_text("found behind the shelf")).to_be_visible()
    inspect("operate-variant-stock")
    page.goto("/operate/stock")
    expect(page.get_by_role("heading", name="To order")).to_be_visible()
    inspect("operate-stock-low")
    page.get_by_role("link", name="Locations").click()
    page.get_by_label("Short name").fill("North Side")
    page.get_by_label("Name", exact=True).fill("North")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("Use small letters, digits and dashes")).to_be_visible()
    inspect("operate-locations")
