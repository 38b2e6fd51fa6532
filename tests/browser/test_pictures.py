"""Pictures of products in a browser: sent in by an operator, made ready, shown in the shop."""

import re
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.conftest import Inspect
from tests.browser.shelves import EXECUTIVE, PASSWORD
from tests.shop import run_worker_once


@pytest.fixture
def coat(tmp_path: Path) -> Path:
    """A picture of a coat, more or less."""
    picture = Image.new("RGB", (800, 1000), "#e8e2d6")
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((220, 180, 580, 900), 60, fill="#2f6f4f")
    draw.line((400, 180, 400, 900), fill="#1d4733", width=8)
    path = tmp_path / "coat.jpg"
    picture.save(path, "JPEG")
    return path


def test_a_picture_comes_into_the_shop(
    page: Page, inspect: Inspect, coat: Path, tmp_path: Path, shop_env: Mapping[str, str]
) -> None:
    with psycopg.connect(shop_env["AGORA_POSTGRES_OWNER_URL"]) as connection:
        statement = (
            "select product_id from catalog.products join catalog.product_sales using (product_id)"
            " where is_active order by units_sold desc limit 1"
        )
        row = connection.execute(statement).fetchone()
    assert row is not None
    path = f"/operate/products/{row[0]}/images"
    page.goto(f"/sign-in?next={path}")
    page.get_by_label("E-mail address").fill(EXECUTIVE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("No pictures yet")).to_be_visible()
    no_picture = tmp_path / "letter.png"
    no_picture.write_text("Dear shop, this is a letter.")
    page.get_by_label("Picture", exact=True).set_input_files(no_picture)
    page.get_by_role("button", name="Send it in").click()
    expect(page.get_by_text("must be one of image/jpeg")).to_be_visible()
    inspect("operate-images-wrong")
    page.goto(path)
    page.get_by_label("Picture", exact=True).set_input_files(coat)
    page.get_by_label("What it shows").fill("A green coat")
    page.get_by_role("button", name="Send it in").click()
    expect(page.get_by_text("The picture came.")).to_be_visible()
    expect(page.get_by_text("Being made ready")).to_be_visible()
    run_worker_once(shop_env)
    page.goto(path)
    picture = page.get_by_role("img", name="A green coat")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 128
    inspect("operate-images")
    page.goto(f"/p/{row[0]}")
    expect(page.get_by_role("img", name="A green coat")).to_be_visible()
    assert re.search(r'property="og:image" content="http://[^"]+/960\.webp"', page.content())
    inspect("product-with-picture")
    page.goto("/")
    inspect("home-with-picture")
