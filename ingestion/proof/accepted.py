"""What was accepted and what the warehouse holds, as Postgres knows it."""

from collections.abc import Iterable

import polars as pl
import psycopg
from psycopg import sql

from ingestion.contracts import EVENT_TYPES
from ingestion.proof import ids
from ingestion.settings import Settings

# One value of up to 16 MB instead of a million rows.
_OUTBOX = """
select topic, type, string_agg(uuid_send(event_id), '') from core.outbox group by topic, type, id / 1000000
"""
_RECEIPTS = """
select topic, type, string_agg(uuid_send(event_id), '')
from core.capture_receipts, unnest(event_ids) as event_id group by topic, type
"""
# What was accepted and is gone with a note of it: erased with a person, or lost with a topic and written off.
_GONE = """
select topic, type, string_agg(uuid_send(event_id), '') from core.gone_events group by topic, type
"""
_RECOVER = """
insert into core.capture_receipts (batch_id, topic, type, event_ids, accepted_at)
values (%s, %s, %s, %s::uuid[], now()) on conflict do nothing
"""


def accepted(settings: Settings) -> pl.DataFrame:
    """Distinct ids of the outbox and of the receipts of direct capture."""
    with psycopg.connect(settings.postgres_ingestion_url, autocommit=True) as connection:
        frames = [*_frames(connection, _OUTBOX), *_frames(connection, _RECEIPTS)]
    return pl.concat([ids.empty(), *frames]).unique()


def gone(settings: Settings) -> pl.DataFrame:
    """Distinct ids of events that are noted as gone; none where the database is older than that note."""
    with psycopg.connect(settings.postgres_ingestion_url, autocommit=True) as connection:
        if connection.execute("select to_regclass('core.gone_events')").fetchone() == (None,):
            return ids.empty()
        return pl.concat([ids.empty(), *_frames(connection, _GONE)])


def _frames(connection: psycopg.Connection, query: str) -> Iterable[pl.DataFrame]:
    with connection.cursor(binary=True) as cursor:
        for topic, event_type, content in cursor.execute(query):
            yield ids.from_bytes(topic, event_type, content)


def known_batches(settings: Settings) -> set[bytes]:
    """The batch ids that have a receipt."""
    with psycopg.connect(settings.postgres_ingestion_url, autocommit=True) as connection:
        query = "select uuid_send(batch_id) from core.capture_receipts"
        return {bytes(row[0]) for row in connection.cursor(binary=True).execute(query)}


def recover(settings: Settings, receipts: Iterable[tuple[bytes, str, str, list[str]]]) -> int:
    """Write missing receipts (batch id, domain, type, event ids); returns how many there were."""
    rows = [(batch.hex(), domain, event_type, event_ids) for batch, domain, event_type, event_ids in receipts]
    if rows:
        with psycopg.connect(settings.postgres_ingestion_url) as connection:
            connection.cursor().executemany(_RECOVER, rows)
    return len(rows)


def warehouse(settings: Settings) -> pl.DataFrame:
    """Distinct ids in the warehouse; a table that is not there yet holds none."""
    frames = [ids.empty()]
    with psycopg.connect(settings.warehouse_url, autocommit=True) as connection:
        for event_type, event_class in EVENT_TYPES.items():
            name = event_type.replace(".", "_")
            if connection.execute("select to_regclass(%s)", (f"lake.{name}",)).fetchone() == (None,):
                continue
            table = sql.Identifier("lake", name)
            query = sql.SQL("select string_agg(uuid_send(event_id::uuid), '') from {}").format(table)
            content = connection.cursor(binary=True).execute(query).fetchone()
            if content is not None and content[0] is not None:
                frames.append(ids.from_bytes(event_class.domain(), event_type, content[0]))
    return pl.concat(frames).unique()
