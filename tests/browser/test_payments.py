"""A customer's payment with its second step, and the operators' desk, in a real browser."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.shelves import EXECUTIVE
from tests.browser.test_storefront import sign_in

pytestmark = pytest.mark.browser
MAKE = """
import asyncio, sys
from datetime import UTC, datetime
from uuid import uuid4
from sqlalchemy import text
from api.core.db import get_database, transaction
from api.domains.payments import facade as payments
from api.domains.payments.service import intents
async def make(customer_id):
    async with transaction() as session:
        return await payments.create_intent(session, uuid4(), 1250, "USD", customer_id=customer_id, tax_minor=200)
async def main():
    async with transaction() as session:
        found = await session.execute(text("SELECT customer_id FROM identity.customers WHERE email = :email"),
                                      {"email": sys.argv[1]})
        customer_id = found.scalar_one()
        await payments.credit_wallet(session, customer_id, uuid4(), 5000, "USD")
    disputed = await make(customer_id)
    result = await payments.confirm(disputed, "tok_dispute")
    async with transaction() as session:
        await payments.record(session, disputed.payment_id, result)
    await intents.refresh(disputed.payment_id)
    paid, forgotten, waiting = [await make(customer_id) for _ in range(3)]
    result = await payments.confirm(paid, "tok_ok")
    async with transaction() as session:
        await payments.record(session, paid.payment_id, result)
    await payments.confirm(forgotten, "tok_ok")
    await payments.reconcile(datetime.now(UTC).date())
    await get_database().close()
    print(waiting.payment_id, paid.payment_id)
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def made(shop_env: dict[str, str]) -> tuple[str, str]:
    """Ids of a payment that waits and of one that was paid; another is disputed, and one was never written down."""
    done = subprocess.run(
        [sys.executable, "-c", MAKE, EXECUTIVE], env=shop_env, capture_output=True, text=True, check=True
    )
    waiting, paid = done.stdout.split()[-2:]
    return waiting, paid


def test_a_second_step_at_the_bank(page: Page, inspect: Inspect, complaints: list[str], made: tuple[str, str]) -> None:
    sign_in(page)
    page.goto(f"/payments/{made[0]}")
    expect(page.get_by_label("Your wallet")).to_be_visible()
    inspect("payment")
    page.get_by_role("button", name=re.compile(r"Pay \$12\.50")).click()
    expect(page.get_by_text("Choose how you would like to pay.")).to_be_visible()
    inspect("payment-wrong")
    page.get_by_label("Card ending in 3220").check()
    page.get_by_role("button", name=re.compile("Pay")).click()
    expect(page.get_by_role("link", name="Continue at your bank")).to_be_visible()
    inspect("payment-action")
    page.get_by_role("link", name="Continue at your bank").click()
    expect(page.get_by_role("heading", name="Sandbox bank")).to_be_visible()
    inspect("sandbox-bank")
    page.get_by_role("button", name="Confirm the payment").click()
    expect(page.locator(".tag", has_text="Paid")).to_be_visible()
    inspect("payment-paid")
    complaints.clear()  # the bank is another host, and is meant to be


def test_the_desk(page: Page, inspect: Inspect, made: tuple[str, str]) -> None:
    sign_in(page)
    page.goto("/operate/payments")
    expect(page.get_by_role("link", name=made[1][-8:].upper())).to_be_visible()
    inspect("operate-payments")
    page.get_by_role("link", name=made[1][-8:].upper()).click()
    page.get_by_label("Amount to give back").fill("99")
    page.get_by_label("Reason").fill("damaged")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_label("Amount to give back")).to_be_focused()
    expect(page.get_by_text("$12.50 can be given back.")).to_be_visible()
    inspect("operate-payment-wrong")
    page.get_by_label("Amount to give back").fill("2.50")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_text("Up to $10.00")).to_be_visible()
    inspect("operate-payment")
    page.goto("/operate/disputes")
    inspect("operate-disputes")
    page.get_by_role("link", name="fraudulent").click()
    page.get_by_role("button", name="Send to the bank").click()
    expect(page.get_by_text("Write what the bank should know.")).to_be_visible()
    inspect("operate-dispute-wrong")
    page.get_by_label("What should the bank know?").fill("Signed for at the door.")
    page.get_by_role("button", name="Send to the bank").click()
    expect(page.get_by_text("Signed for at the door.")).to_be_visible()
    inspect("operate-dispute")
    page.goto("/operate/reconciliation")
    expect(page.get_by_text("missing in the ledger").first).to_be_visible()
    inspect("operate-reconciliation")
