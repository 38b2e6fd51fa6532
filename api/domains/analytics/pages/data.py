"""Pages about the data itself: its health, the proof, and the way from a figure back to its events."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response

from api.core.auth import Principal, VisitorDep, require
from api.core.charts import Series, lines
from api.core.db import WarehouseDep
from api.core.rendering import render
from api.core.routing import Router
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.pages.asking import Text
from api.domains.analytics.pages.boards import (
    Board,
    Column,
    Figure,
    Plot,
    Table,
    places_of,
    show_board,
    table_file,
)
from api.domains.analytics.pages.writing import SHOWN
from api.domains.analytics.service import data
from api.domains.analytics.service.data import Health

router = Router(include_in_schema=False)
DataReader = Annotated[Principal, Depends(require("data.read"))]
HEALTH, PROOF = "/dashboards/data", "/data/proof"
PLACES = ("accepted", "kafka", "lake", "failed", "warehouse", "gone", "difference")
NUMBERS = SHOWN["number"]
LAST = 7


@router.get(HEALTH)
async def show_health(request: Request, _visitor: VisitorDep, person: DataReader, warehouse: WarehouseDep) -> Response:
    """What is loaded and how fresh, what failed, and how the last build and the last proof went."""
    try:
        board = _health(await data.health(warehouse))
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{HEALTH}.csv")
async def get_health_file(_: DataReader, warehouse: WarehouseDep, table: Text) -> Response:
    """One of its tables as a file."""
    return table_file(_health(await data.health(warehouse)), table)


@router.get(PROOF)
async def show_proof(
    request: Request,
    _visitor: VisitorDep,
    person: DataReader,
    warehouse: WarehouseDep,
    run: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """The newest proof, or one of the last ones: every event type in every place."""
    try:
        board = _proof(*await data.proofs(warehouse, run), run)
    except ReportNotReady:
        board = None
    return show_board(request, board, person)


@router.get(f"{PROOF}.csv")
async def get_proof_file(
    _: DataReader, warehouse: WarehouseDep, table: Text, run: Annotated[int | None, Query(ge=1, lt=2**63)] = None
) -> Response:
    """One of its tables as a file."""
    return table_file(_proof(*await data.proofs(warehouse, run), run), table)


@router.get("/data/lineage/{metric}")
async def show_lineage(
    request: Request,
    _visitor: VisitorDep,
    person: DataReader,
    warehouse: WarehouseDep,
    metric: Annotated[str, Path(max_length=60)],
) -> Response:
    """From a figure to its mart, the models above it, loads, snapshots, offsets and some events."""
    try:
        found = await data.lineage(warehouse, metric)
    except ReportNotReady:
        return show_board(request, None, person)
    return render(request, "lineage.html", found=found, places=places_of(person), here=HEALTH, number=NUMBERS)


def _health(found: Health) -> Board:
    now = datetime.now(UTC)
    waiting = sum(row["waiting"] for row in found.failed)
    standing = [row for row in found.alerts if row["ended_at"] is None]
    behind = [row for row in found.runs if row["status"] != "success"]
    return Board(
        HEALTH,
        "Data health",
        "How the data came here, and whether all of it did.",
        found.as_of or now,
        figures=[
            Figure("Newest event", _age(found.as_of, now), "in the marts, before now"),
            Figure("Last build", _age(found.built_at, now), "ago"),
            Figure("Alerts", NUMBERS(len(standing)), "stand now" if standing else "nothing is wrong now"),
            Figure("Failed events", NUMBERS(waiting), "wait to be put right"),
            Figure("Models that failed", NUMBERS(len(behind)), f"of {len(found.runs)} in the last build"),
            Figure("Difference", _difference(found.proof), _proved(found.proof, now)),
        ],
        tables=[_failed(found), _checks(found), _loads(found), _runs(found), _ended(found)],
        wrong=[_alert(row) for row in standing],
    )


def _age(then: datetime | None, now: datetime) -> str:
    if then is None:
        return "never"
    minutes = max(0, int((now - then).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"


def _difference(proof: dict[str, Any] | None) -> str:
    return "–" if proof is None else NUMBERS(proof["difference"])


def _proved(proof: dict[str, Any] | None, now: datetime) -> str:
    return "no proof yet" if proof is None else f"in the proof {_age(proof['as_of'], now)} ago"


def _loads(found: Health) -> Table:
    names = ("Newest event", "Typed", "Landed")
    rows = [
        (
            *(row["table_name"].removeprefix("lake."), row["typed_rows"], row["newest_at"]),
            *(row["typed_committed_at"], row["raw_committed_at"]),
        )
        for row in found.loads
    ]
    text = "Each table of the warehouse's copy of the lake, and the times of the snapshots that it holds."
    columns = (Column("Table"), Column("Events", "number"), *(Column(name, "time") for name in names))
    return Table("loads", "Loads", text, columns, rows, empty="Nothing has been loaded yet.")


def _failed(found: Health) -> Table:
    columns = (
        *(Column("Claims to be"), Column("Reason"), Column("Failed"), Column("Waiting", "number")),
        *(Column("Sent again", "number"), Column("Dismissed", "number"), Column("Newest", "time")),
    )
    rows = [
        (
            *(row["type"], row["reason"], "landing" if row["stage"] == "landing" else "its contract"),
            *(row["waiting"], row["replayed"], row["dismissed"], row["newest_at"]),
        )
        for row in found.failed
    ]
    text = (
        "Kept whole in the lake. The command agora failed shows them one by one, puts them right and sends them again."
    )
    return Table("failed", "Failed events", text, columns, rows, empty="None. Every record could be read.")


def _checks(found: Health) -> Table:
    columns = (
        *(Column("Suite"), Column("Checked", "time"), Column("Verdict"), Column("Rows", "number"), Column("Said")),
    )
    rows = [
        (
            *(row["suite"], row["checked_at"], "passed" if row["passed"] else "failed", row["rows"]),
            "; ".join((*row["failures"], *row["warnings"])),
        )
        for row in found.checks
    ]
    text = "What Great Expectations found where events enter the lake and where figures leave the warehouse."
    return Table("checks", "Checks", text, columns, rows, empty="No check has run yet.")


def _alert(row: dict[str, Any]) -> str:
    since = SHOWN["time"](row["raised_at"])
    times = "once" if row["times"] == 1 else f"{row['times']} times"
    return f"{row['source'].capitalize()}: {row['message']} (since {since}, seen {times})"


def _ended(found: Health) -> Table:
    columns = (Column("What"), Column("Said"), Column("From", "time"), Column("To", "time"))
    ended = [row for row in found.alerts if row["ended_at"] is not None]
    rows = [(row["source"], row["message"], row["raised_at"], row["ended_at"]) for row in ended]
    return Table("ended", "Well again", "Alerts that ended.", columns, rows, empty="No alert has ended yet.")


def _runs(found: Health) -> Table:
    columns = (
        *(Column("Model"), Column("Result"), Column("Rows written", "number")),
        *(Column("Seconds", "seconds"), Column("Finished", "time")),
    )
    rows = [(row["name"], row["status"], row["rows"], row["seconds"], row["finished_at"]) for row in found.runs]
    return Table("runs", "Models", "The last run of each model of the warehouse.", columns, rows, empty="No run yet.")


def _proof(runs: list[dict[str, Any]], chosen: dict[str, Any], asked: int | None) -> Board:
    rows = [{"gone": 0} | row for row in chosen["rows"]]
    totals = {name: sum(row[name] for row in rows) for name in PLACES}
    before = {run["proof_id"]: following["difference"] for run, following in pairwise(runs)}
    was = before.get(chosen["proof_id"])
    verdict = "nothing is lost, nothing is there twice" if not totals["difference"] else "look at the rows below"
    return Board(
        PROOF,
        "Proof",
        "Each event is where it was accepted, in Kafka, in the lake, and in the warehouse or among the failed; what was"
        " erased with a person, or written off, is gone from lake and warehouse:"
        f" compared id by id in {chosen['seconds']:.0f} s.",
        chosen["as_of"],
        {"run": asked},
        figures=[
            Figure("Difference", NUMBERS(totals["difference"]), verdict if was is None else f"{verdict}; {was} before"),
            *(Figure(name.capitalize(), NUMBERS(totals[name]), _share(totals, name)) for name in PLACES[:-1]),
        ],
        plots=[_history(runs)] if len(runs) > 1 else [],
        tables=[_last(runs), _places(rows)],
    )


def _share(totals: dict[str, int], name: str) -> str:
    return (
        "different events" if name in {"accepted", "failed", "gone"} else f"of {NUMBERS(totals['accepted'])} accepted"
    )


def _history(runs: list[dict[str, Any]]) -> Plot:
    rows = [(run["as_of"], run["difference"], run["seconds"]) for run in reversed(runs)]
    labels = [f"{time:%H:%M}" for time, *_ in rows]
    chart = lines("Difference of the last proofs", labels, [Series("Difference", [row[1] for row in rows])], NUMBERS)
    columns = (Column("Time", "time"), Column("Difference", "number"), Column("Seconds", "seconds"))
    return Plot(Table("history", "Difference over time", "The last proofs, one an hour.", columns, rows), chart)


def _places(rows: list[dict[str, Any]]) -> Table:
    columns = (Column("Event"), *(Column(name.capitalize(), "number") for name in PLACES))
    ordered = sorted(rows, key=lambda row: (-row["difference"], -row["accepted"], row["type"]))
    values = [(row["type"], *(row[name] for name in PLACES)) for row in ordered]
    return Table("events", "Event by event", "Those that differ come first.", columns, values)


def _last(runs: list[dict[str, Any]]) -> Table:
    columns = (Column("Proof of", "time"), Column("Difference", "number"), Column("Seconds", "seconds"))
    values = [(run["as_of"], run["difference"], run["seconds"]) for run in runs[:LAST]]
    links: list[str | None] = [f"{PROOF}?run={run['proof_id']}" for run in runs[:LAST]]
    text = "A time leads to the proof of then."
    return Table("last", "The last proofs", text, columns, values, links=links, is_wide=len(runs) == 1)
