"""A real shop for a real browser: own databases, the API and the gateway as processes, Chromium."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from psycopg import sql

from tests.api.conftest import migrate
from tests.gateway_process import free_port, running_gateway

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
START_SECONDS = 60


def _named(url: str, database: str) -> str:
    base, _, query = url.partition("?")
    return f"{base.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


@pytest.fixture(scope="session")
def shop_env(stack_env: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of this shop's processes: a migrated database with goods in it, and a warehouse with marts."""
    owner_url = stack_env["AGORA_POSTGRES_OWNER_URL"]
    name = f"agora_browser_{secrets.token_hex(4)}"
    names = (name, f"{name}_warehouse")
    shop = {key: _named(stack_env[key], name) for key in stack_env if key.startswith("AGORA_POSTGRES_")}
    shop["AGORA_WAREHOUSE_READ_URL"] = _named(stack_env["AGORA_POSTGRES_URL"], names[1])
    shop["AGORA_KAFKA_TOPIC_PREFIX"] = f"{name}."
    shop["SHOP_WAREHOUSE_OWNER_URL"] = _named(owner_url, names[1])
    shop["AGORA_API_URL"] = f"http://127.0.0.1:{free_port()}"
    with (
        psycopg.connect(owner_url, autocommit=True) as admin,
        running_gateway(tmp_path_factory.mktemp("gateway")) as gateway,
    ):
        for database in names:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        env = {**os.environ, **stack_env, **shop, **gateway.environment}
        migrate(shop["AGORA_POSTGRES_OWNER_URL"])
        subprocess.run([sys.executable, "-m", "tests.browser.shelves"], env=env, check=True, timeout=90)
        yield env
        for database in names:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


@pytest.fixture(scope="session")
def shop_url(shop_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the running shop."""
    url = shop_env["AGORA_API_URL"]
    port = url.rpartition(":")[2]
    log = tmp_path_factory.mktemp("shop") / "api.log"
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1"]
    with log.open("wb") as output:
        command += ["--port", port, "api.app:create_app"]
        process = subprocess.Popen(command, env=shop_env, stdout=output, stderr=output)
        try:
            _wait(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/healthz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(log.read_text())


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
