"""The executive overview, read from marts that the test builds."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import text

from tests.api.conftest import OneConnection, SignUp

DAILY_SALES = (
    "day date, currency text, orders bigint, units bigint, revenue_minor bigint, discount_minor bigint,"
    " customers bigint, new_customers bigint"
)
AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
async def marts(rolled_back: OneConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small marts: temporary tables, because the API's role may make nothing else."""
    from api.domains.analytics.repository import overview as repository  # noqa: PLC0415

    for name in ("_AS_OF", "_SALES", "_FUNNEL", "_BEST_SELLERS", "_CUSTOMERS"):
        monkeypatch.setattr(repository, name, text(getattr(repository, name).text.replace("marts.", "pg_temp.")))
    tables: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
        "mart_as_of": ("as_of timestamptz, built_at timestamptz", [(AS_OF, AS_OF)]),
        "mart_daily_sales": (
            DAILY_SALES,
            [
                (date(2026, 3, 10), "USD", 2, 5, 1000, 10, 2, 1),
                (date(2026, 3, 4), "USD", 1, 1, 500, 0, 1, 0),
                (date(2026, 3, 3), "USD", 4, 4, 4000, 0, 4, 4),
                (date(2026, 2, 24), "USD", 9, 9, 9000, 0, 9, 9),
            ],
        ),
        "mart_funnel": (
            "day date, sessions bigint, viewed bigint, carted bigint, checked_out bigint, ordered bigint",
            [(date(2026, 3, 9), 10, 8, 4, 3, 2)],
        ),
        "mart_product_sales": (
            "product_id bigint, title text, department text, brand text, units_28d bigint, revenue_minor_28d bigint",
            [(1, "Tea", "Grocery", "A", 3, 300), (2, "Jam", "Grocery", "B", 1, 900), (3, "Old", "Grocery", "B", 0, 0)],
        ),
        "mart_customers_weekly": (
            'week date, active bigint, new bigint, "returning" bigint',
            [(date(2026, 3, 9), 3, 1, 2)],
        ),
    }
    async with rolled_back.warehouse() as connection:
        for name, (columns, rows) in tables.items():
            await connection.execute(text(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP"))
            for row in rows:
                values: dict[str, Any] = {f"v{index}": value for index, value in enumerate(row)}
                places = ", ".join(f":{key}" for key in values)
                await connection.execute(text(f"INSERT INTO {name} VALUES ({places})"), values)  # noqa: S608


@pytest.mark.usefixtures("marts")
async def test_the_overview_compares_a_period_with_the_one_before(client: AsyncClient, sign_up: SignUp) -> None:
    boss = await sign_up("executive")
    answer = await client.get("/v1/reports/overview?days=7", headers=boss.headers)
    assert answer.status_code == 200
    report = answer.json()
    assert datetime.fromisoformat(report["as_of"]) == AS_OF
    assert report["totals"] == {
        "orders": 3, "units": 6, "revenue_minor": 1500, "discount_minor": 10, "new_customers": 1,
    }  # fmt: skip
    assert report["previous"]["orders"] == 4
    assert [row["day"] for row in report["sales"]] == ["2026-03-04", "2026-03-10"]
    assert report["funnel"][0]["ordered"] == 2
    assert [row["title"] for row in report["best_sellers"]] == ["Jam", "Tea"]
    assert report["customers"] == [{"week": "2026-03-09", "active": 3, "new": 1, "returning": 2}]


async def test_only_analysts_and_executives_see_it(client: AsyncClient, sign_up: SignUp) -> None:
    assert (await client.get("/v1/reports/overview")).status_code == 401
    someone = await sign_up("operator")
    answer = await client.get("/v1/reports/overview", headers=someone.headers)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:agora:problem:forbidden"


async def test_before_the_first_build_the_report_is_being_prepared(client: AsyncClient, sign_up: SignUp) -> None:
    boss = await sign_up("executive")
    answer = await client.get("/v1/reports/overview", headers=boss.headers)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:agora:problem:report-not-ready"
