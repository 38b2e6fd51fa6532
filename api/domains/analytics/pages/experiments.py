"""Experiments: who saw which variant, what came of it, and whether that is more than chance."""

from fastapi import Request, Response

from api.core.auth import VisitorDep
from api.core.db import WarehouseDep
from api.core.routing import Router
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.pages.asking import Reader, Text
from api.domains.analytics.pages.boards import Board, Column, Table, show_board, table_file
from api.domains.analytics.service import experiments
from api.domains.analytics.service.experiments import Compared
from api.domains.analytics.service.remembered import Build, newest_build

router = Router(include_in_schema=False)
PATH = "/dashboards/experiments"
EMPTY = "Nobody has been exposed to an experiment yet. Define one and start it: POST /v1/experiments."
TITLES = {
    "units_clicked": ("Followed a recommendation", "Of those who were exposed, the share that followed a product."),
    "units_ordered": ("Ordered", "Of those who were exposed, the share whose person ordered since."),
    "units_refunded": ("Got money back", "A guardrail: the share whose person was refunded for an order since."),
    "units_reported": ("Reported", "A guardrail: the share whose person reported something to moderators since."),
}


@router.get(PATH)
async def show_experiments(request: Request, _visitor: VisitorDep, person: Reader, warehouse: WarehouseDep) -> Response:
    """The page; before the first pipeline run one that says so."""
    try:
        board = await _board(await newest_build(warehouse))
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{PATH}.csv")
async def get_experiments_file(_: Reader, warehouse: WarehouseDep, table: Text) -> Response:
    """One of its tables as a file."""
    return table_file(await _board(await newest_build(warehouse)), table)


async def _board(build: Build) -> Board:
    compared = await experiments.report(build)
    text = (
        "Everybody counts for the variant they saw first. The intervals hold at any time: look as often as you like, "
        "and stop when they leave out zero."
    )
    return Board(
        PATH,
        "Experiments",
        text,
        build.as_of,
        tables=[_variants(compared), *(_measure(compared, name) for name in TITLES)],
    )


def _variants(compared: list[Compared]) -> Table:
    columns = (
        *(Column("Experiment"), Column("Variant"), Column("Since", "time"), Column("Exposed", "number")),
        *(Column("Orders", "number"), Column("Cancelled", "number"), Column("Revenue per head", "money")),
        Column("Refunded per head", "money"),
    )
    rows = [
        (
            *(row["experiment_id"], row["variant"], row["began_at"], row["units"], row["orders"]),
            *(row["orders_cancelled"], row["revenue_minor"] / row["units"], row["refunded_minor"] / row["units"]),
        )
        for row in (each.row for each in compared)
    ]
    return Table("variants", "Variants", "Who was exposed, and what they did since.", columns, rows, empty=EMPTY)


def _measure(compared: list[Compared], name: str) -> Table:
    title, text = TITLES[name]
    columns = (
        *(Column("Experiment"), Column("Variant"), Column("Share", "percent"), Column("To control", "change")),
        *(Column("From", "change"), Column("To", "change"), Column("p", "score"), Column("Says")),
    )
    rows = []
    for each in compared:
        found = each.differences.get(name)
        beside = (None,) * 4 if found is None else (found.value, found.low, found.high, found.p_value)
        share = each.row[name] / each.row["units"]
        rows.append((each.row["experiment_id"], each.row["variant"], share, *beside, each.verdict(name)))
    return Table(name, title, text, columns, rows, empty=EMPTY)
