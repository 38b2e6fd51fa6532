"""Articles, drafts and news in a real browser: what is typed is kept by itself, versions are compared."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.test_storefront import sign_in

pytestmark = pytest.mark.browser
WORDS = "# Water\n\nFresh and **soft**.\n\n> Not twice boiled.\n\n- Green: 70 °C\n- Black: 95 °C"


def test_an_article_is_written_compared_and_published(page: Page, inspect: Inspect) -> None:
    page.goto("/articles")
    inspect("articles-empty")
    sign_in(page)
    page.goto("/create/articles")
    inspect("own-articles-empty")
    page.get_by_role("link", name="Write an article").first.click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".wrong")).to_be_visible()
    inspect("creator-name-error")
    page.get_by_label("Name", exact=True).fill("Grace Brews")
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("link", name="Write an article").first.click()
    page.get_by_label("Title").fill("Tea at home")
    page.get_by_role("textbox", name="Words").fill(WORDS)
    expect(page.get_by_text("Kept at")).to_be_visible()  # by itself
    page.get_by_label("Summary (optional)").fill("What water does to leaves.")
    page.get_by_role("button", name="Keep a version").click()
    page.get_by_role("textbox", name="Words").fill(WORDS.replace("95", "98"))
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("heading", name="Water")).to_be_visible()
    inspect("article-preview")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("It is published.")).to_be_visible()
    page.locator("summary", has_text="Publish at a later time").click()
    page.locator("summary", has_text="Pictures").click()
    inspect("article-editor")
    page.get_by_role("link", name="Versions").click()
    expect(page.locator("ins")).to_contain_text("98 °C")
    inspect("article-history")
    page.goto("/create/articles")
    inspect("own-articles")
    page.get_by_role("link", name="Read it").click()
    expect(page.get_by_role("heading", name="Tea at home", level=1)).to_be_visible()
    inspect("article")
    page.goto("/articles")
    inspect("articles")
    page.goto("/operate/articles")
    inspect("operate-articles-empty")


def test_what_is_begun_told_and_not_wanted(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    page.goto("/forum/new-community")
    page.get_by_label("Name", exact=True).fill("Kettles")
    page.get_by_label("Address").fill("kettles")
    page.get_by_role("button", name="Found the community").click()
    page.goto("/forum/c/kettles/submit?kind=image")
    page.get_by_label("Title").fill("My kettle")
    expect(page.get_by_text("Kept at")).to_be_visible()
    page.locator("summary", has_text="About a product").click()
    inspect("compose-image")
    for path, name in (
        ("/forum/drafts", "drafts"),
        ("/forum/saved", "saved-empty"),
        ("/forum/unwanted", "unwanted"),
        ("/forum/trust", "trust"),
        ("/notifications", "notifications-empty"),
        ("/notifications/preferences", "notification-preferences"),
        ("/dashboards/communities", "dashboard-communities"),
    ):
        page.goto(path)
        inspect(name)
