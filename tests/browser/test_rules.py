"""A rule from the first words to being in force, at the desk."""

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.test_storefront import sign_in

pytestmark = pytest.mark.browser


def test_a_rule_is_written_watched_and_put_in_force(page: Page, inspect: Inspect, shop_env: dict[str, str]) -> None:
    sign_in(page)
    page.goto("/operate")
    page.get_by_role("link", name="Rules").click()
    page.get_by_role("link", name="Write a rule").click()
    page.get_by_role("textbox", name="Name").fill("shouting")
    page.get_by_role("textbox", name="Condition").fill("text.capitals >")
    page.get_by_label("Policy that the author is told").select_option("Write to be read")
    page.get_by_label("What it is for").fill("Capitals only.")
    page.get_by_role("button", name="Keep it as a draft").click()
    expect(page.get_by_text("Syntax error")).to_be_visible()
    expect(page.get_by_label("Policy that the author is told")).to_have_value("Write to be read")
    inspect("operate-rule-error")
    page.get_by_role("textbox", name="Condition").fill("text.capitals > 0.8")
    page.get_by_role("button", name="Keep it as a draft").click()
    expect(page.get_by_text("Draft", exact=True)).to_be_visible()
    page.get_by_role("button", name="Watch it in the shadow").click()
    page.get_by_role("button", name="Put it in force").click()
    expect(page.get_by_role("alert")).to_contain_text("First see what it would have done")
    with psycopg.connect(shop_env["AGORA_POSTGRES_OWNER_URL"]) as database:  # as if the pipelines had answered
        database.execute(
            "INSERT INTO serving.backtests (rule, rule_version, expression, days, finished_at)"
            " VALUES ('shouting', 2, 'text.capitals > 0.8', 90, now())"
        )
    page.get_by_role("button", name="Put it in force").click()
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    inspect("operate-rule")
    page.get_by_role("link", name="Rules", exact=True).click()
    page.get_by_role("textbox", name="Text", exact=True).fill("THIS IS THE VERY BEST CHEESE OF THEM ALL")
    page.get_by_role("button", name="What would be said?").click()
    expect(page.get_by_text("It would be held: shouting")).to_be_visible()
    inspect("operate-rules")
