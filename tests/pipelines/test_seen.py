"""What a customer saw at an order: of that moment, not of now."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from infra.local import ask
from infra.local.cli import app
from infra.local.settings import LocalError
from pipelines.lib import typed
from pipelines.lib.seen import seen_at_order
from tests.pipelines.lake_writer import DAY, Lake

NOON = DAY + timedelta(hours=12)
HOUR = timedelta(hours=1)
ORDER, CUSTOMER, BROWSER = uuid4(), uuid4(), str(uuid4())
SHELF = str(uuid4())


def product(lake: Lake, title: str, price: int, hours: int) -> dict[str, Any]:
    about: dict[str, Any] = {
        "sku": "tea",
        "department": "Grocery",
        "category": "Tea",
        "product_type": "Tea",
        "brand": "Own",
    }
    return lake.event(
        "catalog.product_published",
        NOON + hours * HOUR,
        product_id=7,
        title=title,
        price_minor=price,
        currency="USD",
        **about,
    )


def moved(lake: Lake, movement: str, quantity: int, hours: int, order_id: str | None = None) -> dict[str, Any]:
    at = NOON + hours * HOUR
    facts: dict[str, Any] = {"movement": movement, "quantity": quantity, "order_id": order_id}
    return lake.event("inventory.stock_moved", at, product_id=7, variant_id=7, location="main", cause="", **facts)


def served(lake: Lake, hours: float, browser: str, position: int, version: int) -> dict[str, Any]:
    item = {"position": position, "product_id": 7, "reason": "because", "score": 0.5, "propensity": 0.25}
    return lake.event(
        "recommendations.recommendation_served",
        NOON + hours * HOUR,
        recommendation_id=SHELF if version == 3 else str(uuid4()),
        anonymous_id=browser,
        surface="home",
        model="ease",
        model_version=version,
        items=[item],
    )


@pytest.fixture
def filled(lake: Lake) -> Lake:
    """Tea was cheaper before the order and is dearer since; stock and rankings changed on both sides of it."""
    change: dict[str, Any] = {"product_id": 7, "variant_id": 7, "old_price_minor": 500, "currency": "USD"}
    lake.land(
        product(lake, "Tea", 500, -9),
        lake.event("catalog.price_changed", NOON - 5 * HOUR, **change, new_price_minor=450),
        lake.event("catalog.price_changed", NOON + HOUR, **change, new_price_minor=999),
        product(lake, "Tea, renamed", 999, 2),
        moved(lake, "received", 10, -9),
        moved(lake, "allocated", 3, -8, str(uuid4())),
        moved(lake, "released", 1, -7, str(uuid4())),
        moved(lake, "shipped", 2, -6, str(uuid4())),
        moved(lake, "adjusted", -1, -5),
        moved(lake, "allocated", 2, 0, str(ORDER)),
        moved(lake, "received", 500, 1),
        served(lake, -0.5, BROWSER, 4, 3),
        served(lake, -48, BROWSER, 1, 2),
        served(lake, 0.5, BROWSER, 1, 4),
        served(lake, -0.5, str(uuid4()), 2, 3),
        lake.event(
            "analytics.product_viewed",
            NOON - HOUR / 4,
            anonymous_id=BROWSER,
            customer_id=str(CUSTOMER),
            product_id=7,
            recommendation_id=SHELF,
        ),
        lake.order(NOON, CUSTOMER, (7, 2, 450), (8, 1, 100), order_id=ORDER),
        lake.order(NOON, uuid4(), (9, 1, 100)),
    )
    typed.build(lake.settings)
    return lake


def test_price_stock_and_ranking_are_those_of_the_moment(filled: Lake) -> None:
    seen = seen_at_order(ORDER, settings=filled.settings)
    assert (seen.order["placed_at"], seen.order["total_minor"]) == (NOON, 1_000)
    tea, unknown = seen.lines.rows(named=True)
    assert (tea["title"], tea["list_price_minor"], tea["unit_price_minor"], tea["available"]) == ("Tea", 450, 450, 7)
    assert (unknown["product_id"], unknown["title"], unknown["list_price_minor"], unknown["available"]) == (
        *(8, None),
        *(None, None),
    )
    [ranking] = seen.rankings.rows(named=True)
    assert (ranking["position"], ranking["model"], ranking["model_version"]) == (4, "ease", 3)
    assert ranking["recommendation_id"] == SHELF
    [view] = seen.views.rows(named=True)
    assert (view["product_id"], view["recommendation_id"]) == (7, SHELF)
    longer = seen_at_order(ORDER, hours=72, settings=filled.settings)
    assert longer.rankings["model_version"].to_list() == [3, 2]


def test_the_command_answers_in_every_form(filled: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "enter", dict)
    shown = CliRunner().invoke(app, ["lake", "order", str(ORDER)])
    assert shown.exit_code == 0
    assert "1000 USD" in shown.stdout
    assert "ease" in shown.stdout
    told = json.loads(CliRunner().invoke(app, ["lake", "order", str(ORDER), "--format", "json"]).stdout)
    assert told["lines"][0]["list_price_minor"] == 450
    assert told["rankings"][0]["model_version"] == 3
    lines = CliRunner().invoke(app, ["lake", "order", str(ORDER), "--format", "csv"]).stdout
    assert lines.splitlines()[0].startswith("line_number,product_id,variant_id,title,list_price_minor")


def test_an_order_that_nobody_placed_is_told(filled: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "enter", dict)
    told = CliRunner().invoke(app, ["lake", "order", str(uuid4())])
    assert isinstance(told.exception, LocalError)
    assert "the lake has no order" in str(told.exception)
    assert CliRunner().invoke(app, ["lake", "order", "first"]).exit_code == 2
