"""One's own account in a browser: addresses, the second factor, sign-ins, privacy, a forgotten password."""

import re
import time
from collections.abc import Mapping

import psycopg
import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect

PASSWORD = "three quiet words"


def mailed_code(env: Mapping[str, str], email: str) -> str:
    """The code of the newest mail to an address; no worker runs here, so it is still queued."""
    statement = (
        "select args->'args'->>'body' from procrastinate_jobs where args->'args'->>'to' = %s order by id desc limit 1"
    )
    with psycopg.connect(env["AGORA_POSTGRES_OWNER_URL"]) as connection:
        row = connection.execute(statement, [email]).fetchone()
    assert row is not None
    found = re.search(r"\b\d{6}\b", row[0])
    assert found is not None
    return found.group()


@pytest.fixture
def email(page: Page, shop_url: str) -> str:
    """Somebody new, signed in."""
    address = f"kim{time.time_ns()}@example.org"
    page.goto("/register?next=/account")
    page.get_by_label("Your name").fill("Kim")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    sign_in(page, address, PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    return address


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def test_an_address_is_kept_changed_and_removed(page: Page, email: str, inspect: Inspect) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    inspect("account")
    page.get_by_role("link", name="Add an address").click()
    page.get_by_label("Who receives it").fill("Kim Example")
    page.get_by_label("Street and number").fill("12 Elm Street")
    page.get_by_label("Postal code").fill("97477")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("Enter the town.")).to_be_visible()
    expect(page.get_by_label("Street and number")).to_have_value("12 Elm Street")
    inspect("address-wrong")
    page.get_by_label("Town").fill("Springfield")
    page.get_by_label("Country").select_option("DE")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("The address is kept.")).to_be_visible()
    expect(page.get_by_text("Germany")).to_be_visible()
    inspect("addresses")
    page.get_by_role("button", name="Remove 12 Elm Street").click()
    expect(page.get_by_text("No address kept")).to_be_visible()


def test_the_second_factor_from_the_first_scan_to_a_sign_in_with_it(page: Page, email: str, inspect: Inspect) -> None:
    page.goto("/account/security")
    inspect("security")
    page.get_by_role("link", name="Turn it on").click()
    secret = page.get_by_role("code").inner_text()
    expect(page.locator(".qr svg")).to_be_visible()
    inspect("second-factor")
    page.get_by_label("Enter the code").fill(pyotp.TOTP(secret).at(int(time.time()) - 30))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The second factor is on")
    inspect("recovery-codes")
    page.goto("/account")
    page.get_by_role("button", name="Sign out").click()
    page.goto("/sign-in?next=/account/security")
    sign_in(page, email, PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This code does not hold")).to_be_visible()
    inspect("second-factor-wrong")
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("10 recovery codes are left")).to_be_visible()


def test_what_guards_the_account_asks_for_the_password_after_an_hour(
    page: Page, email: str, inspect: Inspect, shop_env: Mapping[str, str]
) -> None:
    page.goto("/account/security")
    with psycopg.connect(shop_env["AGORA_POSTGRES_OWNER_URL"]) as connection:
        connection.execute("update identity.sessions set confirmed_at = now() - interval '2 hours'")
    page.get_by_label("New password").fill("four other plain words")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    inspect("confirm")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign-in and security")
    page.get_by_label("New password").fill("password123")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("among the first that anybody would try")).to_be_visible()
    inspect("security-wrong")
    page.get_by_label("New password").fill("four other plain words")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your password was changed")).to_be_visible()


def test_a_forgotten_password_is_replaced_by_a_mailed_code(
    page: Page, email: str, inspect: Inspect, shop_env: Mapping[str, str]
) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.goto("/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    inspect("recover")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send the code").click()
    expect(page.get_by_text("a code is on its way")).to_be_visible()
    page.get_by_label("Code of the mail").fill(mailed_code(shop_env, email))
    page.get_by_label("New password").fill("four other plain words")
    inspect("recover-code")
    page.get_by_role("button", name="Use this password").click()
    expect(page.get_by_text("Your new password holds")).to_be_visible()
    sign_in(page, email, "four other plain words")
    page.goto("/account/security")
    expect(page.get_by_text("verified", exact=True)).to_be_visible()


def test_consents_are_given_and_taken_back(page: Page, email: str, inspect: Inspect) -> None:
    page.goto("/account/privacy")
    page.get_by_role("button", name="Agree Research").click()
    expect(page.get_by_text("Thank you.")).to_be_visible()
    inspect("privacy")
    page.get_by_role("button", name="Withdraw Research").click()
    expect(page.get_by_text("Withdrawn; it holds from now on.")).to_be_visible()
    page.get_by_role("button", name="Do not choose for me").click()
    expect(page.get_by_text("From now on you see what everybody sees.")).to_be_visible()
    inspect("privacy-alike")
    page.get_by_role("button", name="Choose for me", exact=True).click()
    expect(page.get_by_text("Products are chosen for you again.")).to_be_visible()
    page.get_by_label("Somebody answered my question").uncheck()
    page.get_by_role("button", name="Keep this choice").click()
    expect(page.get_by_label("Somebody answered my question")).not_to_be_checked()


def test_a_wish_is_kept_and_bought(page: Page, email: str, inspect: Inspect) -> None:
    page.get_by_role("link", name="Your wishlist").click()
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    inspect("wishlist-empty")
    page.goto("/search?query=milk")
    page.locator(".card .name a").first.click()
    title = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("button", name="Put on the wishlist").click()
    expect(page.get_by_role("button", name="On your wishlist: take it off")).to_be_visible()
    inspect("product-wished")
    page.get_by_role("link", name="See the list").click()
    expect(page.get_by_role("link", name=title)).to_be_visible()
    inspect("wishlist")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
