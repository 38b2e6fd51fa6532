"""Who is looked for, and where they are: identifiers of one person, and the events that hold any of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import Catalog

from ingestion.contracts import TOPICS
from ingestion.lake.failed import failed_id
from ingestion.lake.swap import data_entries, read_files
from ingestion.lake.tables import FAILED_TABLE, raw_table
from ingestion.lander.records import Unreadable, read_envelope, types_of
from ingestion.proof.compare import UNREADABLE
from pipelines.lib.lake import identifier
from pipelines.lib.settings import Settings

_SENT = """
select event_id, topic, type, envelope from core.outbox where exists (
    select from unnest(%s::text[]) as given (word) where position(convert_to(given.word, 'UTF8') in envelope) > 0)
"""


@dataclass(frozen=True)
class Found:
    """An event that holds an identifier, or a record that is no event but does."""

    event_id: UUID
    topic: str
    type: str


@dataclass(frozen=True)
class Person:
    """`identifiers` as text: the customer's id first, then browsers that nobody else signed in with.

    `shared` are browsers that others use as well: what was done there without a name stays, for it may be theirs.
    """

    customer_id: UUID
    identifiers: tuple[str, ...]
    shared: tuple[str, ...] = ()


def holds(column: pa.ChunkedArray | pa.Array, identifiers: Iterable[str]) -> pa.ChunkedArray | pa.Array:
    """Which values have one of the identifiers in them, in whatever case; null has none."""
    binary = pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
    words = [word.encode() if binary else word for word in identifiers]
    found = [pc.fill_null(pc.match_substring(column, word, ignore_case=True), False) for word in words]
    return reduce(pc.or_, found)


def raw_marks(rows: pa.Table, identifiers: Iterable[str]) -> pa.ChunkedArray:
    """Rows of a raw table, or of the failed events, that hold an identifier anywhere."""
    names = [name for name in ("value", "subject", "key", "headers", "reason") if name in rows.column_names]
    words = list(identifiers)
    return reduce(pc.or_, [holds(rows[name], words) for name in names])


def chosen(rows: pa.Table, identifiers: Iterable[str], event_ids: set[UUID]) -> pa.Array:
    """Rows of a raw table, or of the failed events, that hold an identifier and are one of these events."""
    marked = raw_marks(rows, identifiers).to_pylist()
    wanted = [
        mark and _named(str(row["kafka_topic"]).rpartition(".")[2], row).event_id in event_ids
        for mark, row in zip(marked, rows.to_pylist() if any(marked) else [{}] * len(marked), strict=True)
    ]
    return pa.array(wanted, pa.bool_())


def identify(settings: Settings, catalog: Catalog, customer_id: UUID) -> Person:
    """The person's browsers, from every event that names the person and a browser."""
    named = [document for _, document in _documents(settings, catalog, [str(customer_id)])]
    browsers = {str(each["anonymous_id"]) for each in named if each.get("anonymous_id")}
    if not browsers:
        return Person(customer_id, (str(customer_id),))
    shared = {
        str(document["anonymous_id"])
        for _, document in _documents(settings, catalog, sorted(browsers))
        if document.get("anonymous_id") and document.get("customer_id") not in {None, str(customer_id)}
    }
    own = sorted(browsers - shared)
    return Person(customer_id, (str(customer_id), *own), tuple(sorted(shared & browsers)))


def find(settings: Settings, catalog: Catalog, identifiers: Iterable[str]) -> set[Found]:
    """Every event of the raw tables, the failed events and the outbox that holds an identifier."""
    words = list(identifiers)
    found = set()
    for domain, row, _ in _rows(settings, catalog, words):
        found.add(_named(domain, row))
    with psycopg.connect(settings.lake.postgres_ingestion_url, autocommit=True) as connection:
        for event_id, topic, event_type, _ in connection.execute(_SENT, (words,)):
            found.add(Found(event_id, topic, event_type))
    return found


def _named(domain: str, row: dict[str, Any]) -> Found:
    """The event; or a record that is none, by the id under which it failed."""
    if "failed_at" not in row:
        return Found(UUID(row["event_id"]), domain, row["event_type"])
    try:
        event_id, event_type, *_ = read_envelope(row["value"], types_of(domain))
    except Unreadable:
        place = row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]
        return Found(UUID(failed_id(*place, row["value"])), domain, UNREADABLE)
    return Found(UUID(event_id), domain, event_type)


def _documents(settings: Settings, catalog: Catalog, words: list[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """The data of every landed event that holds one of the words."""
    for domain, _, document in _rows(settings, catalog, words):
        if isinstance(data := document.get("data"), dict):
            yield domain, data


def _rows(
    settings: Settings, catalog: Catalog, words: list[str]
) -> Iterator[tuple[str, dict[str, Any], dict[str, object]]]:
    """(domain, row, document) of the raw tables and the failed events."""
    prefix = settings.lake.kafka_topic_prefix
    for table_name in [*map(raw_table, TOPICS), FAILED_TABLE]:
        name = identifier(settings, table_name)
        if not catalog.table_exists(name):
            continue
        table = catalog.load_table(name)
        for entry in data_entries(table):
            rows = read_files(table, [entry.data_file])
            for row in rows.filter(raw_marks(rows, words)).to_pylist():
                yield str(row["kafka_topic"]).removeprefix(prefix), row, _read(row["value"])


def _read(value: str | bytes | None) -> dict[str, object]:
    try:
        document = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
