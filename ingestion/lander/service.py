"""The lander as a process: waits for its turn, lands, and begins again from the table whatever happens."""

import threading
import time
from contextlib import closing

import psycopg
import structlog
from confluent_kafka import KafkaException
from psycopg import sql
from pyiceberg.exceptions import CommitFailedException
from sqlalchemy.exc import SQLAlchemyError

from ingestion.clock import ClockIsOff, check_clock
from ingestion.lake.catalog import OutcomeUnknown, open_catalog
from ingestion.lander.positions import create_tables
from ingestion.lander.session import Session
from ingestion.lander.shards import shards
from ingestion.lease import Fenced, Lease
from ingestion.settings import Settings

log = structlog.get_logger(__name__)
MAX_PAUSE = 5.0
# Postgres, S3 or Kafka are away, or a commit's end is not known: all are answered by reading the positions again.
# A clock that is off is waited for as well: what it would date wrongly stays in Kafka.
AWAY = (psycopg.Error, SQLAlchemyError, KafkaException, OSError, CommitFailedException, OutcomeUnknown, ClockIsOff)


def run(settings: Settings, stop: threading.Event) -> None:
    """Land all topics until `stop` is set."""
    pause = 0.2
    reported = ""
    while not stop.is_set():
        began = time.monotonic()
        try:
            _hold_and_land(settings, stop)
        except Fenced as error:
            log.warning("stepped_back", reason=str(error))
        except AWAY as error:
            if time.monotonic() - began > MAX_PAUSE * 2:
                pause, reported = 0.2, ""
            kind = type(error).__name__
            if kind != reported:  # once, not at every try
                log.warning("waiting", error=kind, reason=str(error)[:500])
                reported = kind
            stop.wait(pause)
            pause = min(pause * 2, MAX_PAUSE)


def _hold_and_land(settings: Settings, stop: threading.Event) -> None:
    names = {shard.lease_name(settings.lake_namespace_prefix): shard for shard in shards(settings.lander_shards)}
    with (
        psycopg.connect(settings.lake_catalog_url, autocommit=True, connect_timeout=10) as connection,
        closing(open_catalog(settings)) as catalog,
    ):
        check_clock(connection)
        create_tables(connection, *names)
        table, seconds = sql.Identifier("ingest_lease"), settings.lander_lease_seconds
        leases = [Lease(connection, table, "name", name, seconds) for name in names]
        is_waiting = False
        while (lease := next((lease for lease in leases if lease.try_take()), None)) is None:
            if not is_waiting:
                log.info("standing_by", leases=list(names))
                is_waiting = True
            if stop.wait(min(1.0, seconds / 4)):
                return
        Session(settings, catalog, connection, lease, names[str(lease.key)]).run(stop)
        lease.release()
