"""The last half hour: figures of the stream that move while one looks, each beside the warehouse's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from fastapi import Request, Response
from markupsafe import Markup
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.core.auth import VisitorDep
from api.core.charts import bars
from api.core.live import HEARTBEAT_SECONDS
from api.core.rendering import environment, render
from api.core.routing import Router
from api.domains.analytics.domain.half_hour import Figure, HalfHour
from api.domains.analytics.domain.metrics import METRICS, Metric
from api.domains.analytics.pages.asking import Reader
from api.domains.analytics.pages.boards import places_of
from api.domains.analytics.pages.writing import SHOWN, whole_money
from api.domains.analytics.service import live

router = Router(include_in_schema=False)
PATH = "/dashboards/live"
LEAST_ABOUT = 100  # smaller counts are exact in practice
KEYS = {"revenue_minor": "revenue"}  # where the figure is called otherwise


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure in words."""

    metric: Metric
    value: str
    is_about: bool
    chart: Markup | None
    warehouse: str
    week_before: str


@router.get(PATH)
async def show_live(request: Request, _visitor: VisitorDep, person: Reader) -> Response:
    """The page as of now; with scripts it goes on by itself."""
    seen = await live.look()
    now = datetime.now(UTC)
    return render(
        request,
        "live.html",
        places=places_of(person),
        here=PATH,
        seen=seen,
        is_stale=seen.is_stale(now),
        tiles=_tiles(seen),
        stream=f"{PATH}/stream",
    )


@router.get(f"{PATH}/stream", response_class=EventSourceResponse)
async def stream_live(_: Reader) -> EventSourceResponse:
    """Server-sent events `figures`, one a second: the part of the page that changes, as HTML."""
    live.refuse_when_full()

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for seen in live.watch():
            yield ServerSentEvent(event="figures", data=_part(seen, seen.is_stale(datetime.now(UTC))))

    return EventSourceResponse(events(), ping=HEARTBEAT_SECONDS, headers={"Cache-Control": "no-store"})


@lru_cache(maxsize=4)
def _part(seen: HalfHour, is_stale: bool) -> str:
    """Drawn once for all who watch."""
    return environment().get_template("_live.html").render(seen=seen, is_stale=is_stale, tiles=_tiles(seen))


@lru_cache(maxsize=4)
def _tiles(seen: HalfHour) -> tuple[Tile, ...]:
    return tuple(_tile(seen, figure) for figure in seen.figures)


def _tile(seen: HalfHour, figure: Figure) -> Tile:
    shown = whole_money(seen.currency) if figure.key == "revenue_minor" else SHOWN["number"]
    metric = METRICS[KEYS.get(figure.key, figure.key)]

    def write(value: int | None) -> str:
        return "–" if value is None else shown(value)

    chart = None
    if seen.since is not None and figure.minutes:
        labels = [f"{seen.since + timedelta(minutes=number):%H:%M}" for number in range(len(figure.minutes))]
        chart = bars(f"{metric.title} by minute", labels, figure.minutes, shown)
    is_about = figure.is_about and (figure.now or 0) >= LEAST_ABOUT
    return Tile(metric, write(figure.now), is_about, chart, write(figure.warehouse), write(figure.week_before))
