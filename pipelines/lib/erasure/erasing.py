"""The erasure itself. What it does can be cut off anywhere and begun again: it goes on with the same identifiers.

First the events are noted as gone, in one transaction with Postgres' own copies of them, so that no crash leaves one
that nobody can name any more. Until the rest has followed the proof counts them as a difference.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from pyiceberg.expressions import In

from ingestion.clock import agreed_time
from ingestion.contracts import EVENT_TYPES, TOPICS, new_event_id
from ingestion.lake.catalog import LakeCatalog
from ingestion.lake.expiry import forget_holders, remove_orphans
from ingestion.lake.rewriting import Rewritten, take_out, until_committed
from ingestion.lake.swap import data_entries, rewrite_manifests
from ingestion.lake.tables import FAILED_TABLE, raw_table
from pipelines.lib import typed, warehouse
from pipelines.lib.care import alone
from pipelines.lib.erasure.kafka import Kept, kept_in_kafka
from pipelines.lib.erasure.person import Found, Person, chosen, find, identify
from pipelines.lib.erasure.scan import files_with, rows_with
from pipelines.lib.exclusive import exclusive
from pipelines.lib.lake import identifier, open_lake
from pipelines.lib.settings import Settings
from pipelines.lib.typed import typed_name

_OPEN = "select erasure_id, identifiers from core.erasures where customer_id = %s and finished_at is null"
_BEGIN = "insert into core.erasures (erasure_id, customer_id, actor, identifiers) values (%s, %s, %s, %s)"
_WIDEN = "update core.erasures set identifiers = %s where erasure_id = %s"
_ERASE = "select * from core.erase_events(%s, %s, %s, %s, %s)"
_NOTED = "select event_id, topic, type from core.gone_events where note = %s"
_FINISH = "update core.erasures set identifiers = null, receipt = %s, finished_at = now() where erasure_id = %s"
_COMMIT_TAKES = timedelta(hours=1)
Say = Callable[[str], object]


class ErasureIncomplete(RuntimeError):
    """Something still holds an identifier; the message says what. Begun again it goes on."""


@dataclass(frozen=True)
class Plan:
    """What would be erased: events by type, and the browsers that are the person's own or shared."""

    customer_id: UUID
    events: dict[str, int]
    browsers: int
    shared_browsers: int
    kafka: list[Kept]


@dataclass(frozen=True)
class Receipt:
    """What was done, in figures; no identifier but the person's own."""

    erasure_id: UUID
    customer_id: UUID
    finished_at: datetime
    events: dict[str, int]
    shared_browsers: int
    rows: dict[str, int]
    files_rewritten: dict[str, int]
    snapshots_expired: dict[str, int]
    names_removed: dict[str, list[str]]
    warehouse_rows: dict[str, int]
    outbox: int
    dead_letters: int
    repaired_records: int
    files_scanned: int
    kafka: list[Kept] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        plain = asdict(self) | {"finished_at": self.finished_at.isoformat()}
        return plain | {"erasure_id": str(self.erasure_id), "customer_id": str(self.customer_id)}


def plan(settings: Settings, customer_id: UUID) -> Plan:
    """What an erasure would do. Nothing is changed."""
    with closing(open_lake(settings)) as catalog:
        person = identify(settings, catalog, customer_id)
        events = Counter(each.type for each in find(settings, catalog, person.identifiers))
        kafka = kept_in_kafka(settings, person.identifiers)
    return Plan(customer_id, dict(sorted(events.items())), len(person.identifiers) - 1, len(person.shared), kafka)


def erase(settings: Settings, customer_id: UUID, actor: str, say: Say = lambda _: None) -> Receipt:
    """Erase a person, look for them everywhere, and keep a receipt. Raises ErasureIncomplete and CareIsBusy.

    Builds and care wait meanwhile; the lander goes on.
    """
    with alone(settings), exclusive(settings), closing(open_lake(settings)) as catalog:
        say("finding out who that is")
        erasure_id, person = _begin(settings, catalog, customer_id, actor)
        events = find(settings, catalog, person.identifiers) | _noted(settings, erasure_id)
        copies = _from_core(settings, person, events, erasure_id)
        say(f"taking {len(events):,} events out of the lake")
        rewritten = _from_lake(settings, catalog, person, events)
        # Readers move on to what is left, so that nobody needs the snapshots from before.
        typed.build(settings)
        warehouse.load(settings)
        say("taking rows out of the warehouse")
        from_warehouse = rows_with(settings, person.identifiers, delete=True)
        expired = {table: _forget(settings, catalog, table, done) for table, done in rewritten.items()}
        say("looking at every file and row")
        scanned = _look(settings, catalog, person)
        receipt = Receipt(
            erasure_id=erasure_id,
            customer_id=customer_id,
            finished_at=datetime.now(UTC),
            events=dict(sorted(Counter(each.type for each in events).items())),
            shared_browsers=len(person.shared),
            rows={table: done.rows for table, done in rewritten.items() if done.rows},
            files_rewritten={table: len(done.files) for table, done in rewritten.items() if done.files},
            snapshots_expired={table: count for table, (count, _) in expired.items() if count},
            names_removed={table: list(names) for table, (_, names) in expired.items() if names},
            warehouse_rows=from_warehouse,
            outbox=copies[0],
            dead_letters=copies[1],
            repaired_records=copies[2],
            files_scanned=scanned,
            kafka=kept_in_kafka(settings, person.identifiers),
        )
        with _core(settings) as connection:
            connection.execute(_FINISH, (Jsonb(receipt.document()), erasure_id))
        return receipt


def _core(settings: Settings) -> psycopg.Connection:
    return psycopg.connect(settings.lake.postgres_ingestion_url)


def _begin(settings: Settings, catalog: LakeCatalog, customer_id: UUID, actor: str) -> tuple[UUID, Person]:
    """Note who is looked for before anything is gone; one that was cut off goes on."""
    found = identify(settings, catalog, customer_id)
    with _core(settings) as connection:
        row = connection.execute(_OPEN, (customer_id,)).fetchone()
        if row is None:
            erasure_id = new_event_id()
            connection.execute(_BEGIN, (erasure_id, customer_id, actor, list(found.identifiers)))
            return erasure_id, found
        words = tuple(dict.fromkeys([*row[1], *found.identifiers]))
        connection.execute(_WIDEN, (list(words), row[0]))
        return row[0], Person(customer_id, words, found.shared)


def _from_lake(settings: Settings, catalog: LakeCatalog, person: Person, events: set[Found]) -> dict[str, Rewritten]:
    """Table, before the environment's prefix → what was taken out of it."""
    done = {}
    for event_type in EVENT_TYPES:
        name = identifier(settings, typed_name(event_type))
        if catalog.table_exists(name):
            ids = [str(each.event_id) for each in events if each.type == event_type]
            done[typed_name(event_type)] = _from_typed(catalog, name, ids)
    # Those alone that are noted: what has landed since then is found by whoever begins again.
    marks = partial(chosen, identifiers=person.identifiers, event_ids={each.event_id for each in events})
    for table in [FAILED_TABLE, *map(raw_table, TOPICS)]:
        name = identifier(settings, table)
        if catalog.table_exists(name):
            done[table] = take_out(catalog, name, marks)
    for table, taken in done.items():
        if taken.files:  # the snapshot that took them out still names them: from the next one on nothing does
            until_committed(partial(rewrite_manifests, catalog, identifier(settings, table)))
    return done


def _from_typed(catalog: LakeCatalog, name: str, event_ids: list[str]) -> Rewritten:
    """Iceberg's own copy-on-write: only files whose day holds one of these are written anew."""
    if not event_ids:
        return Rewritten()
    wanted = In(term="event_id", literals=set(event_ids))
    if not catalog.load_table(name).scan(row_filter=wanted, selected_fields=("event_id",)).to_arrow().num_rows:
        return Rewritten()  # an erasure that was cut off had come so far
    before = _records(catalog, name)
    until_committed(lambda: catalog.load_table(name).delete(wanted))
    after = _records(catalog, name)
    return Rewritten(sum(before.values()) - sum(after.values()), tuple(before.keys() - after.keys()))


def _records(catalog: LakeCatalog, name: str) -> dict[str, int]:
    files = [entry.data_file for entry in data_entries(catalog.load_table(name))]
    return {file.file_path: file.record_count for file in files}


def _forget(settings: Settings, catalog: LakeCatalog, table: str, done: Rewritten) -> tuple[int, tuple[str, ...]]:
    """(snapshots, names) that went."""
    if not done.files:
        return 0, ()
    expired = forget_holders(catalog, identifier(settings, table), done.files)
    return expired.snapshots, expired.tagged


def _noted(settings: Settings, erasure_id: UUID) -> set[Found]:
    """What an erasure that was cut off had noted."""
    with _core(settings) as connection:
        return {Found(*row) for row in connection.execute(_NOTED, (f"erasure {erasure_id}",))}


def _from_core(settings: Settings, person: Person, events: set[Found], erasure_id: UUID) -> tuple[int, int, int]:
    ordered = sorted(events, key=lambda each: each.event_id)
    columns = [[getattr(each, name) for each in ordered] for name in ("event_id", "topic", "type")]
    with _core(settings) as connection:
        row = connection.execute(_ERASE, (*columns, list(person.identifiers), f"erasure {erasure_id}")).fetchone()
    return (0, 0, 0) if row is None else (row[0], row[1], row[2])


def _look(settings: Settings, catalog: LakeCatalog, person: Person) -> int:
    """How many files were looked at. Raises ErasureIncomplete where any of them, or the warehouse, holds more."""
    scanned = 0
    left: list[str] = []
    for table in [FAILED_TABLE, *map(raw_table, TOPICS), *map(typed_name, EVENT_TYPES)]:
        name = identifier(settings, table)
        if catalog.table_exists(name):
            count, found = files_with(catalog, catalog.load_table(name).location(), person.identifiers)
            if found:
                # Snapshots from before an erasure that was cut off, and lost files of commits that failed.
                until_committed(partial(rewrite_manifests, catalog, name))
                forget_holders(catalog, name, found)
                remove_orphans(catalog, name, agreed_time(settings.lake) - _COMMIT_TAKES)
                count, found = files_with(catalog, catalog.load_table(name).location(), person.identifiers)
            scanned += count
            left += found
    if left:
        raise ErasureIncomplete(
            f"{len(left)} files still hold an identifier, such as {left[0]}: events of this person are landing, or a"
            " commit failed within the hour. Close the account and begin again"
        )
    if rows := rows_with(settings, person.identifiers):
        raise ErasureIncomplete(f"the warehouse still holds rows of this person: {rows}")
    return scanned
