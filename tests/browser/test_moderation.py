"""Moderation in a real browser: the queue, a decision, what an author is told, policies, and a rule on the past."""

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.shelves import EXECUTIVE
from tests.browser.test_storefront import sign_in

pytestmark = pytest.mark.browser
CASES = """
INSERT INTO moderation.cases (case_id, origin, kind, subject_id, author_id, title, body, url, picture, rule,
    rule_version, policy, policy_version, severity, reports, due_at)
SELECT gen_random_uuid(), origin, kind, gen_random_uuid(), gen_random_uuid(), title, body, '/forum', picture, rule,
    CASE WHEN rule IS NOT NULL THEN 1 END, policy, 1, severity, reports, now() + wait
FROM (VALUES
    ('report', 'post', 'My cat on the kettle', 'Look at her.', '/static/mark.svg', NULL, 'Respect privacy', 2, 6,
     interval '-1 hour'),
    ('hold', 'comment', 'How long should it draw?', 'Sooooooooooooo long', NULL, 'repeated-character',
     'Write to be read', 0, 0, interval '3 days')
) AS c (origin, kind, title, body, picture, rule, policy, severity, reports, wait)
"""
STATED = """
WITH me AS (SELECT customer_id FROM identity.customers WHERE email = %(email)s),
opened AS (
    INSERT INTO moderation.cases (case_id, origin, kind, subject_id, author_id, title, body, url, policy,
        policy_version, severity, due_at)
    SELECT gen_random_uuid(), 'report', 'post', gen_random_uuid(), customer_id, 'Cheap kettles', 'Buy them at my shop.',
        '/forum', 'No advertising', 1, 1, now() FROM me
    RETURNING case_id, author_id
),
made AS (
    INSERT INTO moderation.decisions (decision_id, case_id, act, actor_id, note, policy, policy_version, strike)
    SELECT gen_random_uuid(), case_id, 'remove', gen_random_uuid(), 'It sells your own goods.', 'No advertising', 1, 1
    FROM opened RETURNING *
)
INSERT INTO moderation.statements (statement_id, case_id, decision_id, customer_id, kind, title, body, url, effect,
    note, policy, policy_version, is_automated, strike)
SELECT gen_random_uuid(), case_id, decision_id, author_id, 'post', 'Cheap kettles', 'Buy them at my shop.', '/forum',
    'removed', note, policy, policy_version, false, strike FROM made JOIN opened USING (case_id)
"""
PAST = """
INSERT INTO serving.backtests (rule, rule_version, expression, days, finished_at, texts, hits, people, most_by_one,
    removed, stood, alone, overlap, by_week)
SELECT name, version, expression, 90, now(), 48210, 312, 97, 21, 120, 40, 250, '{"toxic": 62}',
    '[["2026-09-07", 20], ["2026-09-14", 44], ["2026-09-21", 31]]'
FROM moderation.rules WHERE name = 'link' ORDER BY version DESC LIMIT 1
"""
REFUSING = """
INSERT INTO moderation.rules (name, version, expression, outcome, policy, policy_version, state, explanation)
VALUES ('no-zeppelins', 1, 'text.body.contains("zeppelin")', 'reject', 'No advertising', 1, 'active', 'Not here.')
"""


@pytest.fixture(scope="module")
def cases(shop_env: dict[str, str]) -> None:
    """Two cases about what others wrote, one statement, and a rule that was tried on the past."""
    with psycopg.connect(shop_env["AGORA_POSTGRES_OWNER_URL"]) as database:
        database.execute(CASES)
        database.execute(STATED, {"email": EXECUTIVE})
        database.execute(PAST)
        database.execute(REFUSING)


def test_cases_are_looked_through_and_decided(page: Page, inspect: Inspect, cases: None) -> None:
    sign_in(page)
    page.goto("/operate")
    page.get_by_role("link", name="Review queue").click()
    expect(page.locator(".cases li").first).to_contain_text("My cat on the kettle")  # what is due first
    blurred = "getComputedStyle(document.querySelector('.veil img')).filter"
    assert "blur" in page.evaluate(blurred)
    inspect("operate-cases")
    page.get_by_text("Picture, blurred").click()
    assert page.evaluate(blurred) == "none"
    page.get_by_role("link", name="My cat on the kettle").click()
    page.get_by_role("button", name="Take it", exact=True).click()
    expect(page.get_by_text("This case is yours.")).to_be_visible()
    page.get_by_role("button", name="Take it away").click()
    expect(page.locator(".wrong")).to_contain_text("Say why")
    inspect("operate-case-error")
    page.get_by_label("Reason").fill("Somebody is to be seen who did not agree.")
    page.get_by_role("button", name="Take it away").click()
    expect(page.get_by_role("heading", name="What was decided")).to_be_visible()
    inspect("operate-case-decided")
    page.get_by_text("Take it back").first.click()
    page.get_by_label("Reason").fill("It is a cat.")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("taken back")).to_be_visible()
    page.goto("/operate/cases?origin=hold")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Let them stand").click()
    expect(page.get_by_role("status").first).to_contain_text("1 decided.")
    page.goto("/operate/cases/decided")
    inspect("operate-cases-decided")


def test_an_author_reads_why_and_appeals(page: Page, inspect: Inspect, cases: None) -> None:
    sign_in(page)
    page.goto("/account")
    page.get_by_role("link", name="Statements").first.click()
    inspect("statements")
    page.get_by_role("link", name="Your post was removed").click()
    expect(page.get_by_text("It sells your own goods.")).to_be_visible()
    page.get_by_role("button", name="Appeal").click()
    expect(page.locator(".wrong")).to_be_visible()
    inspect("statement-error")
    page.get_by_label("Why the decision is wrong").fill("They are not mine: I only like them.")
    page.get_by_role("button", name="Appeal").click()
    expect(page.get_by_text("Your appeal waits")).to_be_visible()
    inspect("statement")


def test_whom_a_rule_refuses_reads_why_and_appeals(page: Page, inspect: Inspect, cases: None) -> None:
    sign_in(page)
    page.goto("/search?query=cheese")
    page.locator(".card .name a").first.click()
    page.get_by_label("Ask a question").fill("Is there one with a zeppelin on it?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".wrong")).to_contain_text("goes against our policy “No advertising”. Read why, and appeal")
    inspect("question-refused")
    page.goto("/account/statements")
    page.get_by_role("link", name="Your question is not published").click()
    expect(page.get_by_text("that rule, before anybody saw it")).to_be_visible()
    inspect("statement-refused")
    page.get_by_label("Why the decision is wrong").fill("It is a brand of cheese.")
    page.get_by_role("button", name="Appeal").click()
    expect(page.get_by_text("A person decides")).to_be_visible()


def test_policies_are_read_rewritten_and_compared(page: Page, inspect: Inspect, cases: None) -> None:
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Policies").click()
    inspect("policies")
    page.get_by_role("link", name="Vote honestly").click()
    inspect("policy")
    address = page.url
    sign_in(page)
    page.goto(address)
    page.get_by_role("link", name="Write the next version").click()
    page.get_by_label("What it says").fill("A vote is what one person thinks.\n\nNobody votes for others.")
    page.get_by_role("button", name="Publish it").click()
    expect(page.locator(".wrong")).to_be_visible()
    inspect("operate-policy-error")
    page.get_by_label("What changes, for the history").fill("Shorter.")
    page.get_by_role("button", name="Publish it").click()
    page.get_by_role("link", name="What changed in version 2").click()
    expect(page.locator("ins")).to_contain_text("Nobody votes for others.")
    inspect("policy-changes")


def test_a_rule_shows_what_it_would_have_done(page: Page, inspect: Inspect, cases: None) -> None:
    sign_in(page)
    page.goto("/operate/rules/link")
    expect(page.get_by_text("120 removed, 40 let stand")).to_be_visible()
    inspect("operate-rule-backtest")
    page.get_by_role("button", name="Test it on the last 90 days").click()
    expect(page.get_by_role("status").first).to_contain_text("Being found out")
