"""The executive page: sales, customers, the way to an order and best sellers, each beside the period before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from babel.dates import format_date
from babel.numbers import format_currency, format_percent
from fastapi import Depends, Query, Request, Response
from markupsafe import Markup

from api.core.auth import Principal, VisitorDep, require
from api.core.charts import Series, lines, stacked_columns, steps
from api.core.db import WarehouseDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.schemas import DayFunnel, DaySales, Overview, WeekCustomers
from api.domains.analytics.service import reports

router = Router(include_in_schema=False)
Executive = Annotated[Principal, Depends(require("figures.read"))]

PERIODS = (7, 28, 91)
NOW, BEFORE = "Now", "Before"
STEPS = {
    "sessions": "Visits",
    "viewed": "Saw a product",
    "carted": "Filled a cart",
    "checked_out": "Began to check out",
    "ordered": "Ordered",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with how it moved against the period before."""

    name: str
    value: str
    change: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart, and the same numbers as a table for those who cannot or would rather not see it."""

    key: str
    title: str
    text: str
    chart: Markup
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    legend: tuple[str, ...] = ()
    is_wide: bool = False


@router.get("/dashboards/overview")
async def overview(
    request: Request,
    _visitor: VisitorDep,
    _: Executive,
    warehouse: WarehouseDep,
    days: Annotated[int, Query(ge=1, le=366)] = 28,
) -> Response:
    """The figures of the last `days` days; before the first pipeline run a page that says so."""
    try:
        report = await reports.overview(warehouse, days)
    except ReportNotReady:
        return render(request, "overview.html", report=None)
    return render(
        request,
        "overview.html",
        report=report,
        periods=PERIODS,
        span=f"{_day(report.as_of.date() - timedelta(days=days - 1))} – {_day(report.as_of.date())}",
        figures=_figures(report),
        plots=[_revenue(report), _orders(report), _funnel(report), _customers(report)],
    )


def _money(minor: float) -> str:
    return format_currency(minor / 100, "USD", "¤#,##0", locale="en_US", currency_digits=False)


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _day(day: date) -> str:
    return str(format_date(day, "MMM d", locale="en_US"))


def _figures(report: Overview) -> list[Figure]:
    now, before = report.totals, report.previous

    def basket(revenue: int, orders: int) -> float:
        return revenue / orders if orders else 0.0

    return [
        _figure("Revenue", now.revenue_minor, before.revenue_minor, _money),
        _figure("Orders", now.orders, before.orders, _number),
        _figure(
            "Average order",
            basket(now.revenue_minor, now.orders),
            basket(before.revenue_minor, before.orders),
            lambda minor: format_currency(minor / 100, "USD", locale="en_US"),
        ),
        _figure("New customers", now.new_customers, before.new_customers, _number),
    ]


def _figure(name: str, now: float, before: float, show: Callable[[float], str]) -> Figure:
    if not before:
        return Figure(name, show(now), "nothing to compare with before")
    if now == before:
        return Figure(name, show(now), "the same as before")
    share = format_percent(abs(now / before - 1), "#,##0.0%", locale="en_US")
    return Figure(name, show(now), f"{'up' if now > before else 'down'} {share} from {show(before)}")


def _by_day(report: Overview, rows: Sequence[DaySales], name: str, ends: date) -> list[float]:
    """One value per day of a period that ends with `ends`; a day without a row is a day without sales."""
    values = {row.day: getattr(row, name) for row in rows}
    return [float(values.get(ends - timedelta(days=back), 0)) for back in reversed(range(report.days))]


def _daily(report: Overview, name: str, show: Callable[[float], str]) -> dict[str, Any]:
    until = report.as_of.date()
    now = _by_day(report, report.sales, name, until)
    before = _by_day(report, report.previous_sales, name, until - timedelta(days=report.days))
    days = [_day(until - timedelta(days=back)) for back in reversed(range(report.days))]
    return {
        "labels": days,
        "series": [Series(NOW, now), Series(BEFORE, before)],
        "rows": [(day, show(a), show(b)) for day, a, b in zip(days, now, before, strict=True)],
    }


def _revenue(report: Overview) -> Plot:
    data = _daily(report, "revenue_minor", _money)
    chart = lines("Revenue per day, this period and the one before", data["labels"], data["series"], _money)
    return Plot("revenue", "Revenue per day", "After discounts.", chart, ("Day", NOW, BEFORE), data["rows"])


def _orders(report: Overview) -> Plot:
    data = _daily(report, "orders", _number)
    chart = lines("Orders per day, this period and the one before", data["labels"], data["series"], _number)
    return Plot("orders", "Orders per day", "Cancelled ones left out.", chart, ("Day", NOW, BEFORE), data["rows"])


def _funnel(report: Overview) -> Plot:
    now, before = _steps(report.funnel), _steps(report.previous_funnel)
    series = [Series(NOW, now)] + ([Series(BEFORE, before)] if any(before) else [])
    chart = steps("Visits that reached each step", list(STEPS.values()), series, _number)
    rows = [
        (label, _number(a), format_percent(a / now[0] if now[0] else 0, "#,##0.0%", locale="en_US"), _number(b))
        for label, a, b in zip(STEPS.values(), now, before, strict=True)
    ]
    head = ("Step", NOW, "Of all visits", BEFORE)
    legend = tuple(each.name for each in series)
    return Plot("funnel", "From visit to order", "Visits that reached each step.", chart, head, rows, legend)


def _steps(rows: Sequence[DayFunnel]) -> list[float]:
    return [float(sum(getattr(row, name) for row in rows)) for name in STEPS]


def _customers(report: Overview) -> Plot:
    weeks: Sequence[WeekCustomers] = report.customers
    labels = [_day(row.week) for row in weeks]
    series = [
        Series("Returning", [float(row.returning) for row in weeks]),
        Series("New", [float(row.new) for row in weeks]),
    ]
    chart = stacked_columns("Customers with an order, per week", labels, series, _number)
    rows = [
        (label, _number(row.active), _number(row.returning), _number(row.new))
        for label, row in zip(labels, weeks, strict=True)
    ]
    text = "Different people with an order, by week from Monday."
    head = ("Week of", "Active", "Returning", "New")
    return Plot("customers", "Active customers per week", text, chart, head, rows, ("Returning", "New"))
