"""`agora load complete-journey` on real Postgres: whole, repeatable, resumable."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from rich.console import Console
from sqlalchemy import text

from api.core.db import Database
from api.domains.ordering import facade as ordering
from infra.load import complete_journey, journey
from infra.load.complete_journey import LoadReport, demo_password, load

WEEKS = 2
NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
COUNTS = """
    SELECT (SELECT count(*) FROM identity.customers), (SELECT count(*) FROM catalog.products),
        (SELECT count(*) FROM catalog.prices), (SELECT count(*) FROM inventory.movements),
        (SELECT count(*) FROM ordering.orders), (SELECT count(*) FROM ordering.order_lines),
        (SELECT sum(total_minor) FROM ordering.order_lines), (SELECT count(*) FROM core.outbox)
"""


@pytest.fixture(autouse=True)
def local_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("AGORA_LOCAL_DIR", str(tmp_path))
    return tmp_path


async def counts(database: Database) -> tuple[Any, ...]:
    async with database.transaction() as session:
        return tuple((await session.execute(text(COUNTS))).one())


async def quietly(weeks: int, now: datetime = NOW) -> tuple[LoadReport, str]:
    screen = StringIO()
    return await load(weeks, console=Console(file=screen, width=160), now=now), screen.getvalue()


async def test_interrupted_then_whole_then_again(committed: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stops in the middle of the orders; the second run brings the rest, the third changes nothing."""
    monkeypatch.setattr(complete_journey, "ORDERS_AT_ONCE", 500)
    lines = journey.purchase_lines(journey.Skipped(), last_week=WEEKS)
    bought, described = set(lines["product_id"]), journey.products
    monkeypatch.setattr(
        journey, "products", lambda *args: described(*args).filter(pl.col("product_id").is_in(bought))
    )  # what these weeks need: the catalogue as a whole has its own test
    real, calls = ordering.import_orders, 0

    async def breaks(session: Any, orders: Any) -> int:
        nonlocal calls
        calls += 1
        new = await real(session, orders)
        if calls == 3:
            raise ConnectionError("the power went out")
        return new

    monkeypatch.setattr(ordering, "import_orders", breaks)
    with pytest.raises(ConnectionError):
        await quietly(WEEKS)
    monkeypatch.setattr(ordering, "import_orders", real)
    report, screen = await quietly(WEEKS)
    baskets = lines["basket_id"].n_unique()
    assert report.new_orders == report.orders - 1000 == baskets - 1000
    assert "line without a positive quantity" in screen
    assert "lines" in screen
    found = await counts(committed)
    assert found[:6] == (2469, *[len(bought)] * 3, baskets, lines.height)
    assert found[6] == lines["total_minor"].sum()
    assert found[7] == 2469 + 2 * len(bought) + baskets
    again, _ = await quietly(WEEKS, NOW + timedelta(weeks=5))
    assert (again.new_customers, again.new_stock, again.new_orders) == (0, 0, 0)
    assert again.shift_days == report.shift_days
    assert await counts(committed) == found
    await check_times_and_money(committed)


async def check_times_and_money(database: Database) -> None:
    async with database.transaction() as session:
        found = await session.execute(text("SELECT max(placed_at), min(placed_at) FROM ordering.orders"))
        last, first = cast(tuple[datetime, datetime], tuple(found.one()))
        wrong = await session.execute(
            text(
                "SELECT count(*) FROM ordering.order_lines"
                " WHERE quantity * unit_price_minor - discount_minor <> total_minor"
            )
        )
        stock = await session.execute(text("SELECT min(on_hand), max(on_hand) FROM inventory.stock"))
    assert NOW - timedelta(days=8) < last <= NOW
    assert last - first < timedelta(weeks=WEEKS)
    assert wrong.scalar_one() == 0
    assert tuple(stock.one()) == (journey.LEAST_STOCK, journey.MOST_STOCK)


def test_the_demo_password_is_made_once_and_for_the_owner_alone(local_dir: Path) -> None:
    password = demo_password()
    assert len(password) >= 20
    assert demo_password() == password
    assert (local_dir / "demo-password").stat().st_mode & 0o777 == 0o600


async def test_refuses_a_week_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="1 to 53"):
        await load(99)
