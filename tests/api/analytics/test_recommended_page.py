"""What recommendations led to, on the models' page."""

from datetime import date, timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.analytics.conftest import Warehouse
from tests.api.analytics.test_other_pages import rows_of, trained
from tests.api.analytics.test_sales_page import tiles
from tests.api.conftest import SignUp

__all__ = ["trained"]

PAGE = {"accept": "text/html"}
TODAY = date(2026, 3, 10)
BEFORE = TODAY - timedelta(days=7)
MART = "marts.mart_recommendations"

pytestmark = pytest.mark.usefixtures("trained")


def led(day: date, surface: str, version: int, **sums: int) -> dict[str, Any]:
    return {"day": day, "surface": surface, "model": "ease", "model_version": version} | sums


@pytest.fixture
def shelves(figures: Warehouse) -> Warehouse:
    """Two versions at two places, and one of them in the week before."""
    figures.put(
        MART,
        led(TODAY, "home", 2, answers=80, answers_clicked=20, clicks=30, orders=4, revenue_minor=10_000),
        led(TODAY, "cart", 2, answers=20, answers_clicked=1, clicks=1),
        led(TODAY - timedelta(days=3), "home", 1, answers=100, answers_clicked=19, orders=1, revenue_minor=500),
        led(BEFORE, "home", 1, answers=50, answers_clicked=5, orders=1, revenue_minor=1_000),
    )
    figures.products(*((number, f"Product {number}", "Grocery", "Tea") for number in range(10)))
    items = "lake.recommendations_recommendation_served_items"
    for number, (day, product_id) in enumerate([(TODAY, 1), (TODAY, 2), (TODAY, 2), (BEFORE, 1)]):
        figures.put(items, {"event_id": str(number), "day": day, "product_id": product_id})
    return figures


async def test_what_shelves_led_to_beside_the_period_before(
    client: AsyncClient, sign_up: SignUp, shelves: Warehouse
) -> None:
    analyst = await sign_up("analyst")
    page = (await client.get("/dashboards/models?days=7", headers=PAGE | analyst.headers)).text
    shown = tiles(page)
    assert shown["Clicked"] == ("20.0%", "up 10.0 points from 10.0%")
    assert shown["Orders per shelf"] == ("2.50%", "up 0.5 points from 2.00%")
    assert shown["Revenue per 1,000 shelves"] == ("$525.00", "up 162.5% from $200.00")
    assert shown["Catalogue shown"] == ("20.0%", "up 10.0 points from 10.0%")
    assert shown["Champion"] == ("als", "before: ease")
    assert 'href="/data/lineage/recommendation_click_share"' in page
    assert "from=2026-03-04&amp;until=2026-03-10" in page
    versions = await rows_of(client, analyst.headers, "/dashboards/models.csv?days=7&table=led")
    assert [(row["Model"], row["Shelves"], row["Orders"], row["Revenue (USD)"]) for row in versions] == [
        ("ease 1", "100", "1", "5.00"),
        ("ease 2", "100", "4", "100.00"),
    ]
    days = await rows_of(client, analyst.headers, "/dashboards/models.csv?days=7&table=clicked")
    assert [row["Now"] for row in days] == ["0.0", "0.0", "0.0", "0.19", "0.0", "0.0", "0.21"]


async def test_one_place_alone(client: AsyncClient, sign_up: SignUp, shelves: Warehouse) -> None:
    boss = await sign_up("executive")
    page = (await client.get("/dashboards/models?days=7&surface=cart", headers=PAGE | boss.headers)).text
    assert tiles(page)["Clicked"] == ("5.0%", "up 5.0 points from 0.0%")
    assert '<option value="cart" selected>' in page
    nowhere = (await client.get("/dashboards/models?surface=nowhere", headers=PAGE | boss.headers)).text
    assert tiles(nowhere)["Clicked"] == ("0.0%", "the same as before")
    assert "No shelf was shown." in nowhere


async def test_before_the_mart_is_built_the_trained_models_are_shown(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse
) -> None:
    boss = await sign_up("executive")
    figures.connection.execute(f"alter table {MART} rename to not_yet")
    try:
        page = (await client.get("/dashboards/models", headers=PAGE | boss.headers)).text
    finally:
        figures.connection.execute("alter table marts.not_yet rename to mart_recommendations")
    assert "Clicked" not in tiles(page)
    assert tiles(page)["Champion"] == ("als", "before: ease")
