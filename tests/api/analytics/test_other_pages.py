"""Customers, inventory and models beside the period, or the version, before."""

import csv
import io
import json
from datetime import date, timedelta

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.domains.analytics.repository import models
from tests.api.analytics.conftest import AS_OF, Warehouse
from tests.api.analytics.test_sales_page import tiles
from tests.api.conftest import OneConnection, SignUp

PAGE = {"accept": "text/html"}
TODAY = date(2026, 3, 10)  # a Tuesday
WEEK = timedelta(weeks=1)


async def rows_of(client: AsyncClient, headers: dict[str, str], address: str) -> list[dict[str, str]]:
    answer = await client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture
def customers(figures: Warehouse) -> Warehouse:
    """Ann is old and came back, Bob is new, Eve was new three weeks ago and came back a week later."""
    people = (("ann", TODAY - 20 * WEEK, "35-44"), ("bob", TODAY, None), ("eve", TODAY - 3 * WEEK, "35-44"))
    for name, first, age in people:
        first_at = AS_OF.replace(year=first.year, month=first.month, day=first.day)
        known = {"customer_id": name, "source": "storefront", "first_order_at": first_at, "household_size": 2}
        figures.put("marts.dim_customers", known | {"age_band": age})
    for number, (name, day, price) in enumerate(
        [
            *(("ann", TODAY, 500), ("ann", TODAY, 700), ("bob", TODAY, 300), ("ann", TODAY - WEEK, 1000)),
            *(("eve", TODAY - 3 * WEEK, 100), ("eve", TODAY - 2 * WEEK, 100)),
        ]
    ):
        figures.order(str(number), day, name, (1, 1, price))
    for back in range(3):
        figures.put("marts.mart_customers_weekly", {"week": date(2026, 3, 9) - back * WEEK, "active": 2, "new": 1})
    return figures


async def test_customers_of_a_period_and_who_came_back(
    client: AsyncClient, sign_up: SignUp, customers: Warehouse
) -> None:
    boss = await sign_up("executive")
    page = (await client.get("/dashboards/customers?days=7&by=age", headers=PAGE | boss.headers)).text
    assert tiles(page) == {
        "Customers with an order": ("2", "up 100.0% from 1"),
        "New customers": ("1", "nothing to compare with before"),
        "Returning": ("50.0%", "down 50.0 points from 100.0%"),
        "Revenue per customer": ("$7.50", "down 25.0% from $10.00"),
    }
    segments = await rows_of(client, boss.headers, "/dashboards/customers.csv?days=7&by=age&table=segments")
    assert [(row["Age"], row["Customers"], row["New"], row["Revenue (USD)"]) for row in segments] == [
        ("35-44", "1", "0", "12.00"),
        ("not known", "1", "1", "3.00"),
    ]
    cohorts = await rows_of(client, boss.headers, "/dashboards/customers.csv?table=retention")
    assert [list(row.values())[:5] for row in cohorts] == [["2026-02-16", "1", "1.0", "0.0", ""]]
    curve = await rows_of(client, boss.headers, "/dashboards/customers.csv?table=curve")
    assert [list(row.values()) for row in curve] == [["1 week", "1.0", "1"], ["2 weeks", "0.0", "1"]]
    strange = await client.get("/dashboards/customers?by=shoe_size", headers=boss.headers)
    assert strange.status_code == 422


@pytest.mark.parametrize("by", ["source", "income", "household"])
async def test_customers_split_in_each_way_sum_to_the_same(
    client: AsyncClient, sign_up: SignUp, customers: Warehouse, by: str
) -> None:
    boss = await sign_up("executive")
    rows = await rows_of(client, boss.headers, f"/dashboards/customers.csv?days=7&by={by}&table=segments")
    assert sum(int(row["Customers"]) for row in rows) == 2


async def test_stock_that_moved_and_stock_that_lies_there(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse
) -> None:
    figures.products((1, "Tea", "Grocery", "Drinks"))
    moved = [("shipped", TODAY, 4), ("shipped", TODAY - WEEK, 8), ("received", TODAY, 50), ("shipped", TODAY, 1)]
    for number, (kind, day, units) in enumerate(moved):
        event = {"event_id": str(number), "day": day, "movement": kind, "quantity": units, "product_id": number + 1}
        figures.put("lake.inventory_stock_moved", event)
    analyst, keeper = await sign_up("analyst"), await sign_up("analyst", "operator")
    page = (await client.get("/dashboards/inventory?days=7", headers=PAGE | analyst.headers)).text
    shown = tiles(page)
    assert shown["Shipped"] == ("5", "down 37.5% from 8")
    assert shown["Received"] == ("50", "nothing to compare with before")
    assert shown["On hand"] == ("0", "now, at all places")
    assert "Main warehouse" in page
    assert 'href="/operate/stock"' not in page
    assert 'href="/operate/stock"' in (await client.get("/dashboards/inventory", headers=PAGE | keeper.headers)).text
    departments = await rows_of(client, analyst.headers, "/dashboards/inventory.csv?days=7&table=parts")
    assert [(row["Department"], row["Shipped"]) for row in departments] == [("Grocery", "4"), ("Unknown", "1")]
    grocery = "/dashboards/inventory{}?days=7&department=Grocery"
    assert grocery.format("").replace("&", "&amp;") in page
    narrowed = (await client.get(grocery.format(""), headers=PAGE | analyst.headers)).text
    assert tiles(narrowed)["Shipped"] == ("4", "nothing to compare with before")
    categories = await rows_of(client, analyst.headers, f"{grocery.format('.csv')}&table=parts")
    assert [(row["Category"], row["Shipped"]) for row in categories] == [("Drinks", "4")]


async def test_places_tell_what_lies_there(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse, session: AsyncSession
) -> None:
    await session.execute(
        text(
            "INSERT INTO inventory.stock (variant_id, product_id, location, on_hand, allocated, reserved)"
            " VALUES (1, 1, 'main', 10, 3, 2), (2, 2, 'main', 4, 4, 0)"
        )
    )
    await session.execute(
        text(
            "INSERT INTO inventory.thresholds (variant_id, location, low_at, is_low, low_since)"
            " VALUES (2, 'main', 5, true, now()), (1, 'main', 1, false, NULL)"
        )
    )
    analyst = await sign_up("analyst")
    [place] = await rows_of(client, analyst.headers, "/dashboards/inventory.csv?table=places")
    assert list(place.values()) == ["Main warehouse", "2", "14", "7", "2", "5", "1", "1"]
    figures.products((1, "Tea", "Grocery", "Drinks"), (2, "Soap", "Household", "Bath"))
    [place] = await rows_of(client, analyst.headers, "/dashboards/inventory.csv?table=places&department=Household")
    assert list(place.values()) == ["Main warehouse", "1", "4", "4", "0", "0", "1", "1"]
    [place] = await rows_of(client, analyst.headers, "/dashboards/inventory.csv?table=places&department=Toys")
    assert list(place.values()) == ["Main warehouse", "0", "0", "0", "0", "0", "0", "0"]


@pytest.fixture
async def trained(rolled_back: OneConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions: temporary tables, because the API's role may write no models."""
    monkeypatch.setattr(models, "_VERSIONS", text(models._VERSIONS.text.replace("serving.", "pg_temp.")))
    figures = {"recall_at_20": 0.5, "coverage_at_10": 0.2, "fit_seconds": 3.0}
    first = {"ease": figures | {"ndcg_at_10": 0.2}, "als": figures | {"ndcg_at_10": 0.1}}
    second = {"ease": figures | {"ndcg_at_10": 0.25}, "als": figures | {"ndcg_at_10": 0.3}}
    async with rolled_back.hot() as connection:
        for name in ("model_versions", "active"):
            await connection.execute(text(f"CREATE TEMP TABLE {name} (LIKE serving.{name}) ON COMMIT DROP"))
        insert = text(
            "INSERT INTO pg_temp.model_versions"
            " (version, name, kind, champion, parameters, metrics, lake_snapshots, created_at) VALUES"
            " (:version, 'recommendations', 'x', :champion, '{}', CAST(:metrics AS jsonb),"
            " '{\"typed.orders\": 9007199254740993}', now())"
        )
        for version, champion, metrics in ((1, "ease", first), (2, "als", second)):
            values = {"version": version, "champion": champion, "metrics": json.dumps(metrics)}
            await connection.execute(insert, values)
        active = "INSERT INTO pg_temp.active (name, version, activated_at) VALUES ('recommendations', 2, now())"
        await connection.execute(text(active))


@pytest.mark.usefixtures("trained", "figures")
async def test_the_model_that_answers_beside_the_version_before(client: AsyncClient, sign_up: SignUp) -> None:
    boss, customer = await sign_up("executive"), await sign_up()
    page = (await client.get("/dashboards/models", headers=PAGE | boss.headers)).text
    shown = tiles(page)
    assert shown["Champion"] == ("als", "before: ease")
    assert shown["NDCG at 10"] == ("0.3000", "up 50.0% from 0.2000")
    assert shown["Coverage at 10"] == ("20.0%", "the same as before")
    assert "9007199254740993" in page
    rows = await rows_of(client, boss.headers, "/dashboards/models.csv?table=candidates")
    assert [list(row.values()) for row in rows] == [["als", "0.3", "0.1"], ["ease", "0.25", "0.2"]]
    assert (await client.get("/dashboards/models", headers=PAGE | customer.headers)).status_code == 403


async def test_before_the_first_training_the_page_says_so(client: AsyncClient, sign_up: SignUp) -> None:
    boss = await sign_up("executive")
    assert "No figures yet" in (await client.get("/dashboards/models", headers=PAGE | boss.headers)).text
    assert (await client.get("/dashboards/models.csv?table=figures", headers=boss.headers)).status_code == 503


async def test_moderation_of_a_period_and_the_precision_of_each_rule(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse
) -> None:
    boss, customer = await sign_up("executive"), await sign_up()
    for day, origin, opened, decided, removed, waited in (
        (TODAY, "hold", 4, 2, 1, 7200),
        (TODAY, "report", 2, 1, 1, 3600),
        (TODAY - WEEK, "hold", 3, 3, 0, 10800),
    ):
        stood = decided - removed
        row = {"day": day, "origin": origin, "kind": "post", "opened": opened, "decided": decided, "removed": removed}
        figures.put("marts.mart_moderation", row | {"stood": stood, "waited_seconds": waited})
    appeal = {"day": TODAY, "origin": "appeal", "kind": "post", "decided": 1, "overturned": 1, "waited_seconds": 0}
    figures.put("marts.mart_moderation", appeal)
    figures.put(
        "marts.mart_moderation_rules",
        {"day": TODAY, "rule": "link", "texts": 9, "removed": 3, "stood": 1},
        {"day": TODAY, "rule": "toxic", "texts": 5, "in_shadow": 5},
        {"day": TODAY - WEEK, "rule": "link", "texts": 2, "removed": 1, "stood": 1},
    )
    page = (await client.get("/dashboards/moderation?days=7", headers=PAGE | boss.headers)).text
    assert tiles(page) == {
        "Cases opened": ("6", "up 100.0% from 3"),
        "Cases decided": ("4", "up 33.3% from 3"),
        "Taken away": ("2", "nothing to compare with before"),
        "Hours until a decision": ("0.8", "down 25.0% from 1.0"),
        "Appeals that were right": ("1", "of 1 decided"),
        "Precision of rules": ("75.0%", "up 25.0 points from 50.0%"),
    }
    assert page.count("<svg") >= 2
    rules = await rows_of(client, boss.headers, "/dashboards/moderation.csv?days=7&table=rules")
    assert [(row["Rule"], row["Texts"], row["Precision"]) for row in rules] == [
        ("link", "9", "0.75"),
        ("toxic", "5", ""),
    ]
    origins = await rows_of(client, boss.headers, "/dashboards/moderation.csv?days=7&table=origins")
    assert [(row["Why it waited"], row["Opened"], row["Before"]) for row in origins][:2] == [
        ("Held by a rule", "4", "3"),
        ("Reported by people", "2", "0"),
    ]
    assert (await client.get("/dashboards/moderation", headers=customer.headers)).status_code == 403
