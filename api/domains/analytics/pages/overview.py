"""The executive page: sales, customers, the way to an order and best sellers, each beside the period before."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Request, Response

from api.core.auth import VisitorDep
from api.core.charts import Series, stacked_columns, steps
from api.core.db import WarehouseDep
from api.core.routing import Router
from api.domains.analytics.domain.metrics import METRICS
from api.domains.analytics.domain.periods import Period
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.pages.asking import Asked, AskedDep, Reader, Text, pinned
from api.domains.analytics.pages.boards import (
    BEFORE,
    NOW,
    Board,
    Column,
    Control,
    Figure,
    Plot,
    Table,
    address,
    daily_plot,
    figure,
    show_board,
    table_file,
)
from api.domains.analytics.pages.writing import SHOWN, short_day, show, span, whole_money
from api.domains.analytics.schemas import DayFunnel, Overview, WeekCustomers
from api.domains.analytics.service import reports, sales
from api.domains.analytics.service.remembered import Build, newest_build

router = Router(include_in_schema=False)
PATH = "/dashboards/overview"
Currency = Annotated[str, Query(pattern="^[A-Z]{3}$")]
STEPS = {
    "sessions": "Visits",
    "viewed": "Saw a product",
    "carted": "Filled a cart",
    "checked_out": "Began to check out",
    "ordered": "Ordered",
}


@router.get(PATH)
async def overview(
    request: Request,
    _visitor: VisitorDep,
    person: Reader,
    warehouse: WarehouseDep,
    asked: AskedDep,
    currency: Currency = reports.CURRENCY,
) -> Response:
    """The figures of some days; before the first pipeline run a page that says so."""
    try:
        board = await _board(await newest_build(warehouse), asked, currency)
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{PATH}.csv")
async def get_overview_file(
    _: Reader, warehouse: WarehouseDep, asked: AskedDep, table: Text, currency: Currency = reports.CURRENCY
) -> Response:
    """One of its tables as a file."""
    return table_file(await _board(await newest_build(warehouse), asked, currency), table)


async def _board(build: Build, asked: Asked, currency: str) -> Board:
    period = asked.period(build)
    report = await reports.overview(build, period, currency)
    currencies = (await sales.choices(build, None)).currencies
    filters = asked.filters | {"currency": None if currency == reports.CURRENCY else currency}
    text = f"{span(period)}, compared with the {period.days} days before. Days are UTC."
    days = (("from", "From", period.first), ("until", "Until", period.last))
    controls = [Control(name, label, day.isoformat()) for name, label, day in days]
    if len(currencies) > 1:
        controls.append(Control("currency", "Currency", currency, [(name, name) for name in currencies]))
    return Board(
        PATH,
        "Overview",
        text,
        build.as_of,
        filters,
        asked.preset,
        pinned(period),
        controls=controls,
        figures=_figures(report),
        plots=[*_daily(report, period, filters), _funnel(report), weekly_customers(report.customers)],
        tables=[_best_sellers(report)],
    )


def _figures(report: Overview) -> list[Figure]:
    now, before = report.totals, report.previous
    money = whole_money(report.currency)

    def basket(revenue: int, orders: int) -> float:
        return revenue / orders if orders else 0.0

    return [
        figure("revenue", now.revenue_minor, before.revenue_minor, money),
        figure("orders", now.orders, before.orders, SHOWN["number"]),
        figure(
            "average_order",
            basket(now.revenue_minor, now.orders),
            basket(before.revenue_minor, before.orders),
            lambda minor: show("money", minor, report.currency),
        ),
        figure("new_customers", now.new_customers, before.new_customers, SHOWN["number"]),
    ]


def _daily(report: Overview, period: Period, filters: dict[str, Any]) -> list[Plot]:
    rows = [*report.sales, *report.previous_sales]
    revenue = {row.day: float(row.revenue_minor) for row in rows}
    orders = {row.day: float(row.orders) for row in rows}

    def lines_of(day: object) -> str:
        return address("/dashboards/sales/lines", **filters | {"days": None, "from": day, "until": day})

    money, number = Column("", "money"), Column("", "number")
    return [
        daily_plot("revenue", "Revenue per day", "After discounts.", period, revenue, money, report.currency, lines_of),
        daily_plot("orders", "Orders per day", "Cancelled ones left out.", period, orders, number),
    ]


def _funnel(report: Overview) -> Plot:
    now, before = _steps(report.funnel), _steps(report.previous_funnel)
    series = [Series(NOW, now)] + ([Series(BEFORE, before)] if any(before) else [])
    chart = steps("Visits that reached each step", list(STEPS.values()), series, SHOWN["number"])
    rows = [(label, a, a / now[0] if now[0] else 0, b) for label, a, b in zip(STEPS.values(), now, before, strict=True)]
    columns = (Column("Step"), Column(NOW, "number"), Column("Of all visits", "percent"), Column(BEFORE, "number"))
    table = Table("funnel", "From visit to order", "Visits that reached each step.", columns, rows)
    return Plot(table, chart, tuple(each.name for each in series), METRICS["visits"])


def _steps(rows: Sequence[DayFunnel]) -> list[float]:
    return [float(sum(getattr(row, name) for row in rows)) for name in STEPS]


def weekly_customers(weeks: Sequence[WeekCustomers]) -> Plot:
    """People with an order by week, those who came back below those who are new."""
    series = [
        Series("Returning", [float(row.returning) for row in weeks]),
        Series("New", [float(row.new) for row in weeks]),
    ]
    labels = [short_day(row.week) for row in weeks]
    chart = stacked_columns("Customers with an order, per week", labels, series, SHOWN["number"])
    rows = [(row.week, row.active, row.returning, row.new) for row in weeks]
    columns = (Column("Week of", "day"), *(Column(name, "number") for name in ("Active", "Returning", "New")))
    text = "Different people with an order, by week from Monday."
    table = Table("customers", "Active customers per week", text, columns, rows)
    return Plot(table, chart, ("Returning", "New"), METRICS["active_customers"])


def _best_sellers(report: Overview) -> Table:
    columns = (Column("Product"), Column("Department"), Column("Units", "number"), Column("Revenue", "money"))
    return Table(
        "best",
        "Best sellers",
        "By revenue of the 28 days that end with the newest order.",
        columns,
        [(row.title, row.department, row.units_28d, row.revenue_minor_28d) for row in report.best_sellers],
        report.currency,
        [f"/p/{row.product_id}" for row in report.best_sellers],
    )
