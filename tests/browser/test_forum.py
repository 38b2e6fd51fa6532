"""The forum in a real browser: founded, written in, voted on and moderated, without a script where it can be."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Inspect
from tests.browser.test_storefront import sign_in

pytestmark = pytest.mark.browser
WORDS = "Warm the pot **first**.\n\n| Leaf | Minutes |\n|---|---|\n| Green | 2 |\n\n||Milk goes in last||"


def test_a_community_is_founded_and_talked_in(page: Page, inspect: Inspect) -> None:
    page.goto("/")
    page.get_by_role("link", name="Forum").first.click()
    expect(page.get_by_role("heading", name="Forum", level=1)).to_be_visible()
    inspect("forum-empty")
    sign_in(page)
    expect(page.get_by_role("link", name="Account and settings")).to_be_visible()
    page.goto("/forum/me")
    page.get_by_label("Another name").fill("x")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".wrong")).to_be_visible()
    inspect("forum-name-error")
    page.get_by_label("Another name").fill("grace")
    page.get_by_label("About you (optional)").fill("I brew tea and compilers.")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", name="grace")).to_be_visible()
    page.goto("/forum/communities")
    inspect("communities-empty")
    page.get_by_role("link", name="Found one").first.click()
    page.get_by_role("button", name="Found the community").click()
    expect(page.locator(".wrong").first).to_be_visible()
    inspect("community-form-error")
    page.get_by_label("Name", exact=True).fill("Tea room")
    page.get_by_label("Address").fill("tea")
    page.get_by_label("What it is about (optional)").fill("Leaves, water and time.")
    page.get_by_label("Rules (optional)").fill("- Be kind\n- No **coffee**")
    page.get_by_role("button", name="Found the community").click()
    expect(page.get_by_role("heading", name="Tea room")).to_be_visible()
    inspect("community-empty")
    page.get_by_role("link", name="Write a post").first.click()
    page.get_by_label("Title").fill("How long should green tea draw?")
    page.get_by_label("Words").fill(WORDS)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.locator(".panel .words strong", has_text="first")).to_be_visible()
    inspect("compose-preview")
    page.get_by_role("button", name="Post it").click()
    expect(page.get_by_text("Nobody has answered yet.")).to_be_visible()
    address = page.url
    page.get_by_label("Your answer").fill("Two minutes, @grace, and not one more.")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.locator(".focus .words")).to_contain_text("Two minutes")
    page.locator("summary", has_text="Answer").first.click()
    page.get_by_label("Your answer").first.fill("> Two minutes\n\nThree, with cold hands.")
    page.get_by_role("button", name="Answer", exact=True).first.click()
    expect(page.locator(".above")).to_contain_text("Two minutes")
    inspect("comment")
    page.goto(address)
    expect(page.get_by_role("heading", name="2 comments")).to_be_visible()
    page.locator(".thread > li > details > summary").first.click()
    expect(page.get_by_text("Three, with cold hands.")).to_be_hidden()
    page.locator(".thread > li > details > summary").first.click()
    page.locator(".talk.first summary", has_text="Moderate").click()
    inspect("post")
    page.get_by_label("Reason").first.fill("Said enough")
    page.get_by_role("button", name="Lock").click()
    expect(page.get_by_text("locked").first).to_be_visible()
    page.goto("/forum/c/tea/log")
    expect(page.get_by_text("Said enough")).to_be_visible()
    page.locator("summary", has_text="Take back").click()
    inspect("mod-log")
    page.get_by_label("Reason").fill("There is more to say")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("taken back")).to_be_visible()
    page.goto("/forum/c/tea/submit?kind=poll")
    page.get_by_label("Title").fill("Which leaf?")
    page.get_by_label("Choices").fill("Green\nBlack\nWhite")
    inspect("compose-poll")
    page.get_by_role("button", name="Post it").click()
    page.get_by_role("radio", name="Black").check()
    page.get_by_role("button", name="Choose").click()
    expect(page.get_by_text("1 of 1")).to_be_visible()
    inspect("post-poll")
    page.goto("/forum/c/tea/submit?kind=link")
    page.get_by_label("Title").fill("Looooooooooong leaves")
    page.get_by_label("Address").fill("https://example.org/leaves")
    page.get_by_role("button", name="Post it").click()
    expect(page.get_by_text("This is being looked at.")).to_be_visible()
    page.goto("/forum/c/tea/queue")
    inspect("mod-queue")
    page.locator("summary", has_text="Moderate").click()
    page.get_by_label("Reason").first.fill("Only long")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    for path, name in (
        ("/forum?of=all", "forum"),
        ("/forum/c/tea?sort=top", "community"),
        ("/forum/u/grace", "person"),
        ("/forum/communities", "communities"),
        ("/forum/sets", "sets-empty"),
        ("/forum/search?query=tea", "forum-search"),
        ("/forum/search?query=zeppelin", "forum-search-empty"),
    ):
        page.goto(path)
        inspect(name)


def test_communities_are_put_together(page: Page, inspect: Inspect) -> None:
    sign_in(page)
    page.goto("/forum/sets/new")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".wrong").first).to_be_visible()
    inspect("set-form-error")
    page.get_by_label("Name", exact=True).fill("Warm drinks")
    page.get_by_label("Address").fill("warm-drinks")
    page.get_by_label("Everybody may read the set").check()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Warm drinks")
    expect(page.locator(".talk h2 a", has_text="How long")).to_be_visible()
    inspect("set")
    page.goto("/forum/sets")
    inspect("sets")
    page.get_by_role("link", name="Change Warm drinks").click()
    inspect("set-form")


def test_somebody_else_votes(page: Page, inspect: Inspect) -> None:
    page.goto("/forum?of=all")
    link = page.locator(".talk h2 a", has_text="How long")
    address = link.get_attribute("href")
    link.click()
    expect(page.locator("script[type='application/ld+json']")).to_have_count(1)
    page.goto("/register")
    page.get_by_label("Your name").fill("Vera Voter")
    page.get_by_label("E-mail address").fill("vera@example.org")
    page.get_by_label("Password").first.fill("seven loud yellow kites")
    page.get_by_role("button", name="Create the account").click()
    page.get_by_label("E-mail address").fill("vera@example.org")
    page.get_by_label("Password").fill("seven loud yellow kites")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Account and settings")).to_be_visible()
    page.goto("/forum/for-you")
    expect(page.get_by_text("Popular with everybody").first).to_be_visible()
    inspect("forum-for-you")
    page.get_by_role("button", name="Not this How long").click()
    expect(page.get_by_text("It does not stand here any more.")).to_be_visible()
    expect(page.locator(".talk h2 a", has_text="How long")).to_have_count(0)
    page.goto("/taste")
    inspect("taste-posts")
    page.get_by_role("button", name="Use again How long").click()
    expect(page.get_by_text("It may stand in your feed again.")).to_be_visible()
    page.goto("/forum/for-you")
    page.locator(".talk h2 a", has_text="How long").click()
    assert "?rec=" in page.url
    page.goto(str(address))
    assert len(page.content()) < 100_000
    page.get_by_role("button", name="Vote up How long").click()
    expect(page.locator(".talk.first .votes .num")).to_contain_text("1")
    expect(page.get_by_role("button", name="Vote up How long")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Vote up the comment of grace").first.click()
    expect(page.locator(".acts-below .num").first).to_contain_text("1")
    inspect("post-voted")


SHIFTS = """() => new Promise(done => {
    let sum = 0
    new PerformanceObserver(list => list.getEntries().forEach(entry => { sum += entry.value }))
        .observe({type: "layout-shift", buffered: true})
    setTimeout(() => done(sum), 300)
})"""


def test_the_main_path_without_javascript(chromium: Browser, shop_url: str) -> None:
    context = chromium.new_context(base_url=shop_url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page)
    page.goto("/forum/new-community")
    page.get_by_label("Name", exact=True).fill("Plain room")
    page.get_by_label("Address").fill("plain")
    page.get_by_role("button", name="Found the community").click()
    page.get_by_role("link", name="Write a post").first.click()
    page.get_by_label("Title").fill("Does it work without a script?")
    page.get_by_label("Words").fill("It should.")
    page.get_by_role("button", name="Post it").click()
    expect(page.get_by_text("Nobody has answered yet.")).to_be_visible()
    address = page.url
    page.get_by_label("Your answer").fill("It does.")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.locator(".focus .words")).to_contain_text("It does.")
    page.goto(address)
    expect(page.get_by_role("heading", name="1 comment")).to_be_visible()
    page.goto("/notifications")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    context.close()


def test_a_thread_by_keyboard_alone_and_without_a_jump(page: Page) -> None:
    sign_in(page)
    expect(page.get_by_role("link", name="Account and settings")).to_be_visible()
    page.goto("/forum/c/plain?sort=new")
    assert page.evaluate(SHIFTS) < 0.1
    link = page.get_by_role("link", name="Does it work without a script?").first
    reach(page, link)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Does it work without a script?")).to_be_visible()
    assert page.evaluate(SHIFTS) < 0.1
    field = page.get_by_label("Your answer").first
    reach(page, field)
    page.keyboard.type("By keys alone.")
    reach(page, page.get_by_role("button", name="Answer", exact=True).first)
    page.keyboard.press("Enter")
    expect(page.locator(".focus .words")).to_contain_text("By keys alone.")


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus."""
    for _ in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} cannot be reached")
