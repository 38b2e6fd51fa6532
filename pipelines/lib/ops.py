"""The schema `ops` of the warehouse: what the pipelines know of their own work, for the pages that show it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from pipelines.lib.settings import Settings

_LOCK = 0x4F5053  # "OPS"
TABLES = """
create schema if not exists ops;
create table if not exists ops.proof_runs (
    proof_id bigint generated always as identity primary key, as_of timestamptz not null,
    seconds double precision not null, difference bigint not null, rows jsonb not null
);
create table if not exists ops.model_runs (
    name text primary key, invocation_id text not null, status text not null, seconds double precision not null,
    rows bigint, finished_at timestamptz not null
);
create table if not exists ops.lineage_models (
    name text primary key, path text not null, description text not null, sql text not null,
    columns jsonb not null, depends_on text[] not null
);
create table if not exists ops.lineage_columns (
    name text not null, "column" text not null, source text not null, source_column text not null,
    primary key (name, "column", source, source_column)
);
create table if not exists ops.lineage_loads (
    table_name text primary key, event_type text not null,
    typed_table text not null, typed_snapshot_id bigint, typed_committed_at timestamptz, typed_rows bigint,
    raw_table text not null, raw_snapshot_id bigint, raw_committed_at timestamptz, raw_rows bigint,
    positions jsonb, newest_at timestamptz, samples jsonb not null
);
create table if not exists ops.lineage_noted (noted_at timestamptz not null);
create table if not exists ops.lineage_columns_of (checksum text not null);
create table if not exists ops.checks (
    checked_at timestamptz not null default clock_timestamp(), suite text not null, passed boolean not null,
    rows bigint not null, failures text[] not null, warnings text[] not null, notes text[] not null default '{}',
    primary key (suite, checked_at)
);
do $$ begin
    if not exists (
        select from information_schema.columns
        where table_schema = 'ops' and table_name = 'checks' and column_name = 'notes'
    ) then alter table ops.checks add column notes text[] not null default '{}'; end if;
end $$;
create table if not exists ops.expectations (
    checked_at timestamptz not null, suite text not null, expectation text not null, about text not null,
    severity text not null, is_met boolean not null, unexpected bigint not null
);
create index if not exists expectations_suite on ops.expectations (suite, checked_at);
create table if not exists ops.check_documents (
    suite text primary key, checked_at timestamptz not null, document jsonb not null
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


@contextmanager
def open_ops(settings: Settings) -> Iterator[psycopg.Connection]:
    """One transaction on the schema, whose tables are there. Writers come one after the other."""
    with psycopg.connect(settings.warehouse_url) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(TABLES)
        yield connection
