"""What `agora topics` does."""

from contextlib import closing

import polars as pl
import psycopg
from confluent_kafka import KafkaException

from infra.local.ask import show
from infra.local.environment import enter
from infra.local.settings import LocalError
from ingestion.contracts import TOPICS
from ingestion.lake.catalog import open_catalog
from ingestion.lake.tables import create_raw_tables, raw_table
from ingestion.lander.positions import Mismatch, create_tables
from ingestion.lander.start import place
from ingestion.recovery import resend
from ingestion.recovery import resume as ways_back
from ingestion.settings import Settings, load_settings
from ingestion.topics import admin_client, identify, offset_ranges

SHOWN = 5


def list_topics(form: str) -> bool:
    """Print a line for each topic; whether all of them land."""
    rows = _states(_settings())
    show(pl.DataFrame(rows, infer_schema_length=None), form, len(rows))
    return not any(row["stopped"] for row in rows)


def _states(settings: Settings) -> list[dict[str, object]]:
    admin = admin_client(settings)
    try:
        identities = identify(admin, [settings.topic(domain) for domain in TOPICS])
        ranges = offset_ranges(admin, identities.values())
    except KafkaException as error:
        raise LocalError("Kafka does not answer: is the stack up?") from error
    rows = []
    with (
        psycopg.connect(settings.lake_catalog_url, autocommit=True) as connection,
        closing(open_catalog(settings)) as catalog,
    ):
        create_tables(connection, f"lander/{settings.lake_namespace_prefix}")
        create_raw_tables(catalog, settings)
        told: dict[str, str] = dict(connection.execute("select table_name, reason from ingest_stopped").fetchall())
        for domain in TOPICS:
            topic, waiting, stopped = settings.topic(domain), None, told.get(settings.table(raw_table(domain)), "")
            try:
                start = place(settings, catalog, connection, domain, identities, ranges)
                waiting = sum(ranges[topic, partition][1] - offset for partition, offset in start.reading.items())
            except Mismatch as error:
                stopped = str(error)
            identity = identities.get(topic)
            rows.append(
                {
                    "topic": domain,
                    "partitions": identity.partitions if identity else 0,
                    "topic_id": identity.topic_id if identity else "",
                    "waiting": waiting,
                    "stopped": stopped,
                }
            )
    return rows


def resume(domain: str, *, dry_run: bool, from_table: bool, write_off: str) -> bool:
    """Do it and print each step; whether every event that was accepted is somewhere."""
    if domain not in TOPICS:
        raise LocalError(f"no such topic: {domain}; there are {', '.join(TOPICS)}")
    settings = _settings()
    try:
        done = ways_back.resume(settings, domain, dry_run=dry_run, from_table=from_table)
    except ways_back.NoWayBack as error:
        raise LocalError(str(error)) from error
    except KafkaException as error:
        raise LocalError(f"Kafka does not answer: {error}") from error
    for step in done.steps or ["the topic fits its table"]:
        print(step)
    verb = "would be sent" if dry_run else "sent"
    print(f"{done.sent.events:,} events {verb} again from the outbox")
    if not done.lost:
        return True
    print(f"{len(done.lost):,} events went to Kafka alone and are nowhere any more, such as")
    for each in done.lost[:SHOWN]:
        print(f"  {each.event_id} {each.type}")
    if write_off and not dry_run:
        resend.write_off(settings, done.lost, write_off)
        print("noted as lost; the proof expects them no longer")
        return True
    print('`--write-off "why"` notes them as lost; until then they stay a difference of the proof')
    return False


def _settings() -> Settings:
    enter()
    return load_settings()
