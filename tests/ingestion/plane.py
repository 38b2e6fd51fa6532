"""A data plane of one test's own on the real servers: database, topics, lake namespaces, warehouse and processes."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
from alembic import command
from alembic.config import Config
from confluent_kafka import Producer
from psycopg import sql

from ingestion.contracts import TOPICS, encode, new_event_id
from ingestion.contracts.analytics import ProductViewed
from ingestion.lake.catalog import LakeCatalog, open_catalog
from ingestion.lake.reader import scan
from ingestion.lander.service import run as run_lander
from ingestion.relay.service import run as run_relay
from ingestion.settings import Settings
from ingestion.topics import admin_client, ensure_topics
from pipelines.lib.settings import Settings as PipelineSettings

ROOT = Path(__file__).parents[2]
DEADLINE = 120.0  # how long a busy machine may take; whoever waits goes on at once
_OUTBOX = "copy core.outbox (event_id, topic, type, key, occurred_at, envelope) from stdin"


def named(url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def wait_for(condition: Callable[[], Any], what: str, seconds: float = DEADLINE) -> Any:
    """The condition's value once it is true; fails after a deadline."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return value


def product_viewed(number: int = 1) -> tuple[UUID, str, bytes]:
    """An event as (id, key, envelope)."""
    event, event_id = ProductViewed(anonymous_id=uuid4(), product_id=number), new_event_id()
    return event_id, event.key(), encode(event, event_id, datetime.now(UTC))


@dataclass
class Plane:
    """Everything between an outbox and a warehouse, empty at first."""

    env: dict[str, str]
    settings: Settings
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def topic(self, domain: str = "analytics") -> str:
        return self.settings.topic(domain)

    def accept(self, count: int) -> list[UUID]:
        """Put events into the outbox in one transaction."""
        events = [product_viewed(number + 1) for number in range(count)]
        with (
            psycopg.connect(self.env["AGORA_POSTGRES_URL"]) as connection,
            connection.cursor() as cursor,
            cursor.copy(_OUTBOX) as copy,
        ):
            for event_id, key, envelope in events:
                row = (event_id, "analytics", ProductViewed.type, key, datetime.now(UTC), envelope)
                copy.write_row(row)
        return [event_id for event_id, _, _ in events]

    def produce(self, values: Sequence[bytes | None], domain: str = "analytics", **more: Any) -> None:
        """Put records straight into Kafka."""
        producer = Producer({"bootstrap.servers": self.settings.kafka_bootstrap})
        for value in values:
            producer.produce(self.topic(domain), value, **more)
        assert producer.flush(DEADLINE) == 0

    def produce_events(self, count: int, **more: Any) -> list[UUID]:
        events = [product_viewed(number + 1) for number in range(count)]
        self.produce([envelope for _, _, envelope in events], **more)
        return [event_id for event_id, _, _ in events]

    def pipelines(self) -> PipelineSettings:
        """What builds typed tables and warehouse of this plane."""
        lake = self.settings
        return PipelineSettings(lake=lake, lake_catalog_url=lake.lake_catalog_url, warehouse_url=lake.warehouse_url)

    def catalog(self) -> LakeCatalog:
        return open_catalog(self.settings)

    def rows(self, table: str = "raw.analytics", *columns: str) -> list[dict[str, Any]]:
        """The rows of a lake table, none where it does not exist."""
        with closing(self.catalog()) as catalog:
            name = self.settings.table(table)
            if not catalog.table_exists(name):
                return []
            return scan(catalog, name, columns or None).to_pylist()  # type: ignore[no-any-return]

    def landed(self) -> list[UUID]:
        return [UUID(row["event_id"]) for row in self.rows("raw.analytics", "event_id")]

    def lake_sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return _execute(self.settings.lake_catalog_url, statement, values)

    def outbox_sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return _execute(self.settings.postgres_ingestion_url, statement, values)

    @contextmanager
    def lander(self) -> Iterator[None]:
        """A lander in this process."""
        with _in_thread(run_lander, self.settings):
            yield

    @contextmanager
    def relay(self) -> Iterator[None]:
        """A relay in this process."""
        with _in_thread(run_relay, self.settings):
            yield

    def land(self, rows: int, table: str = "raw.analytics") -> None:
        """Run a lander until a table has so many rows."""
        with self.lander():
            wait_for(lambda: len(self.rows(table)) >= rows, f"{rows} rows in {table}")

    def start(self, module: str, log: IO[bytes] | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """A process of its own, killed at the test's end at the latest."""
        command_line = [sys.executable, "-m", module]
        process = subprocess.Popen(command_line, env=os.environ | self.env, cwd=ROOT, stderr=log)
        self.processes.append(process)
        return process

    def kill_all(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


def _execute(url: str, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def _in_thread(run: Callable[[Settings, threading.Event], None], settings: Settings) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(DEADLINE)
        assert not thread.is_alive()


@contextmanager
def new_plane(stack_env: dict[str, str], template: str, **more: str) -> Iterator[Plane]:
    """Make a plane and take it away again."""
    unique = secrets.token_hex(5)
    database = f"ingestion_{unique}"
    env = {key: named(url, database) for key, url in stack_env.items() if key.startswith("AGORA_POSTGRES_")}
    env |= {
        "AGORA_WAREHOUSE_URL": named(stack_env["AGORA_WAREHOUSE_URL"], database + "_warehouse"),
        "AGORA_KAFKA_TOPIC_PREFIX": f"{unique}.",
        "AGORA_KAFKA_PARTITIONS": "2",
        "AGORA_LAKE_NAMESPACE_PREFIX": f"i{unique}_",
        "AGORA_LANDER_COMMIT_SECONDS": "0.3",
        "AGORA_LANDER_LEASE_SECONDS": "3",
        "AGORA_RELAY_LEASE_SECONDS": "3",
        "AGORA_RELAY_POLL_SECONDS": "0.05",
    }
    env |= more
    fields = {key.removeprefix("AGORA_").lower(): value for key, value in (stack_env | env).items()}
    settings = Settings(**{name: value for name, value in fields.items() if name in Settings.model_fields})  # type: ignore[arg-type]
    with (
        _database(stack_env["AGORA_POSTGRES_OWNER_URL"], database, template),
        _database(stack_env["AGORA_WAREHOUSE_URL"], database + "_warehouse"),
    ):
        plane = Plane(env, settings)
        ensure_topics(settings)
        try:
            yield plane
        finally:
            plane.kill_all()
            _clean(plane)


@contextmanager
def _database(url: str, name: str, template: str = "template1") -> Iterator[None]:
    identifier = sql.Identifier(name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template {}").format(identifier, sql.Identifier(template)))
        try:
            yield
        finally:
            try:
                connection.execute(sql.SQL("drop database {} with (force)").format(identifier))
            except psycopg.errors.InsufficientPrivilege:
                # An autovacuum worker is a superuser's, and force wants to end it itself; without force Postgres does.
                connection.execute(sql.SQL("drop database {}").format(identifier))


def _clean(plane: Plane) -> None:
    admin = admin_client(plane.settings)
    for future in admin.delete_topics([plane.topic(domain) for domain in TOPICS]).values():
        future.exception(DEADLINE)
    like = plane.settings.lake_namespace_prefix.replace("_", r"\_") + "%"
    for table, column in (
        ("iceberg_tables", "table_namespace"),
        ("iceberg_namespace_properties", "namespace"),
        ("ingest_cursor", "table_name"),
        ("ingest_incarnations", "table_name"),
        ("ingest_stopped", "table_name"),
        ("pipeline_state", "name"),
    ):
        if plane.lake_sql("select to_regclass(%s)", table) != [(None,)]:
            plane.lake_sql(f"delete from {table} where {column} like %s", like)  # noqa: S608 -- names from above


def migrated_template(owner_url: str, revision: str = "0001") -> str:
    """A database with the outbox, to be copied; the caller drops it."""
    name = f"ingestion_template_{secrets.token_hex(5)}"
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", named(owner_url, name).replace("%", "%%"))
    command.upgrade(config, revision)
    return name
