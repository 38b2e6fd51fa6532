"""Sales: by day, department, category, product and source, down to the lines of the orders."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from api.core.access import permits
from api.core.auth import Principal, VisitorDep
from api.core.charts import bars
from api.core.db import WarehouseDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.analytics.domain.periods import Period
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.pages.asking import AskedDep, Reader, Text, pinned
from api.domains.analytics.pages.boards import (
    Board,
    Column,
    Control,
    Figure,
    Multiple,
    Plot,
    Table,
    address,
    csv_file,
    daily_plot,
    figure,
    show_board,
    table_file,
)
from api.domains.analytics.pages.writing import SHOWN, change, compared, short_day, show, span, whole_money
from api.domains.analytics.service import sales
from api.domains.analytics.service.remembered import Build, newest_build
from api.domains.analytics.service.sales import Choices, Sales, SalesFilter

router = Router(include_in_schema=False)
PATH = "/dashboards/sales"
LINES = f"{PATH}/lines"
MULTIPLES, LEAST_DAYS = 12, 5


class Chosen:
    """The filters of sales; an empty one is none."""

    def __init__(
        self,
        currency: Annotated[str, Query(max_length=3)] = "",
        source: Text = "",
        department: Text = "",
        category: Text = "",
        product_id: Annotated[str, Query(pattern=r"^\d{0,18}$")] = "",
    ) -> None:
        self.filter = SalesFilter(
            currency or "USD", source or None, department or None, category or None, int(product_id or 0) or None
        )

    @property
    def filters(self) -> dict[str, Any]:
        """As they stand in the address."""
        chosen = self.filter
        return {
            "currency": None if chosen.currency == "USD" else chosen.currency,
            "source": chosen.source,
            "department": chosen.department,
            "category": chosen.category,
            "product_id": chosen.product_id,
        }


ChosenDep = Annotated[Chosen, Depends(Chosen)]


@router.get(PATH)
async def show_sales(
    request: Request, _visitor: VisitorDep, person: Reader, warehouse: WarehouseDep, asked: AskedDep, chosen: ChosenDep
) -> Response:
    """The page; before the first pipeline run one that says so."""
    try:
        board = await _board(await newest_build(warehouse), asked, chosen)
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{PATH}.csv")
async def get_sales_file(
    _: Reader, warehouse: WarehouseDep, asked: AskedDep, chosen: ChosenDep, table: Text
) -> Response:
    """One of its tables as a file."""
    return table_file(await _board(await newest_build(warehouse), asked, chosen), table)


@router.get(LINES)
async def show_lines(
    request: Request,
    _visitor: VisitorDep,
    person: Reader,
    warehouse: WarehouseDep,
    asked: AskedDep,
    chosen: ChosenDep,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """The order lines behind a figure. Orders can be opened by those who may read orders."""
    build = await newest_build(warehouse)
    period = asked.period(build)
    page = await sales.lines(build, period, chosen.filter, cursor)
    filters = asked.filters | chosen.filters
    return render(
        request,
        "dashboard_lines.html",
        table=_lines_table(page.items, chosen.filter.currency, person),
        span=span(period),
        chosen=[str(value) for value in chosen.filters.values() if value is not None],
        back=address(PATH, **filters),
        file=address(f"{LINES}.csv", **filters | pinned(period)),
        more=address(LINES, **filters | {"cursor": page.next_cursor}) if page.next_cursor else None,
    )


@router.get(f"{LINES}.csv")
async def get_lines_file(person: Reader, warehouse: WarehouseDep, asked: AskedDep, chosen: ChosenDep) -> Response:
    """The newest of these lines as a file, at most `MOST_LINES`."""
    build = await newest_build(warehouse)
    page = await sales.lines(build, asked.period(build), chosen.filter, limit=sales.MOST_LINES)
    return csv_file(f"order-lines-{build.as_of:%Y-%m-%d}.csv", _lines_table(page.items, chosen.filter.currency, person))


async def _board(build: Build, asked: AskedDep, chosen: Chosen) -> Board:
    period = asked.period(build)
    report = await sales.report(build, period, chosen.filter)
    known = await sales.choices(build, chosen.filter.department)
    filters = asked.filters | chosen.filters
    currency = chosen.filter.currency
    text = f"{span(period)}, compared with the {period.days} days before. Days are UTC."
    board = Board(PATH, "Sales", text, build.as_of, filters, asked.preset, pinned(period))
    return replace(
        board,
        controls=_controls(known, chosen.filter, period),
        figures=_figures(report, currency),
        plots=_plots(report, currency, filters),
        multiples=_multiples(report, chosen.filter, board),
        multiples_title=f"{_part(chosen.filter)[1]}, revenue per day",
        tables=_tables(report, chosen.filter, board),
    )


def _controls(known: Choices, chosen: SalesFilter, period: Period) -> list[Control]:
    def options(names: list[str], every: str) -> list[tuple[str, str]]:
        return [("", every), *((name, name) for name in names)]

    lists = [
        Control("department", "Department", chosen.department or "", options(known.departments, "All departments")),
        Control("source", "Source", chosen.source or "", options(known.sources, "All sources")),
    ]
    if known.categories:
        every = options(known.categories, "All categories")
        lists.insert(1, Control("category", "Category", chosen.category or "", every))
    if len(known.currencies) > 1:
        lists.append(Control("currency", "Currency", chosen.currency, [(name, name) for name in known.currencies]))
    return [
        Control("from", "From", period.first.isoformat()),
        Control("until", "Until", period.last.isoformat()),
        *lists,
    ]


def _figures(report: Sales, currency: str) -> list[Figure]:
    now, before = report.totals, report.previous_totals
    money = whole_money(currency)

    def average(totals: dict[str, int]) -> float:
        return totals["revenue_minor"] / totals["orders"] if totals["orders"] else 0.0

    def exact(minor: float) -> str:
        return show("money", minor, currency)

    return [
        figure("revenue", now["revenue_minor"], before["revenue_minor"], money),
        figure("orders", now["orders"], before["orders"], SHOWN["number"]),
        figure("average_order", average(now), average(before), exact),
        figure("units", now["units"], before["units"], SHOWN["number"]),
        figure("discounts", now["discount_minor"], before["discount_minor"], money),
    ]


def _plots(report: Sales, currency: str, filters: dict[str, Any]) -> list[Plot]:
    rows = [*report.days, *report.previous_days]

    def lines_of(day: date) -> str:
        return address(LINES, **filters | {"days": None, "from": day, "until": day})

    revenue = {row["day"]: float(row["revenue_minor"]) for row in rows}
    orders = {row["day"]: float(row["orders"]) for row in rows}
    text = "After discounts. A day in the table leads to its order lines."
    return [
        daily_plot("revenue", "Revenue per day", text, report.period, revenue, Column("", "money"), currency, lines_of),
        daily_plot("orders", "Orders per day", "Cancelled ones left out.", report.period, orders, Column("", "number")),
    ]


def _part(chosen: SalesFilter) -> tuple[str, str]:
    """What sales are split by: departments, and the categories of one."""
    return ("department", "Departments") if chosen.department is None else ("category", "Categories")


def _multiples(report: Sales, chosen: SalesFilter, board: Board) -> list[Multiple]:
    """The largest parts side by side, on one scale."""
    if report.period.days < LEAST_DAYS or len(report.parts) < 2:
        return []
    money = whole_money(chosen.currency)
    part, _ = _part(chosen)
    by_day: dict[str, dict[date, int]] = defaultdict(dict)
    for row in report.parts_by_day:
        by_day[row["name"]][row["day"]] = row["revenue_minor"]
    shown = report.parts[:MULTIPLES]
    most = max((value for row in shown for value in by_day[row["name"]].values()), default=0)
    days = report.period.each_day()
    labels = [short_day(day) for day in days]
    return [
        Multiple(
            row["name"],
            money(row["revenue_minor"]),
            compared(row["revenue_minor"], row["before_minor"], money),
            bars(
                f"{row['name']}, per day", labels, [by_day[row["name"]].get(day, 0) for day in days], money, most=most
            ),
            board.address(**{part: row["name"], "product_id": None}),
        )
        for row in shown
    ]


def _tables(report: Sales, chosen: SalesFilter, board: Board) -> list[Table]:
    money = (Column("Revenue", "money"), Column("Before", "money"), Column("Change", "change"))
    part, title = _part(chosen)
    tables = [
        Table(
            "parts",
            title,
            "A name leads to the same page for it alone.",
            (Column(part.capitalize()), Column("Units", "number"), *money),
            [(row["name"], row["units"], *_moved(row)) for row in report.parts],
            chosen.currency,
            [board.address(**{part: row["name"], "product_id": None}) for row in report.parts],
        ),
        Table(
            "products",
            "Products",
            f"The {sales.BEST} with the highest revenue. A name leads to the order lines.",
            (Column("Product"), Column("Department"), Column("Units", "number"), *money),
            [(row["name"], row["department"], row["units"], *_moved(row)) for row in report.products],
            chosen.currency,
            [address(LINES, **board.filters | {"product_id": row["product_id"]}) for row in report.products],
        ),
    ]
    if report.sources:
        tables.append(
            Table(
                "sources",
                "Sources",
                "Where the orders came from.",
                (Column("Source"), Column("Orders", "number"), *money),
                [(row["name"], row["orders"], *_moved(row)) for row in report.sources],
                chosen.currency,
                [board.address(source=row["name"]) for row in report.sources],
            )
        )
    return tables


def _moved(row: dict[str, Any]) -> tuple[int, int, float | None]:
    now, before = row["revenue_minor"], row["before_minor"]
    return now, before, change(now, before)


def _lines_table(rows: list[dict[str, Any]], currency: str, person: Principal) -> Table:
    opens = permits(person.roles, "orders.read")
    names = ("Order", "Product", "Department")
    return Table(
        "lines",
        "Order lines",
        "",
        (
            *(Column("Placed", "time"), *(Column(name) for name in names)),
            *(Column("Units", "number"), Column("Discount", "money"), Column("Total", "money")),
        ),
        [
            (
                *(row["placed_at"], row["order_id"], row["title"], row["department"]),
                *(row["quantity"], row["discount_minor"], row["total_minor"]),
            )
            for row in rows
        ],
        currency,
        [f"/operate/orders/{row['order_id']}" if opens else None for row in rows],
    )
