"""What happened, second by second: the faults, and the lines of every process beside them."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

# Lines that say how a process is, and not what it did for one request.
TELLING = frozenset(
    (
        *("topic_stopped", "topic_resumed", "stood_still", "waiting", "working_again", "stepped_back", "standing_by"),
        *("landing", "relaying", "partitions_added", "kafka_away", "database_unavailable", "dead_letter"),
        *("sweep_failed", "queue_failed", "stopped", "refused", "offset_not_committed", "receipts_recovered"),
        *("records_before_first_landing_are_gone", "commit_waits", "serving"),
    )
)
_SUPERVISOR = re.compile(r"^(\S+ \S+),\d+ (?:INFO|WARN) (exited|spawned|gave up): (.*)$")
PAUSE_SECONDS = 8.0


@dataclass(frozen=True)
class Line:
    """One line of one process."""

    at: datetime
    part: str
    event: str
    said: str


@dataclass
class Entry:
    """One fault, and what was done step by step."""

    name: str
    began: datetime
    ended: datetime | None = None
    steps: list[tuple[datetime, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Pause:
    """A time in which nothing landed, and the lines that say why."""

    began: datetime
    ended: datetime
    lines: tuple[Line, ...]

    @property
    def seconds(self) -> float:
        return (self.ended - self.began).total_seconds()


class Journal:
    """The faults as they come; the logs are read at the end."""

    def __init__(self) -> None:
        self.began = datetime.now(UTC)
        self.entries: list[Entry] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def begin(self, name: str) -> None:
        self.entries.append(Entry(name, datetime.now(UTC)))

    def say(self, text: str) -> None:
        self.entries[-1].steps.append((datetime.now(UTC), text))

    def end(self) -> None:
        self.entries[-1].ended = datetime.now(UTC)


def wait_until(moment: float) -> None:
    """Until time.monotonic() is there."""
    time.sleep(max(0.0, moment - time.monotonic()))


def read_lines(logs: list[Path]) -> list[Line]:
    """The telling lines of all processes, and `landed`, in the order of time."""
    found: list[Line] = []
    for log in logs:
        part = log.name.partition(".")[0]
        for text in log.read_text(errors="replace").splitlines():
            found += _supervisor(text) if part == "supervisord" else _structured(part, text)
    return sorted(found, key=lambda line: line.at)


def _structured(part: str, text: str) -> Iterator[Line]:
    if not text.startswith("{"):
        return
    try:
        document = json.loads(text)
        at = datetime.fromisoformat(document.pop("timestamp"))
        event = str(document.pop("event"))
    except (ValueError, KeyError, AttributeError):
        return
    if event in TELLING or event == "landed":
        said = ", ".join(f"{name}={value}" for name, value in document.items() if name not in {"level", "logger"})
        yield Line(at, part, event, said[:160])


def _supervisor(text: str) -> Iterator[Line]:
    if found := _SUPERVISOR.match(text):
        at = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").astimezone(UTC)
        yield Line(at, found[3].split()[0].strip("':"), found[2], found[3][:160])


def pauses(lines: list[Line], began: datetime, ended: datetime) -> list[Pause]:
    """Where nothing landed for long though people went on, each with what the processes said around it."""
    moments = [line.at for line in lines if line.event == "landed" and began <= line.at <= ended]
    found = []
    for before, after in zip([began, *moments], [*moments, ended], strict=True):
        if (after - before).total_seconds() > PAUSE_SECONDS:
            why = [line for line in lines if line.event != "landed" and before <= line.at <= after]
            found.append(Pause(before, after, tuple(why)))
    return found
