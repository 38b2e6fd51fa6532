"""One's own taste in a browser: seen, taken out, put back, begun anew, not used."""

import time
from collections.abc import Mapping

import psycopg
import valkey
from playwright.sync_api import Page, expect

from ingestion.online.interactions import Interaction
from ingestion.online.service import keep
from tests.browser.conftest import Inspect


def looked_at(page: Page, env: Mapping[str, str], count: int) -> list[str]:
    """What `ingestion.online` writes when this browser looks at products; their names, the newest first."""
    browser = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "agora_anon")
    with psycopg.connect(env["AGORA_POSTGRES_OWNER_URL"]) as connection:
        rows = connection.execute(
            "select product_id, title from catalog.products order by product_id limit %s", [count]
        ).fetchall()
    now = time.time()
    with valkey.Valkey.from_url(env["AGORA_VALKEY_URL"]) as client:
        keep(client, [Interaction(browser, product_id, "viewed", now - 60) for product_id, _ in rows])
        keep(client, [Interaction(browser, rows[0][0], "carted", now - 30)])
    return [title.partition(" · ")[0] for _, title in rows]


def test_a_person_decides_what_is_used(page: Page, shop_env: dict[str, str], inspect: Inspect) -> None:
    page.goto("/taste")
    expect(page.get_by_role("heading", level=1)).to_have_text("Why you see what you see")
    expect(page.get_by_text("Nothing yet")).to_be_visible()
    inspect("taste-empty")
    names = looked_at(page, shop_env, 5)
    page.reload()
    used = page.get_by_role("region", name="What is used")
    expect(used.get_by_role("listitem")).to_have_count(5)
    expect(used.get_by_role("listitem").first).to_contain_text("Put into the cart, looked at")
    inspect("taste")

    used.get_by_role("button", name="Take out").first.click()
    expect(page.get_by_text("Taken out.")).to_be_visible()
    expect(used.get_by_role("listitem")).to_have_count(4)
    removed = page.get_by_role("region", name="What you took out")
    expect(removed.get_by_role("listitem")).to_contain_text(names[0])
    inspect("taste-removed")
    removed.get_by_role("button", name="Use again").click()
    expect(used.get_by_role("listitem")).to_have_count(5)

    page.get_by_role("button", name="Do not choose for me").click()
    expect(page.get_by_text("From now on you see what everybody sees.")).to_be_visible()
    page.get_by_role("button", name="Choose for me").click()
    expect(page.get_by_text("Products are chosen for you again.")).to_be_visible()

    used.get_by_role("button", name="Start over").click()
    expect(page.get_by_text("You start over")).to_be_visible()
    expect(page.get_by_text("since you started over on")).to_be_visible()
