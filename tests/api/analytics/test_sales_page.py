"""The sales page: figures beside the period before, filters, the lines behind a figure, and files."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
from httpx import AsyncClient

from tests.api.analytics.conftest import Warehouse
from tests.api.conftest import SignUp

PAGE = {"accept": "text/html"}
TODAY = date(2026, 3, 10)
BEFORE = TODAY - timedelta(days=7)


@pytest.fixture
def sold(figures: Warehouse) -> Warehouse:
    """A week with three orders that count, and one order in the week before."""
    figures.products((1, "Tea", "Grocery", "Drinks"), (2, "=Jam", "Grocery", "Spreads"), (3, "Lamp", "Home", "Lights"))
    figures.order("a", TODAY, "ann", (1, 2, 500), (3, 1, 4_000))
    figures.order("b", TODAY - timedelta(days=6), "bob", (2, 1, 300), source="in_store")
    figures.order("c", TODAY, "bob", (1, 9, 500), is_cancelled=True)
    figures.order("d", BEFORE, "ann", (1, 4, 500))
    figures.order("e", TODAY, "eve", (1, 1, 700), currency="EUR")
    for currency in ("USD", "EUR"):
        figures.put("marts.mart_daily_sales", {"currency": currency})
    return figures


async def file(client: AsyncClient, headers: dict[str, str], address: str) -> list[dict[str, str]]:
    answer = await client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def tiles(page: str) -> dict[str, tuple[str, str]]:
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd><dd>(.*?)</dd>", page)
    return {name: (value, change) for name, value, change in found}


async def test_a_period_stands_beside_the_one_before(client: AsyncClient, sign_up: SignUp, sold: Warehouse) -> None:
    analyst = await sign_up("analyst")
    page = (await client.get("/dashboards/sales?days=7", headers=PAGE | analyst.headers)).text
    assert tiles(page) == {
        "Revenue": ("$53", "up 165.0% from $20"),
        "Orders": ("2", "up 100.0% from 1"),
        "Average order": ("$26.50", "up 32.5% from $20.00"),
        "Units": ("4", "the same as before"),
        "Discounts": ("$0", "nothing to compare with before"),
    }
    assert "What customers were charged" in page
    assert 'href="/data/lineage/revenue"' in page
    assert "from=2026-03-04&amp;until=2026-03-10" in page
    parts = await file(client, analyst.headers, "/dashboards/sales.csv?days=7&table=parts")
    assert [(row["Department"], row["Revenue (USD)"], row["Before (USD)"]) for row in parts] == [
        ("Home", "40.00", "0.00"),
        ("Grocery", "13.00", "20.00"),
    ]
    days = await file(client, analyst.headers, "/dashboards/sales.csv?days=7&table=revenue")
    assert [row["Now (USD)"] for row in days] == ["3.00", *["0.00"] * 5, "50.00"]
    assert days[6] == {"Day": "2026-03-10", "Now (USD)": "50.00", "Before (USD)": "20.00"}


@pytest.mark.parametrize(
    ("filters", "revenue", "orders"),
    [
        ("department=Grocery", "$13", "2"),
        ("department=Grocery&category=Drinks", "$10", "1"),
        ("source=in_store", "$3", "1"),
        ("department=Home&source=in_store", "$0", "0"),
        ("currency=EUR", "€7", "1"),
        ("product_id=3", "$40", "1"),
        ("from=2026-03-10&until=2026-03-10", "$50", "1"),
    ],
)
async def test_filters_meet(
    client: AsyncClient, sign_up: SignUp, sold: Warehouse, filters: str, revenue: str, orders: str
) -> None:
    boss = await sign_up("executive")
    days = "" if "from=" in filters else "days=7&"
    page = (await client.get(f"/dashboards/sales?{days}{filters}", headers=PAGE | boss.headers)).text
    shown = tiles(page)
    assert (shown["Revenue"][0], shown["Orders"][0]) == (revenue, orders)


async def test_a_figure_leads_to_its_lines_and_orders_are_open_to_those_who_may_read_them(
    client: AsyncClient, sign_up: SignUp, sold: Warehouse
) -> None:
    analyst, both = await sign_up("analyst"), await sign_up("analyst", "operator")
    address = "/dashboards/sales/lines?days=7&department=Grocery"
    page = (await client.get(address, headers=PAGE | analyst.headers)).text
    assert "Tea" in page
    assert "Lamp" not in page
    assert "/operate/orders/" not in page
    assert 'href="/operate/orders/a"' in (await client.get(address, headers=PAGE | both.headers)).text
    rows = await file(client, analyst.headers, "/dashboards/sales/lines.csv?days=7&department=Grocery")
    assert [(row["Order"], row["Product"], row["Total (USD)"]) for row in rows] == [
        ("a", "Tea", "10.00"),
        ("b", "'=Jam", "3.00"),
    ]
    assert not any("ann" in value for row in rows for value in row.values())


async def test_lines_come_in_pages(client: AsyncClient, sign_up: SignUp, figures: Warehouse) -> None:
    figures.products((1, "Tea", "Grocery", "Drinks"))
    for number in range(60):
        figures.order(f"o{number:02}", TODAY, "ann", (1, 1, 100))
    boss = await sign_up("executive")
    first = (await client.get("/dashboards/sales/lines?days=7", headers=PAGE | boss.headers)).text
    more = re.search(r'href="([^"]*cursor=[^"]*)" rel="next"', first)
    assert more is not None
    second = (await client.get(more[1].replace("&amp;", "&"), headers=PAGE | boss.headers)).text
    seen = [set(re.findall(r"<td[^>]*>(o\d\d)</td>", page)) for page in (first, second)]
    assert [len(each) for each in seen] == [50, 10]
    assert not seen[0] & seen[1]
    assert 'rel="next"' not in second


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/dashboards/sales?days=0", 422),
        ("/dashboards/sales?from=yesterday", 422),
        ("/dashboards/sales?from=2026-03-10&until=2026-03-01", 422),
        ("/dashboards/sales?from=2020-01-01&until=2026-03-01", 422),
        ("/dashboards/sales?product_id=x", 422),
        ("/dashboards/sales/lines?cursor=nonsense", 422),
        ("/dashboards/sales/lines?cursor=WyJub3ciLCAiYSIsIDFd", 422),
        ("/dashboards/sales.csv?table=secrets", 404),
        ("/dashboards/sales?department=%27%3Bdrop%20table%20x", 200),
    ],
)
async def test_strange_requests_have_an_answer(
    client: AsyncClient, sign_up: SignUp, sold: Warehouse, address: str, status: int
) -> None:
    boss = await sign_up("executive")
    assert (await client.get(address, headers=boss.headers)).status_code == status


@pytest.mark.parametrize("address", ["sales", "sales.csv?table=parts", "sales/lines", "sales/lines.csv"])
async def test_figures_are_not_for_everybody(client: AsyncClient, sign_up: SignUp, address: str) -> None:
    operator = await sign_up("operator")
    assert (await client.get(f"/dashboards/{address}")).status_code == 401
    assert (await client.get(f"/dashboards/{address}", headers=operator.headers)).status_code == 403


async def test_before_the_first_build_the_page_says_so(client: AsyncClient, sign_up: SignUp) -> None:
    boss = await sign_up("executive")
    answer = await client.get("/dashboards/sales", headers=PAGE | boss.headers)
    assert answer.status_code == 200
    assert "No figures yet" in answer.text


async def test_before_the_first_build_there_is_no_file(client: AsyncClient, sign_up: SignUp) -> None:
    boss = await sign_up("executive")
    answer = await client.get("/dashboards/sales.csv?table=parts", headers=boss.headers)
    assert answer.status_code == 503


async def test_an_answer_is_kept_until_the_marts_are_built_anew(
    client: AsyncClient, sign_up: SignUp, sold: Warehouse
) -> None:
    boss = await sign_up("executive")
    address = "/dashboards/sales?days=7"
    await client.get(address, headers=PAGE | boss.headers)
    sold.order("f", TODAY, "ann", (3, 1, 10_000))
    again = (await client.get(address, headers=PAGE | boss.headers)).text
    assert tiles(again)["Revenue"][0] == "$53"
    sold.connection.execute("update marts.mart_as_of set built_at = built_at + interval '1 hour'")
    anew = (await client.get(address, headers=PAGE | boss.headers)).text
    assert tiles(anew)["Revenue"][0] == "$153"


async def test_the_overview_takes_days_and_a_currency(client: AsyncClient, sign_up: SignUp, figures: Warehouse) -> None:
    boss = await sign_up("executive")
    for day, currency, minor in ((TODAY, "USD", 1_000), (BEFORE, "USD", 400), (TODAY, "EUR", 700)):
        sums = {"orders": 1, "revenue_minor": minor}
        figures.put("marts.mart_daily_sales", {"day": day, "currency": currency} | sums)
    page = (await client.get("/dashboards/overview?days=7", headers=PAGE | boss.headers)).text
    assert tiles(page)["Revenue"] == ("$10", "up 150.0% from $4")
    older = (
        await client.get("/dashboards/overview?from=2026-03-03&until=2026-03-03", headers=PAGE | boss.headers)
    ).text
    assert tiles(older)["Revenue"] == ("$4", "nothing to compare with before")
    assert "from=2026-03-03&amp;until=2026-03-03" in older
    euro = (await client.get("/dashboards/overview?days=7&currency=EUR", headers=PAGE | boss.headers)).text
    assert tiles(euro)["Revenue"] == ("€7", "nothing to compare with before")
    assert "currency=EUR" in euro
    days = await file(client, boss.headers, "/dashboards/overview.csv?days=7&table=revenue&currency=EUR")
    assert [row["Now (EUR)"] for row in days][-1] == "7.00"
    refused = await client.get("/dashboards/overview?currency=euro", headers=PAGE | boss.headers)
    assert refused.status_code == 422


async def test_departments_stand_side_by_side_on_one_scale(
    client: AsyncClient, sign_up: SignUp, sold: Warehouse
) -> None:
    boss = await sign_up("executive")
    page = (await client.get("/dashboards/sales?days=7", headers=PAGE | boss.headers)).text
    found = page[page.index('<ul class="multiples">') : page.index("</ul>", page.index('<ul class="multiples">'))]
    assert re.findall(r">(\w+)</a></h3><p><b>(.*?)</b>", found) == [("Home", "$40"), ("Grocery", "$13")]
    assert "Grocery, per day, Mar 10: $10" in found
    assert "department=Home" in found
    categories = (await client.get("/dashboards/sales?days=7&department=Grocery", headers=PAGE | boss.headers)).text
    assert "Categories, revenue per day" in categories
    one_day = (await client.get("/dashboards/sales?days=1", headers=PAGE | boss.headers)).text
    assert "revenue per day</h2>" not in one_day
