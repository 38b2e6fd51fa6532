"""Moderation: what waited, what was decided, appeals, and how often people agree with each rule."""

from dataclasses import replace

from fastapi import Request, Response

from api.core.auth import VisitorDep
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
    Table,
    daily_plot,
    figure,
    show_board,
    table_file,
)
from api.domains.analytics.pages.writing import SHOWN, change, percent, span
from api.domains.analytics.service import moderation
from api.domains.analytics.service.moderation import Moderation
from api.domains.analytics.service.remembered import newest_build

router = Router(include_in_schema=False)
PATH = "/dashboards/moderation"
NUMBER = SHOWN["number"]
ORIGINS = {
    "hold": "Held by a rule",
    "report": "Reported by people",
    "appeal": "Appealed",
    "signal": "Signals",
    "initiative": "By a moderator",
}


@router.get(PATH)
async def show_moderation(
    request: Request, _visitor: VisitorDep, person: Reader, warehouse: WarehouseDep, asked: AskedDep
) -> Response:
    """The page; before the first pipeline run one that says so."""
    try:
        board = await _board(warehouse, asked)
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{PATH}.csv")
async def get_moderation_file(_: Reader, warehouse: WarehouseDep, asked: AskedDep, table: Text) -> Response:
    """One of its tables as a file."""
    return table_file(await _board(warehouse, asked), table)


async def _board(warehouse: WarehouseDep, asked: Asked) -> Board:
    build = await newest_build(warehouse)
    period = asked.period(build)
    report = await moderation.report(build, period)
    text = f"{span(period)}, compared with the {period.days} days before. Decisions that were taken back do not count."
    board = Board(PATH, "Moderation", text, build.as_of, asked.filters, asked.preset, pinned(period))
    days = (("from", "From", period.first), ("until", "Until", period.last))
    return replace(
        board,
        controls=[Control(name, label, day.isoformat()) for name, label, day in days],
        figures=_figures(report),
        plots=[
            daily_plot(name, title, "Cases by UTC day.", period, report.by_day(name), Column("", "number"))
            for name, title in (("opened", "Cases opened per day"), ("decided", "Cases decided per day"))
        ],
        tables=[_origins(report), _rules(report)],
    )


def _figures(report: Moderation) -> list[Figure]:
    return [
        *(
            figure(f"cases_{name}", report.total(name, is_now=True), report.total(name, is_now=False), NUMBER)
            for name in ("opened", "decided", "removed")
        ),
        figure(
            "hours_to_decision", report.hours(is_now=True), report.hours(is_now=False), lambda value: f"{value:.1f}"
        ),
        _appeals(report),
        figure("rule_precision", report.precision(is_now=True), report.precision(is_now=False), percent),
    ]


def hours(value: float) -> str:
    """1.25 → 1.2."""
    return f"{value:.1f}"


def _appeals(report: Moderation) -> Figure:
    overturned, upheld = (report.total(name, is_now=True) for name in ("overturned", "upheld"))
    metric = METRICS["appeals_right"]
    return Figure(metric.title, NUMBER(overturned), f"of {NUMBER(overturned + upheld)} decided", metric)


def _origins(report: Moderation) -> Table:
    names = ("opened", "decided", "removed", "stood")
    rows = []
    for origin in moderation.ORIGINS:
        now = [report.total(name, is_now=True, origin=origin) for name in names]
        before = report.total("opened", is_now=False, origin=origin)
        rows.append((ORIGINS[origin], now[0], before, change(now[0], before), *now[1:]))
    columns = (
        Column("Why it waited"),
        Column("Opened", "number"),
        Column("Before", "number"),
        Column("Change", "change"),
        Column("Decided", "number"),
        Column("Taken away", "number"),
        Column("Let stand", "number"),
    )
    return Table("origins", "Where cases come from", "Cases by why they waited.", columns, rows)


def _rules(report: Moderation) -> Table:
    rows = []
    for row in report.rules:
        judged = row["removed"] + row["stood"]
        precision = row["removed"] / judged if judged else None
        rows.append((row["rule"], row["texts"], row["in_shadow"], row["removed"], row["stood"], precision))
    columns = (
        Column("Rule"),
        Column("Texts", "number"),
        Column("In the shadow", "number"),
        Column("Removed", "number"),
        Column("Let stand", "number"),
        Column("Precision", "percent"),
    )
    text = "Texts about which each rule had a say. Precision is the share that people removed among those they decided."
    return Table("rules", "Precision of each rule", text, columns, rows, empty="No rule had anything to say.")
