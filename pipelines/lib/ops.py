"""The schema `ops` of the warehouse: what the data plane knows of itself, for the pages that show it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import psycopg
import structlog
from psycopg.types.json import Jsonb

from ingestion import repair
from ingestion.lake.catalog import open_catalog
from ingestion.lake.failed import failed_events
from ingestion.proof import Proof, Prover
from ingestion.repair import OPEN, REPAIRED
from pipelines.lib.quality import Verdict
from pipelines.lib.settings import Settings

log = structlog.get_logger(__name__)
PROOF_WAIT = 60.0  # seconds for what is on its way
KEPT_DAYS = 90
TABLES = """
create schema if not exists ops;
create table if not exists ops.proofs (
    proved_at timestamptz primary key, seconds double precision not null, difference bigint not null,
    rows jsonb not null
);
create table if not exists ops.checks (
    checked_at timestamptz not null default clock_timestamp(), suite text not null, passed boolean not null,
    rows bigint not null, failures text[] not null, warnings text[] not null, primary key (suite, checked_at)
);
create table if not exists ops.failed_events (
    failed_id uuid primary key, failed_at timestamptz not null, topic text not null, stage text not null,
    event_type text, reason text not null, state text not null
);
create table if not exists ops.alerts (
    alert_id bigint generated always as identity primary key, source text not null, message text not null,
    raised_at timestamptz not null default clock_timestamp(), seen_at timestamptz not null default clock_timestamp(),
    times bigint not null default 1, ended_at timestamptz
);
create unique index if not exists alerts_open on ops.alerts (source) where ended_at is null;
"""
_RAISE = """
insert into ops.alerts (source, message) values (%s, %s)
on conflict (source) where ended_at is null
do update set message = excluded.message, seen_at = clock_timestamp(), times = alerts.times + 1
returning times
"""


@dataclass
class _Ops:
    """A transaction in a warehouse that has the tables, and the alerts that are new in it."""

    connection: psycopg.Connection
    new: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, source: str, message: str | None) -> None:
        """A message raises the source's alert, or says once more what stands; None ends it."""
        if message is None:
            self.connection.execute(
                "update ops.alerts set ended_at = clock_timestamp() where source = %s and ended_at is null", (source,)
            )
            return
        text = message[:2000].replace("\0", "\ufffd")
        if self.connection.execute(_RAISE, (source, text)).fetchone() == (1,):
            self.new.append((source, text))


@contextmanager
def _ops(settings: Settings) -> Iterator[_Ops]:
    """What is told within stands together; then whoever wants to hear of new alerts is told."""
    with psycopg.connect(settings.warehouse_url) as connection:
        # Two processes that make a schema at the same time would meet in the system catalogue.
        connection.execute("select pg_advisory_xact_lock(hashtext('ops'))")
        connection.execute(TABLES)
        ops = _Ops(connection)
        yield ops
    for source, message in ops.new:
        log.warning("alert", source=source, message=message)
        _send(settings, source, message)


def _send(settings: Settings, source: str, message: str) -> None:
    """To the address that the environment names. Who does not answer is no reason to stop: the alert stands anyway."""
    if settings.pipelines_alert_url is None:
        return
    try:
        body = {"source": source, "message": message, "raised_at": datetime.now(UTC).isoformat()}
        httpx.post(settings.pipelines_alert_url, json=body, timeout=5, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        log.warning("alert_not_delivered", source=source, error=type(error).__name__)


def prove(settings: Settings, wait: float = PROOF_WAIT) -> Proof:
    """Run the proof, note it, and raise or end the alert of a difference."""
    began = datetime.now(UTC)
    proof = Prover(settings.lake).prove_within(wait)
    seconds = (datetime.now(UTC) - began).total_seconds()
    with _ops(settings) as ops:
        document = proof.document()
        ops.connection.execute(
            "insert into ops.proofs values (%s, %s, %s, %s)",
            (proof.as_of, seconds, proof.difference, Jsonb(document["rows"])),
        )
        ops.connection.execute("delete from ops.proofs where proved_at < now() - %s * interval '1 day'", (KEPT_DAYS,))
        wrong = [f"{row.topic} {row.type}: {row.difference}" for row in proof.rows if row.difference]
        ops.tell("proof", f"difference {proof.difference}: {'; '.join(wrong)}" if wrong else None)
    return proof


def note_verdict(settings: Settings, suite: str, verdict: Verdict) -> None:
    """Keep what a suite of checks said; the alert stands as long as a critical one fails."""
    with _ops(settings) as ops:
        ops.connection.execute(
            "insert into ops.checks (suite, passed, rows, failures, warnings) values (%s, %s, %s, %s, %s)",
            (suite, verdict.passed, verdict.rows, verdict.failures, verdict.warnings),
        )
        ops.connection.execute("delete from ops.checks where checked_at < now() - %s * interval '1 day'", (KEPT_DAYS,))
        ops.tell(f"checks of {suite}", None if verdict.passed else "; ".join(verdict.failures))


def copy_failed_events(settings: Settings) -> dict[str, int]:
    """The failed events without what was in them, for the page and its alert; returns how many in each state."""
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
    waiting = states[OPEN] + states[REPAIRED]
    with _ops(settings) as ops:
        ops.connection.execute("delete from ops.failed_events")
        with ops.connection.cursor().copy("copy ops.failed_events from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        ops.tell("failed events", f"{waiting} wait: see `agora failed list`" if waiting else None)
    return states


def tell(settings: Settings, source: str, message: str | None) -> None:
    """Raise the alert of a source, which has one at a time, or end it with None."""
    with _ops(settings) as ops:
        ops.tell(source, message)
