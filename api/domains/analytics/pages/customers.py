"""Customers: who ordered, in which segments, and how many came back week by week."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query, Request, Response

from api.core.auth import VisitorDep
from api.core.charts import Series, lines
from api.core.db import WarehouseDep
from api.core.routing import Router
from api.domains.analytics.domain.metrics import METRICS
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.pages.asking import Asked, AskedDep, Reader, Text, pinned
from api.domains.analytics.pages.boards import (
    Board,
    Column,
    Control,
    Figure,
    Plot,
    Table,
    address,
    figure,
    show_board,
    table_file,
)
from api.domains.analytics.pages.overview import weekly_customers
from api.domains.analytics.pages.writing import SHOWN, change, percent, show, span
from api.domains.analytics.service import customers
from api.domains.analytics.service.customers import COHORT_WEEKS, Customers
from api.domains.analytics.service.remembered import Build, newest_build

router = Router(include_in_schema=False)
PATH = "/dashboards/customers"
LEAST_POINTS = 2
BY = {"source": "Source", "age": "Age", "income": "Income", "household": "People in the household"}
Segment = Annotated[str, Query(alias="by", pattern=f"^({'|'.join(BY)})$")]
Currency = Annotated[str, Query(pattern="^[A-Z]{3}$")]


@router.get(PATH)
async def show_customers(
    request: Request,
    _visitor: VisitorDep,
    person: Reader,
    warehouse: WarehouseDep,
    asked: AskedDep,
    segment: Segment = "source",
    currency: Currency = "USD",
) -> Response:
    """The page; before the first pipeline run one that says so."""
    try:
        board = await _board(await newest_build(warehouse), asked, segment, currency)
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{PATH}.csv")
async def get_customers_file(
    _: Reader,
    warehouse: WarehouseDep,
    asked: AskedDep,
    table: Text,
    segment: Segment = "source",
    currency: Currency = "USD",
) -> Response:
    """One of its tables as a file."""
    return table_file(await _board(await newest_build(warehouse), asked, segment, currency), table)


async def _board(build: Build, asked: Asked, segment: str, currency: str) -> Board:
    period = asked.period(build)
    report = await customers.report(build, period, currency, segment)
    filters = asked.filters | {"by": segment, "currency": None if currency == "USD" else currency}
    text = f"{span(period)}, compared with the {period.days} days before. Days are UTC."
    board = Board(PATH, "Customers", text, build.as_of, filters, asked.preset, pinned(period))
    days = (("from", "From", period.first), ("until", "Until", period.last))
    return replace(
        board,
        controls=[
            *(Control(name, label, day.isoformat()) for name, label, day in days),
            Control("by", "Split by", segment, list(BY.items())),
        ],
        figures=_figures(report, currency),
        plots=[_weeks(report), *_curve(report)],
        tables=[_segments(report, segment, currency), _retention(report)],
    )


def _figures(report: Customers, currency: str) -> list[Figure]:
    now, before = report.totals(is_now=True), report.totals(is_now=False)

    def returning(totals: dict[str, int]) -> float:
        return 1 - totals["new"] / totals["customers"] if totals["customers"] else 0.0

    def each(totals: dict[str, int]) -> float:
        return totals["revenue_minor"] / totals["customers"] if totals["customers"] else 0.0

    number = SHOWN["number"]
    return [
        figure("buyers", now["customers"], before["customers"], number),
        figure("new_customers", now["new"], before["new"], number),
        figure("returning_share", returning(now), returning(before), percent),
        figure("revenue_per_customer", each(now), each(before), lambda minor: show("money", minor, currency)),
    ]


def _weeks(report: Customers) -> Plot:
    plot = weekly_customers(report.weeks)
    links = [address("/dashboards/sales", **{"from": row[0]}) for row in plot.table.rows]
    return replace(plot, table=replace(plot.table, links=links))


def _curve(report: Customers) -> list[Plot]:
    """All cohorts together: everybody counts who has had so many weeks."""
    kept = [
        (number, sum(old.kept[number - 1] or 0 for old in aged), sum(old.customers for old in aged))
        for number in range(1, COHORT_WEEKS)
        if (aged := [each for each in report.cohorts if each.kept[number - 1] is not None])
    ]
    rows = [(_later(number), back / people if people else 0.0, people) for number, back, people in kept]
    if len(rows) < LEAST_POINTS:
        return []
    shares = [Series("Came back", [share for _, share, _ in rows])]
    chart = lines("Share who ordered again, by weeks later", [name for name, *_ in rows], shares, percent)
    columns = (Column("Later"), Column("Came back", "percent"), Column("Of customers", "number"))
    text = "Of everybody new in these weeks, the share who ordered again so many weeks later."
    return [Plot(Table("curve", "Who comes back", text, columns, rows), chart, metric=METRICS["retention"])]


def _later(number: int) -> str:
    return f"{number} week{'s' if number > 1 else ''}"


def _segments(report: Customers, segment: str, currency: str) -> Table:
    rows: dict[str, dict[bool, dict[str, Any]]] = {}
    for row in report.segments:
        rows.setdefault(row["segment"], {})[row["is_now"]] = row
    values = []
    for name, sides in rows.items():
        now, before = (sides.get(side, {}) for side in (True, False))
        people, earlier = now.get("customers", 0), before.get("customers", 0)
        own = (now.get("new", 0), now.get("orders", 0), now.get("revenue_minor", 0))
        values.append((name, people, earlier, change(people, earlier), *own))
    columns = (
        *(Column(BY[segment]), Column("Customers", "number"), Column("Before", "number"), Column("Change", "change")),
        *(Column("New", "number"), Column("Orders", "number"), Column("Revenue", "money")),
    )
    ordered = sorted(values, key=lambda value: (-value[1], value[0]))
    text = "People with an order in these days, as they registered."
    return Table("segments", "Segments", text, columns, ordered, currency)


def _retention(report: Customers) -> Table:
    later = [_later(number) for number in range(1, COHORT_WEEKS)]
    columns = (
        *(Column("First order in the week of", "day"), Column("Customers", "number")),
        *(Column(name, "percent") for name in later),
    )
    rows = [
        (
            *(cohort.week, cohort.customers),
            *(None if kept is None else kept / cohort.customers if cohort.customers else None for kept in cohort.kept),
        )
        for cohort in report.cohorts
    ]
    text = "The share of them who ordered again so many weeks later. A dash stands where that week is not over."
    return Table("retention", "Retention", text, columns, rows, empty="Nobody ordered for the first time lately.")
