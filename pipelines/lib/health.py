"""What checks said, and which events wait for somebody: kept in `ops`, and told where it is wrong."""

from contextlib import closing
from dataclasses import astuple

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from ingestion import repair
from ingestion.lake.catalog import open_catalog
from ingestion.lake.failed import failed_events
from ingestion.repair import OPEN, REPAIRED
from pipelines.lib.alerts import tell
from pipelines.lib.ops import open_ops
from pipelines.lib.quality import Verdict
from pipelines.lib.settings import Settings

KEPT_DAYS = 90
_PUT_CHECK = """
insert into ops.checks (suite, passed, rows, failures, warnings, notes) values (%s, %s, %s, %s, %s, %s)
returning checked_at
"""
_PUT_DOCUMENT = """
insert into ops.check_documents (suite, checked_at, document) values (%s, clock_timestamp(), %s)
on conflict (suite) do update set checked_at = excluded.checked_at, document = excluded.document
"""


def note_verdict(settings: Settings, suite: str, verdict: Verdict) -> None:
    """Keep what a suite of checks said, each expectation of it, and its document for the data docs.

    The alert of the suite stands as long as a critical expectation fails.
    """
    with open_ops(settings) as connection:
        values = (suite, verdict.passed, verdict.rows, verdict.failures, verdict.warnings, verdict.notes)
        row = connection.execute(_PUT_CHECK, values).fetchone()
        each = [(row[0] if row else None, suite, *astuple(outcome)) for outcome in verdict.outcomes]
        connection.cursor().executemany("insert into ops.expectations values (%s, %s, %s, %s, %s, %s, %s)", each)
        if verdict.document is not None:
            connection.execute(_PUT_DOCUMENT, (suite, Jsonb(verdict.document)))
        for table in ("checks", "expectations"):
            old = sql.SQL("delete from {} where checked_at < now() - %s * interval '1 day'")
            connection.execute(old.format(sql.Identifier("ops", table)), (KEPT_DAYS,))
    tell(settings, f"checks of {suite}", None if verdict.passed else "; ".join(verdict.failures))


def note_failed_events(settings: Settings) -> dict[str, int]:
    """The failed events without what was in them; their alert stands while any waits. Returns state → events."""
    with closing(open_catalog(settings.lake)) as catalog:
        events = failed_events(catalog, settings.lake)
    with psycopg.connect(settings.lake.postgres_ingestion_url, autocommit=True) as connection:
        acts = repair.acts(connection)
    prefix = settings.lake.kafka_topic_prefix
    rows = [
        (
            event.failed_id,
            event.failed_at,
            event.kafka_topic.removeprefix(prefix),
            event.stage,
            event.event_type,
            event.reason[:500].replace("\0", "\ufffd"),
            repair.state_of(acts.get(event.failed_id, [])),
        )
        for event in events
    ]
    states = dict.fromkeys(repair.STATES, 0)
    for *_, state in rows:
        states[state] += 1
    with open_ops(settings) as connection:
        connection.execute("delete from ops.failed_events")
        with connection.cursor().copy("copy ops.failed_events from stdin") as copy:
            for row in rows:
                copy.write_row(row)
    waiting = states[OPEN] + states[REPAIRED]
    tell(settings, "failed events", f"{waiting} wait: see `agora failed list`" if waiting else None)
    return states
