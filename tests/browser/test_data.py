"""Data health, as an executive sees it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.shelves import EXECUTIVE, PASSWORD


def test_what_is_wrong_is_seen_and_the_proof_is_opened(page: Page, inspect: Inspect) -> None:
    page.goto("/sign-in?next=/dashboards/overview")
    page.get_by_label("E-mail address").fill(EXECUTIVE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Dashboards").get_by_role("link", name="Data health").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Data health")
    expect(page.get_by_role("region", name="Wrong now")).to_contain_text("sums differ on a day")
    expect(page.get_by_role("region", name="Failed events")).to_contain_text("Input should be a valid integer")
    inspect("data-health")
    page.locator(".tile").filter(has_text="Proof").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing differs")
    inspect("data-proof")
    page.get_by_role("region", name="Proofs before").get_by_role("link").nth(1).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 event differs")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("proof-")
