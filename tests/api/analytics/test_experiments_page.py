"""What experiments led to, beside their control; and what places drawn by lot tell of other ways to choose."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.analytics.conftest import Warehouse
from tests.api.analytics.test_other_pages import rows_of, trained
from tests.api.conftest import SignUp

__all__ = ["trained"]

PAGE = {"accept": "text/html"}
TODAY = date(2026, 3, 10)
PATH = "/dashboards/experiments"


def variant(
    name: str, units: int, clicked: int, ordered: int, refunded: int, reported: int, **more: Any
) -> dict[str, Any]:
    return {
        "experiment_id": "wider-shelves",
        "variant": name,
        "began_at": datetime(2026, 3, 1, tzinfo=UTC),
        "last_at": datetime(2026, 3, 10, tzinfo=UTC),
        "units": units,
        "units_clicked": clicked,
        "units_ordered": ordered,
        "units_refunded": refunded,
        "units_reported": reported,
        "orders": ordered,
        "revenue_minor": ordered * 1000,
    } | more


@pytest.fixture
def experiment(figures: Warehouse) -> Warehouse:
    """Clicks are clearly more, orders are not; refunds are clearly more too, and reports clearly fewer."""
    figures.put(
        "marts.mart_experiments",
        variant("wide", 5000, 1000, 260, 200, 50),
        variant("control", 5000, 500, 250, 50, 200),
        variant("lonely", 10, 1, 0, 0, 0, experiment_id="another", last_at=datetime(2026, 2, 1, tzinfo=UTC)),
    )
    return figures


async def test_a_variant_is_beside_its_control(client: AsyncClient, sign_up: SignUp, experiment: Warehouse) -> None:
    boss = await sign_up("executive")
    page = await client.get(PATH, headers=PAGE | boss.headers)
    assert page.status_code == 200
    assert "wider-shelves" in page.text
    verdicts = {"clicked": "better", "ordered": "not known yet", "refunded": "worse", "reported": "better"}
    for name, says in verdicts.items():
        measure = f"units_{name}"
        rows = await rows_of(client, boss.headers, f"{PATH}.csv?table={measure}")
        assert [(row["Variant"], row["Says"]) for row in rows] == [
            *(("control", "compared with"), ("wide", says), ("lonely", "no control yet"))
        ]
        difference = float(rows[1]["To control"])
        assert float(rows[1]["From"]) < difference < float(rows[1]["To"])
        assert rows[0]["To control"] == ""
    variants = await rows_of(client, boss.headers, f"{PATH}.csv?table=variants")
    assert [(row["Variant"], row["Exposed"], row["Revenue per head (USD)"]) for row in variants[:2]] == [
        *(("control", "5000", "0.50"), ("wide", "5000", "0.52"))
    ]


async def test_before_anybody_was_exposed_it_says_what_to_do(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse
) -> None:
    boss = await sign_up("executive")
    page = await client.get(PATH, headers=PAGE | boss.headers)
    assert "Define one and start it" in page.text


async def test_who_may_not_see_figures_sees_no_experiments(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse
) -> None:
    customer = await sign_up()
    assert (await client.get(PATH, headers=customer.headers)).status_code == 403
    assert (await client.get(f"{PATH}.csv?table=variants", headers=customer.headers)).status_code == 403


@pytest.mark.usefixtures("trained")
async def test_places_drawn_by_lot_tell_what_the_best_would_bring(
    client: AsyncClient, sign_up: SignUp, figures: Warehouse
) -> None:
    figures.put("marts.mart_recommendations", {"day": TODAY, "surface": "home", "model": "ease", "answers": 10})
    figures.put(
        "marts.mart_exploration",
        *(
            {
                "day": TODAY,
                "surface": "home",
                "model": "ease",
                "model_version": 1,
                "pool_size": 4,
                "pool_rank": rank,
                "shown": 500,
                "clicked": clicked,
            }
            for rank, clicked in ((1, 100), (2, 50), (3, 50), (4, 0))
        ),
    )
    boss = await sign_up("executive")
    rows = await rows_of(client, boss.headers, "/dashboards/models.csv?days=7&table=drawn")
    assert [float(row["Clicked, IPS"]) for row in rows] == pytest.approx([0.2, 200 / 1500, 0.1])
    assert [float(row["SNIPS"]) for row in rows] == pytest.approx([0.2, 200 / 1500, 0.1])
    for row in rows:
        assert float(row["From"]) < float(row["Clicked, IPS"]) < float(row["To"])
    assert [float(row["Places that tell"]) for row in rows] == pytest.approx([500, 1500, 2000])
    nowhere = await rows_of(client, boss.headers, "/dashboards/models.csv?days=7&table=drawn&surface=cart")
    assert nowhere == []
