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
