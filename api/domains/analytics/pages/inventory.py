"""Inventory: what came and went beside the period before, and what lies where now."""

from dataclasses import replace

from fastapi import Request, Response

from api.core.access import permits
from api.core.auth import Principal, VisitorDep
from api.core.db import ReadDep, WarehouseDep
from api.core.routing import Router
from api.domains.analytics.domain.metrics import METRICS
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.pages.asking import Asked, AskedDep, Reader, Text, pinned
from api.domains.analytics.pages.boards import (
    Board,
    Column,
    Control,
    Figure,
    Table,
    daily_plot,
    figure,
    show_board,
    table_file,
)
from api.domains.analytics.pages.writing import SHOWN, change, span
from api.domains.analytics.service import stock
from api.domains.analytics.service.remembered import newest_build
from api.domains.analytics.service.stock import Stock

router = Router(include_in_schema=False)
PATH = "/dashboards/inventory"
NUMBER = SHOWN["number"]


@router.get(PATH)
async def show_inventory(
    request: Request,
    _visitor: VisitorDep,
    person: Reader,
    warehouse: WarehouseDep,
    reader: ReadDep,
    asked: AskedDep,
    department: Text = "",
) -> Response:
    """The page; before the first pipeline run one that says so."""
    try:
        board = await _board(warehouse, reader, asked, person, department or None)
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{PATH}.csv")
async def get_inventory_file(
    person: Reader, warehouse: WarehouseDep, reader: ReadDep, asked: AskedDep, table: Text, department: Text = ""
) -> Response:
    """One of its tables as a file."""
    return table_file(await _board(warehouse, reader, asked, person, department or None), table)


async def _board(
    warehouse: WarehouseDep, reader: ReadDep, asked: Asked, person: Principal, department: str | None
) -> Board:
    build = await newest_build(warehouse)
    period = asked.period(build)
    report = await stock.report(build, reader, period, department)
    text = f"{span(period)}, compared with the {period.days} days before. What lies there is told at this moment."
    filters = asked.filters | {"department": department}
    board = Board(PATH, "Inventory", text, build.as_of, filters, asked.preset, pinned(period))
    days = (("from", "From", period.first), ("until", "Until", period.last))
    options = [("", "All departments"), *((name, name) for name in report.departments)]
    text = "Pieces by UTC day."
    return replace(
        board,
        controls=[
            *(Control(name, label, day.isoformat()) for name, label, day in days),
            Control("department", "Department", department or "", options),
        ],
        figures=_figures(report),
        plots=[
            daily_plot(kind, f"{kind.capitalize()} per day", text, period, report.by_day(kind), Column("", "number"))
            for kind in ("shipped", "received")
        ],
        tables=[_places(report, person), _movements(report), _parts(report, department, board)],
    )


def _figures(report: Stock) -> list[Figure]:
    on_hand = sum(place.on_hand for place in report.places)
    sold_out, variants = (sum(getattr(place, name) for place in report.places) for name in ("sold_out", "variants"))
    shipped, received = (
        figure(kind, report.units(kind, is_now=True), report.units(kind, is_now=False), NUMBER)
        for kind in ("shipped", "received")
    )
    return [
        shipped,
        received,
        Figure("On hand", NUMBER(on_hand), "now, at all places", METRICS["on_hand"]),
        Figure("Sold out", NUMBER(sold_out), f"now, of {NUMBER(variants)} variants", METRICS["sold_out"]),
    ]


def _places(report: Stock, person: Principal) -> Table:
    names = ("Variants", "On hand", "For orders", "In checkouts", "Available", "Sold out", "Low")
    rows = [
        (
            *(place.name, place.variants, place.on_hand, place.allocated, place.reserved),
            *(place.available, place.sold_out, place.low),
        )
        for place in report.places
    ]
    links = ["/operate/stock" if permits(person.roles, "stock.read") else None] * len(rows)
    columns = (Column("Place"), *(Column(name, "number") for name in names))
    text = "At this moment, from the shop itself. Low is told of variants that somebody watches."
    return Table("places", "What lies where", text, columns, rows, links=links)


def _movements(report: Stock) -> Table:
    columns = (Column("Movement"), Column("Units", "number"), Column("Before", "number"), Column("Change", "change"))
    rows = []
    for kind in stock.KINDS:
        now, before = (report.units(kind, is_now=side) for side in (True, False))
        rows.append((kind.capitalize(), now, before, change(now, before)))
    return Table("movements", "Movements", "Pieces by what happened to them.", columns, rows, is_wide=False)


def _parts(report: Stock, department: str | None, board: Board) -> Table:
    """What was shipped by department; a name leads to the page of it alone, which splits it by category."""
    part, title = ("Department", "Departments") if department is None else ("Category", "Categories")
    columns = (Column(part), Column("Shipped", "number"), Column("Before", "number"), Column("Change", "change"))
    rows = [(row["name"], row["units"], row["before"], change(row["units"], row["before"])) for row in report.shipped]
    links = [board.address(department=row["name"]) for row in report.shipped] if department is None else []
    text = f"Pieces shipped, by {part.lower()}."
    empty = "Nothing was shipped."
    return Table("parts", title, text, columns, rows, is_wide=False, empty=empty, links=links)
