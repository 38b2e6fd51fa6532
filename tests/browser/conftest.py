"""A real shop for a real browser."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.shop import filled_shop, open_shop

SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (1280, 390)
HEIGHT = 900


@pytest.fixture(scope="session")
def shop_env(stack_env: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of this shop's processes: a migrated database with goods in it, and a warehouse with marts."""
    with filled_shop(stack_env, tmp_path_factory.mktemp("shop")) as env:
        yield env


@pytest.fixture(scope="session")
def shop_url(shop_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the running shop."""
    with open_shop(shop_env, tmp_path_factory.mktemp("shop")) as url:
        yield url


# For the module, not the session: while Playwright is there its event loop runs, and no asynchronous test could.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console and its network complained about."""
    return []


def _is_complaint(message: ConsoleMessage) -> bool:
    """Errors such as a breach of the content policy; a status of 404 or 422 is an answer that a test wanted."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@pytest.fixture
def page(chromium: Browser, shop_url: str, complaints: list[str]) -> Iterator[Page]:
    """A fresh visitor. Errors on the console and requests to other hosts are collected in `complaints`."""
    context = chromium.new_context(base_url=shop_url, viewport={"width": WIDTHS[0], "height": HEIGHT})
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
    page.on("request", lambda request: None if request.url.startswith(shop_url) else complaints.append(request.url))
    yield page
    context.close()
    assert complaints == []


Inspect = Callable[..., None]


@pytest.fixture
def inspect(page: Page) -> Inspect:
    """`inspect("name")`: at both widths a screenshot, no sideways scrolling, and no violation found by axe."""
    axe = Axe()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def look(name: str) -> None:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.wait_for_load_state("load")
            page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls at {width}"
            found = axe.run(page).response["violations"]
            assert found == [], [(each["id"], each["nodes"][0]["html"]) for each in found]
        page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})

    return look
