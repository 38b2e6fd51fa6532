"""What `agora failed` does: events that could not be read or did not fit, looked at, put right and sent again."""

import csv
import getpass
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from infra.local.environment import enter
from infra.local.settings import LocalError
from ingestion import repair as repairs
from ingestion.lake.catalog import open_catalog
from ingestion.lake.failed import FailedEvent, failed_events
from ingestion.repair import OPEN, REPAIRED, Act, AlreadyReplayed, NotReplayable
from ingestion.settings import Settings, load_settings

SHOWN = 50


@dataclass(frozen=True)
class Filters:
    """Which failed events: of a domain's topic, claiming a type, with words in their reason, from a time on."""

    topic: str | None = None
    kind: str | None = None
    reason: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Case:
    """A failed event, and what was done about it."""

    event: FailedEvent
    domain: str
    done: list[Act]

    @property
    def state(self) -> str:
        """One of `repairs.STATES`."""
        return repairs.state_of(self.done)

    def document(self) -> dict[str, Any]:
        """For programs: one line of the list."""
        event = self.event
        return {
            "failed_id": str(event.failed_id),
            "failed_at": event.failed_at.isoformat(),
            "state": self.state,
            "stage": event.stage,
            "topic": self.domain,
            "kafka_partition": event.kafka_partition,
            "kafka_offset": event.kafka_offset,
            "event_id": event.event_id,
            "event_type": event.event_type,
            "dataschema": event.dataschema,
            "reason": event.reason,
        }


class Desk:
    """The lake's failed events beside the operational database's notes of them."""

    def __init__(self, settings: Settings, connection: psycopg.Connection) -> None:
        self._settings = settings
        self.connection = connection

    def cases(self, wanted: Filters) -> list[Case]:
        """What fits, the oldest first."""
        name = None if wanted.topic is None else self._settings.topic(wanted.topic)
        start = None if wanted.since is None else wanted.since.replace(tzinfo=wanted.since.tzinfo or UTC)
        with closing(open_catalog(self._settings)) as catalog:
            found = failed_events(catalog, self._settings, name, start)
        done = repairs.acts(self.connection)
        return [
            Case(each, each.kafka_topic.removeprefix(self._settings.kafka_topic_prefix), done.get(each.failed_id, []))
            for each in found
            if wanted.kind in {None, each.event_type} and (wanted.reason or "").lower() in each.reason.lower()
        ]

    def one(self, beginning: str) -> Case:
        """The one whose id begins so. Raises LocalError for none and for several."""
        wanted = beginning.lower()
        found = [case for case in self.cases(Filters()) if str(case.event.failed_id).startswith(wanted)]
        if len(found) == 1:
            return found[0]
        told = ", ".join(str(case.event.failed_id) for case in found[:5])
        raise LocalError(f"{beginning} begins the ids {told}" if found else f"no failed event has the id {beginning}")


@contextmanager
def _desk() -> Iterator[Desk]:
    enter()
    settings = load_settings()
    try:
        with psycopg.connect(settings.postgres_ingestion_url, autocommit=True) as connection:
            yield Desk(settings, connection)
    except psycopg.OperationalError as error:
        raise LocalError("Postgres does not answer: is the stack up?") from error


def list_failed(filters: Filters, *, every: bool, form: str) -> None:
    """What waits for somebody, the newest last."""
    if form not in {"table", "csv", "json"}:
        raise LocalError(f"no such format: {form}; there are table, csv and json")
    with _desk() as desk:
        cases = desk.cases(filters)
    shown = [case for case in cases if every or case.state in {OPEN, REPAIRED}]
    if form == "json":
        print(json.dumps([case.document() for case in shown], indent=1))
    elif form == "csv":
        _write_csv([case.document() for case in shown])
    else:
        _print_table(shown)
        states = Counter(case.state for case in cases)
        told = ", ".join(f"{states[state]} {state}" for state in repairs.STATES if states[state])
        print(told or "no event has failed")


def _write_csv(rows: list[dict[str, Any]]) -> None:
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _print_table(cases: list[Case]) -> None:
    if not cases:
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "failed at", "topic", "offset", "type", "state", "reason"):
        table.add_column(heading, no_wrap=heading != "reason")
    for case in cases[-SHOWN:]:
        event = case.event
        when = event.failed_at.strftime("%Y-%m-%d %H:%M")
        place = f"{event.kafka_partition}:{event.kafka_offset}"
        short = str(event.failed_id)[:8]
        kind = event.event_type or "?"
        table.add_row(short, when, case.domain, place, kind, case.state, event.reason[:200])
    if len(cases) > SHOWN:
        print(f"the last {SHOWN} of {len(cases)}:")
    Console().print(table)


def show(failed_id: str) -> None:
    """All that is known of one: where it lay, why it failed, the record itself, what was done."""
    with _desk() as desk:
        case = desk.one(failed_id)
    for name, value in case.document().items():
        print(f"{name:16}{value if value is not None else '-'}")
    print(f"{'key':16}{_text(case.event.key)}\n{'headers':16}{case.event.headers or '-'}\n\n{_text(case.event.value)}")
    for act in case.done:
        print(f"\n{act.act} by {act.actor}, {act.acted_at:%Y-%m-%d %H:%M}" + (f": {act.note}" if act.note else ""))
        if act.value is not None:
            print(_text(act.value))


def _text(value: bytes | None) -> str:
    """JSON over several lines, other text as it is, bytes that are no text in hexadecimal."""
    try:
        text = (value or b"").decode()
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except UnicodeDecodeError:
        return (value or b"").hex(" ")
    except json.JSONDecodeError:
        return text or "-"


def repair(failed_id: str, changes: list[str], file: Path | None, note: str) -> None:
    """Keep what the record should have been; it has to fit its contract. `agora failed replay` sends it."""
    if bool(changes) == (file is not None):
        raise LocalError("say what to change with --set, or give the whole record with --file")
    if file is not None and not file.is_file():
        raise LocalError(f"there is no file {file}")
    with _desk() as desk:
        case = desk.one(failed_id)
        before = repairs.newest_value(case.event, case.done)
        value = file.read_bytes() if file is not None else changed(before, changes)
        try:
            record = repairs.repair(desk.connection, case.event, case.domain, value, getpass.getuser(), note)
        except NotReplayable as error:
            raise LocalError(f"it would still be refused: {error}") from error
        except AlreadyReplayed as error:
            raise LocalError("it was sent again before; what came of it is an event of its own") from error
    print(f"it fits {record.type} now; `agora failed replay {str(case.event.failed_id)[:8]}` sends it")


def changed(value: bytes | None, changes: list[str]) -> bytes:
    """A record with some values replaced; each is JSON, else text. Raises LocalError for what cannot be reached."""
    try:
        document = json.loads(value or b"")
    except ValueError as error:
        raise LocalError("the record is no JSON: give the whole of it with --file") from error
    for change in changes:
        path, is_given, text = change.partition("=")
        if not is_given:
            raise LocalError(f"{change}: write it as PATH=VALUE")
        *above, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
        try:
            place = document
            for part in above:
                place = place[part]
            place[last] = _value(text)
        except (KeyError, IndexError, TypeError) as error:
            raise LocalError(f"{path}: there is no such place in the record") from error
    return json.dumps(document, ensure_ascii=False).encode()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def replay(failed_ids: list[str], filters: Filters, *, every: bool, dry_run: bool) -> bool:
    """Send events again, each once, as they were repaired or as they came; whether all could go."""
    if every == bool(failed_ids):
        raise LocalError("name the events, or send --all of them")
    with _desk() as desk:
        chosen = desk.cases(filters) if every else [desk.one(each) for each in failed_ids]
        waiting = [case for case in chosen if not every or case.state in {OPEN, REPAIRED}]
        outcomes = Counter(_replay(desk, case, dry_run=dry_run) for case in waiting)
    print(f"{outcomes[True]} {'would go' if dry_run else 'are on their way'}, {outcomes[False]} refused")
    return not outcomes[False]


def _replay(desk: Desk, case: Case, *, dry_run: bool) -> bool:
    short = str(case.event.failed_id)[:8]
    try:
        if dry_run:
            repairs.check(repairs.newest_value(case.event, case.done), case.domain)
        else:
            repairs.replay(desk.connection, case.event, case.domain, getpass.getuser())
    except NotReplayable as error:
        print(f"{short}: {error}")
    except AlreadyReplayed:
        print(f"{short}: was sent again before")
    else:
        return True
    return False


def dismiss(failed_id: str, note: str) -> None:
    """Let one be: it no longer counts as waiting. It can still be repaired later."""
    with _desk() as desk:
        case = desk.one(failed_id)
        try:
            repairs.dismiss(desk.connection, case.event, getpass.getuser(), note)
        except AlreadyReplayed as error:
            raise LocalError("it was sent again before; there is nothing left to dismiss") from error
    print("dismissed")
