"""Communities: who takes part, what they do, whether they come back the week after, and what is read."""

from dataclasses import replace

from fastapi import Request, Response

from api.core.auth import VisitorDep
from api.core.charts import Series, lines
from api.core.db import ReadDep, WarehouseDep
from api.core.routing import Router
from api.domains.analytics.domain.metrics import METRICS
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.pages import reading
from api.domains.analytics.pages.asking import Asked, AskedDep, Reader, Text, pinned
from api.domains.analytics.pages.boards import (
    Board,
    Column,
    Control,
    Figure,
    Plot,
    Table,
    daily_plot,
    figure,
    show_board,
    table_file,
)
from api.domains.analytics.pages.writing import SHOWN, change, percent, short_day, span
from api.domains.analytics.service import communities
from api.domains.analytics.service import reading as reading_service
from api.domains.analytics.service.communities import Communities
from api.domains.analytics.service.remembered import newest_build

router = Router(include_in_schema=False)
PATH = "/dashboards/communities"
NUMBER = SHOWN["number"]
LEAST_POINTS = 2


@router.get(PATH)
async def show_communities(
    request: Request, _visitor: VisitorDep, person: Reader, warehouse: WarehouseDep, reader: ReadDep, asked: AskedDep
) -> Response:
    """The page; before the first pipeline run one that says so."""
    try:
        board = await _board(warehouse, reader, asked)
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{PATH}.csv")
async def get_communities_file(
    _: Reader, warehouse: WarehouseDep, reader: ReadDep, asked: AskedDep, table: Text
) -> Response:
    """One of its tables as a file."""
    return table_file(await _board(warehouse, reader, asked), table)


async def _board(warehouse: WarehouseDep, reader: ReadDep, asked: Asked) -> Board:
    build = await newest_build(warehouse)
    period = asked.period(build)
    report = await communities.report(build, reader, period)
    read = await reading_service.report(build, period)
    text = f"{span(period)}, compared with the {period.days} days before. Days are UTC."
    board = Board(PATH, "Communities", text, build.as_of, asked.filters, asked.preset, pinned(period))
    days = (("from", "From", period.first), ("until", "Until", period.last))
    return replace(
        board,
        controls=[Control(name, label, day.isoformat()) for name, label, day in days],
        figures=[*_figures(report), *reading.figures(read)],
        plots=[
            daily_plot("active", "Active members per day", "People who wrote or voted.", period, report.people,
                       Column("", "number")),
            daily_plot("comments", "Comments per day", "Comments that can be read now.", period,
                       report.by_day("comments"), Column("", "number")),
            *_weeks(report),
            reading.plot(read),
        ],
        tables=[_acts(report), _communities(report), *reading.tables(read)],
    )  # fmt: skip


def _figures(report: Communities) -> list[Figure]:
    return [
        figure("active_members", report.active["now"], report.active["before"], NUMBER),
        *(
            figure(f"community_{kind}", report.total(kind, is_now=True), report.total(kind, is_now=False), NUMBER)
            for kind in communities.KINDS
        ),
    ]


def _weeks(report: Communities) -> list[Plot]:
    rows = [
        (row["week"], row["people"], row["came_back"] / row["people"] if row["people"] else 0.0) for row in report.weeks
    ]
    if len(rows) < LEAST_POINTS:
        return []
    shares = [Series("Came back", [share for *_, share in rows])]
    chart = lines("Share active again the week after", [short_day(week) for week, *_ in rows], shares, percent)
    columns = (Column("Week of", "day"), Column("Active members", "number"), Column("Active again", "percent"))
    text = "Of everybody active in a week, the share who were active in the week after. Whole weeks alone."
    table = Table("retention", "Who comes back", text, columns, rows)
    return [Plot(table, chart, metric=METRICS["community_retention"])]


def _acts(report: Communities) -> Table:
    columns = (Column("What"), Column("Number", "number"), Column("Before", "number"), Column("Change", "change"))
    rows = []
    for kind, name in (("posts", "Posts"), ("comments", "Comments"), ("votes", "Votes"), ("joined", "Joined"),
                       ("left_it", "Left")):  # fmt: skip
        now, before = (report.total(kind, is_now=side) for side in (True, False))
        rows.append((name, now, before, change(now, before)))
    text = "What counts now, on the day on which it was first done."
    return Table("acts", "What people did", text, columns, rows, is_wide=False)


def _communities(report: Communities) -> Table:
    names = ("Active members", "Before", "Posts", "Comments", "Votes")
    columns = (Column("Community"), *(Column(name, "number") for name in names))
    rows = [
        (row["name"], row["people"], row["before"], row["posts"], row["comments"], row["votes"]) for row in report.named
    ]
    links = [f"/forum/c/{row['slug']}" if row["slug"] else None for row in report.named]
    text = "The hundred liveliest. Private ones are counted together, and somebody in two of them counts twice there."
    return Table("communities", "Communities", text, columns, rows, links=links, empty="Nobody wrote or voted.")
