"""What every dashboard is made of: figures with their definitions, charts, tables, filters, and tables as files."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from markupsafe import Markup

from api.core.access import permits
from api.core.auth import Principal
from api.core.charts import Series, lines
from api.core.errors import NotFound
from api.core.http import attachment
from api.core.rendering import render
from api.domains.analytics.domain.metrics import METRICS, Metric
from api.domains.analytics.domain.periods import Period
from api.domains.analytics.pages.writing import (
    SHOWN,
    Kind,
    compared,
    compared_share,
    plain,
    short_day,
    show,
    whole_money,
)

NOW, BEFORE = "Now", "Before"
PERIODS = (7, 28, 91, 364)
# (path, title, permission): the pages that lie side by side, shown to those who may open them.
PLACES = (
    ("/dashboards/overview", "Overview", "figures.read"),
    ("/dashboards/live", "Last half hour", "figures.read"),
    ("/dashboards/sales", "Sales", "figures.read"),
    ("/dashboards/customers", "Customers", "figures.read"),
    ("/dashboards/inventory", "Inventory", "figures.read"),
    ("/dashboards/communities", "Communities", "figures.read"),
    ("/dashboards/moderation", "Moderation", "figures.read"),
    ("/dashboards/models", "Models", "figures.read"),
    ("/dashboards/experiments", "Experiments", "figures.read"),
    ("/dashboards/data", "Data health", "data.read"),
    ("/data/proof", "Proof", "data.read"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with how it moved against the period before, and what it means."""

    name: str
    value: str
    change: str
    metric: Metric | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `kind` says how its values are written."""

    name: str
    kind: Kind = "text"

    @property
    def is_number(self) -> bool:
        """Whether it stands to the right."""
        return self.kind in {"number", "money", "percent", "change", "score", "seconds"}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain values; `links` lead on from the first cell of each row. Every table is also a CSV file."""

    key: str
    title: str
    text: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Any, ...]]
    currency: str = "USD"
    links: Sequence[str | None] = ()
    empty: str = "Nothing in these days."
    is_wide: bool = True

    def shown(self) -> list[tuple[str | None, list[str]]]:
        """(link, cells) of each row, as a person reads them."""
        links = self.links or [None] * len(self.rows)
        return [
            (link, [show(column.kind, value, self.currency) for column, value in zip(self.columns, row, strict=True)])
            for link, row in zip(links, self.rows, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart, and the same numbers as a table for those who cannot or would rather not see it."""

    table: Table
    chart: Markup
    legend: tuple[str, ...] = ()
    metric: Metric | None = None


@dataclass(frozen=True, slots=True)
class Multiple:
    """One of many small charts on one scale; `link` leads to the page for it alone."""

    name: str
    value: str
    change: str
    chart: Markup
    link: str


@dataclass(frozen=True, slots=True)
class Control:
    """A filter: a list to choose from, or a day where there are no `options`."""

    name: str
    label: str
    value: str
    options: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """A whole page. `filters` are those in its address, which is all that it takes to see the same again.

    `wrong` stands above everything else.
    """

    path: str
    title: str
    text: str
    as_of: datetime
    filters: dict[str, Any] = field(default_factory=dict)
    days: int | None = None
    pinned: dict[str, Any] = field(default_factory=dict)
    controls: Sequence[Control] = ()
    figures: Sequence[Figure] = ()
    plots: Sequence[Plot] = ()
    multiples: Sequence[Multiple] = ()
    multiples_title: str = ""
    tables: Sequence[Table] = ()
    wrong: Sequence[str] = ()

    def address(self, **changed: Any) -> str:
        """The page with these filters changed."""
        return address(self.path, **self.filters | changed)

    def file(self, table: str) -> str:
        """Where a table is a CSV file, with the same filters and the same days whenever it is opened."""
        return address(f"{self.path}.csv", **self.filters | self.pinned | {"table": table})

    @property
    def share(self) -> str:
        """The page as it is now: with days instead of "the last 28"."""
        return self.address(**self.pinned)


def address(path: str, **values: Any) -> str:
    """A path with what is not None behind it."""
    kept = {name: value for name, value in values.items() if value is not None}
    return f"{path}?{urlencode(kept)}" if kept else path


def show_board(request: Request, board: Board | None, person: Principal) -> Response:
    """The page; None where the warehouse has nothing yet."""
    here = request.url.path
    return render(request, "dashboard.html", board=board, places=places_of(person), here=here, periods=PERIODS)


def places_of(person: Principal) -> list[tuple[str, str]]:
    """(path, title) of the pages that the person may open."""
    return [(path, title) for path, title, needed in PLACES if permits(person.roles, needed)]


def table_file(board: Board, key: str) -> Response:
    """One table of a page as CSV. Raises NotFound."""
    tables = (*board.tables, *(plot.table for plot in board.plots))
    table = next((each for each in tables if each.key == key), None)
    if table is None:
        raise NotFound("This page has no such table.")
    name = board.path.rpartition("/")[2]
    return csv_file(f"{name}-{key}-{board.as_of:%Y-%m-%d}.csv", table)


def csv_file(name: str, table: Table) -> Response:
    """A table as a file: numbers without signs of thousands, money in whole units, times as ISO 8601."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(
        f"{column.name} ({table.currency})" if column.kind == "money" else column.name for column in table.columns
    )
    for row in table.rows:
        writer.writerow(
            plain(column.kind, value, table.currency) for column, value in zip(table.columns, row, strict=True)
        )
    return Response(target.getvalue(), media_type="text/csv; charset=utf-8", headers=attachment(name))


def figure(key: str, now: float, before: float, shown: Callable[[float], str]) -> Figure:
    """A figure of `domain.metrics` in words."""
    metric = METRICS[key]
    say = compared_share if metric.unit == "share" else compared
    return Figure(metric.title, shown(now), say(now, before, shown), metric)


def daily_plot(
    key: str,
    title: str,
    text: str,
    period: Period,
    values: dict[date, float],
    column: Column,
    currency: str = "USD",
    links: Callable[[date], str | None] = lambda _: None,
) -> Plot:
    """A line by day beside the period before; a day without a value is a day without any."""
    days = period.each_day()
    now = [float(values.get(day, 0)) for day in days]
    before = [float(values.get(day, 0)) for day in period.previous.each_day()]
    shown = whole_money(currency) if column.kind == "money" else SHOWN[column.kind]
    chart = lines(
        f"{title}, this period and the one before",
        [short_day(day) for day in days],
        [Series(NOW, now), Series(BEFORE, before)],
        shown,
    )
    columns = (Column("Day", "day"), Column(NOW, column.kind), Column(BEFORE, column.kind))
    rows = list(zip(days, now, before, strict=True))
    return Plot(Table(key, title, text, columns, rows, currency, [links(day) for day in days]), chart)
