"""Models: what their recommendations led to, which one answers, and how good it is beside its candidates."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query, Request, Response

from api.core.auth import VisitorDep
from api.core.charts import Series, steps
from api.core.db import ReadDep, WarehouseDep
from api.core.routing import Router
from api.domains.analytics.domain.metrics import METRICS
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.pages import recommended as shelves
from api.domains.analytics.pages.asking import Asked, AskedDep, Reader, Text, pinned
from api.domains.analytics.pages.boards import (
    BEFORE,
    NOW,
    Board,
    Column,
    Figure,
    Plot,
    Table,
    figure,
    show_board,
    table_file,
)
from api.domains.analytics.pages.writing import SHOWN, percent, span
from api.domains.analytics.service import models, recommended
from api.domains.analytics.service.models import Models
from api.domains.analytics.service.remembered import newest_build

router = Router(include_in_schema=False)
PATH = "/dashboards/models"
FIGURES = {
    "ndcg_at_10": "NDCG at 10",
    "recall_at_20": "Recall at 20",
    "map_at_10": "MAP at 10",
    "new_ndcg_at_10": "NDCG at 10, new products",
    "coverage_at_10": "Coverage at 10",
}
Surface = Annotated[str, Query(max_length=60)]


@router.get(PATH)
async def show_models(
    request: Request,
    _visitor: VisitorDep,
    person: Reader,
    reader: ReadDep,
    warehouse: WarehouseDep,
    asked: AskedDep,
    surface: Surface = "",
) -> Response:
    """The page; before the first training one that says so."""
    try:
        board = await _board(reader, warehouse, asked, surface or None)
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{PATH}.csv")
async def get_models_file(
    _: Reader, reader: ReadDep, warehouse: WarehouseDep, asked: AskedDep, table: Text, surface: Surface = ""
) -> Response:
    """One of its tables as a file."""
    return table_file(await _board(reader, warehouse, asked, surface or None), table)


async def _board(reader: ReadDep, warehouse: WarehouseDep, asked: Asked, surface: str | None) -> Board:
    """What was trained; and, once the marts have been built, what it led to."""
    report = await models.report(reader)
    board = _trained(report)
    try:
        build = await newest_build(warehouse)
        period = asked.period(build)
        led = await recommended.report(build, period, surface)
    except ReportNotReady:
        return board
    if led is None:
        return board
    filters = asked.filters | {"surface": surface}
    text = f"{span(period)}, compared with the {period.days} days before. {board.text}"
    return replace(
        board,
        text=text,
        as_of=build.as_of,
        filters=filters,
        days=asked.preset,
        pinned=pinned(period),
        controls=shelves.controls(led, surface),
        figures=[*shelves.figures(led), *board.figures],
        plots=[shelves.clicks(led), *board.plots],
        tables=[*shelves.tables(led), shelves.drawn(led), *board.tables],
    )


def _trained(report: Models) -> Board:
    active = report.active
    before = "the first version" if report.previous is None else f"compared with version {report.previous['version']}"
    return Board(
        PATH,
        "Models",
        f"Version {active['version']} answers, {before}; its scores are of orders that no model had seen.",
        active["created_at"],
        figures=[_champion(report), *_figures(report)],
        plots=[_candidates(report)],
        tables=[_all_figures(report), _versions(report), _trained_on(active)],
    )


def _champion(report: Models) -> Figure:
    was = None if report.previous is None else report.previous["champion"]
    same = "the same as before" if was == report.active["champion"] else f"before: {was}"
    return Figure("Champion", report.active["champion"], "the first one" if was is None else same)


def _figures(report: Models) -> list[Figure]:
    shown = {"ndcg": ("ndcg_at_10", SHOWN["score"]), "recall": ("recall_at_20", SHOWN["score"])}
    shown["coverage"] = ("coverage_at_10", percent)
    return [
        figure(key, report.metric(name, report.active), report.metric(name, report.previous), show)
        for key, (name, show) in shown.items()
    ]


def _ranked(version: dict[str, Any]) -> list[str]:
    return sorted(version["metrics"], key=lambda name: -version["metrics"][name].get("ndcg_at_10", 0.0))


def _candidates(report: Models) -> Plot:
    names = _ranked(report.active)
    now = [report.active["metrics"][name].get("ndcg_at_10") for name in names]
    earlier = {} if report.previous is None else report.previous["metrics"]
    before = [earlier.get(name, {}).get("ndcg_at_10") for name in names]
    series = [Series(NOW, now)] + ([Series(BEFORE, before)] if any(before) else [])
    chart = steps("NDCG at 10 of each candidate", names, series, SHOWN["score"])
    columns = (Column("Model"), Column(NOW, "score"), Column(BEFORE, "score"))
    table = Table(
        "candidates",
        "NDCG at 10",
        "Every candidate of this training.",
        columns,
        list(zip(names, now, before, strict=True)),
    )
    return Plot(table, chart, tuple(each.name for each in series), METRICS["ndcg"])


def _all_figures(report: Models) -> Table:
    metrics = report.active["metrics"]
    columns = (Column("Model"), *(Column(name, "score") for name in FIGURES.values()), Column("Fitted in s", "seconds"))
    rows = [
        (name, *(metrics[name].get(key) for key in FIGURES), metrics[name].get("fit_seconds"))
        for name in _ranked(report.active)
    ]
    return Table("figures", "All figures", "The candidates side by side.", columns, rows)


def _versions(report: Models) -> Table:
    columns = (
        *(Column("Version"), Column("Trained", "time"), Column("Champion"), Column("NDCG at 10", "score")),
        *(Column("Registered as"), Column("Answers")),
    )
    rows = [
        (
            *(str(row["version"]), row["created_at"], row["champion"], report.metric("ndcg_at_10", row)),
            *(row["mlflow_version"] and f"version {row['mlflow_version']}", "now" if row["is_active"] else "kept"),
        )
        for row in report.versions
    ]
    text = "Those that are kept; each could answer again at once."
    return Table("versions", "Versions", text, columns, rows)


def _trained_on(active: dict[str, Any]) -> Table:
    rows = [(name, str(snapshot)) for name, snapshot in sorted(active["lake_snapshots"].items())]
    text = "The snapshots of the lake that the active version has seen."
    return Table("snapshots", "Trained on", text, (Column("Table"), Column("Snapshot")), rows)
