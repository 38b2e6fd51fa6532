"""The relay as a process: takes its shard's lease, and carries rows from the outbox to Kafka."""

import threading
import time
from contextlib import closing

import psycopg
import structlog
from confluent_kafka import KafkaError, KafkaException
from psycopg import sql

from ingestion.lease import Fenced, Lease
from ingestion.relay.outbox import Cursor, Row, move_cursor, read_batch, read_cursor
from ingestion.relay.sender import Sender
from ingestion.settings import Settings
from ingestion.topics import ensure_topics

log = structlog.get_logger(__name__)
MAX_PAUSE = 5.0
REPORT_SECONDS = 10.0
STOOD_STILL_SECONDS = 5.0


class Trouble:
    """Says once that something is away, and once that it is back."""

    def __init__(self) -> None:
        self._reported: str | None = None

    def report(self, error: KafkaError | Exception) -> None:
        """Log `error` unless the last report was of the same kind."""
        kind = error.name() if isinstance(error, KafkaError) else type(error).__name__
        if self._reported is None:
            log.warning("waiting", error=kind, reason=str(error)[:500])
        self._reported = kind

    def over(self) -> None:
        """Log that work goes on, if there was trouble."""
        if self._reported is not None:
            log.info("working_again", after=self._reported)
            self._reported = None


def run(settings: Settings, stop: threading.Event) -> None:
    """Relay the shard until `stop` is set."""
    trouble = Trouble()
    pause = 0.1
    while not stop.is_set():
        began = time.monotonic()
        try:
            _hold_and_relay(settings, stop, trouble)
        except Fenced as error:
            log.warning("stepped_back", reason=str(error))
        except (psycopg.Error, KafkaException, OSError) as error:
            trouble.report(error)
            pause = 0.1 if time.monotonic() - began > MAX_PAUSE * 2 else min(pause * 2, MAX_PAUSE)
            stop.wait(pause)


def _hold_and_relay(settings: Settings, stop: threading.Event, trouble: Trouble) -> None:
    shard = settings.relay_shard
    with psycopg.connect(settings.postgres_ingestion_url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("insert into core.relay_cursor (shard) values (%s) on conflict do nothing", (shard,))
        table = sql.Identifier("core", "relay_cursor")
        lease = Lease(connection, table, "shard", shard, settings.relay_lease_seconds)
        is_waiting = False
        while not lease.try_take():
            if not is_waiting:
                log.info("standing_by", shard=shard)
                is_waiting = True
            if stop.wait(min(1.0, lease.seconds / 4)):
                return
        ensure_topics(settings)
        with closing(Sender(settings, trouble.report)) as sender:
            _Shard(settings, connection, lease, sender, trouble).relay(stop)
        lease.release()


class _Shard:
    def __init__(
        self, settings: Settings, connection: psycopg.Connection, lease: Lease, sender: Sender, trouble: Trouble
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._lease = lease
        self._sender = sender
        self._trouble = trouble
        self._renewed = self._turned = time.monotonic()
        self._sent = 0

    def relay(self, stop: threading.Event) -> None:
        """Batch after batch; the next one is read while the acknowledgements of the last are on their way."""
        cursor = read_cursor(self._connection, self._settings.relay_shard)
        log.info("relaying", shard=self._settings.relay_shard, epoch=self._lease.epoch, after=cursor.last_id)
        rows: list[Row] = []
        reported = time.monotonic()
        while not stop.is_set():
            self._note_pause()
            rows = rows or self._read(cursor)
            if rows:
                end = Cursor(rows[-1][0], rows[-1][1])
                self._sender.send(rows)
                self._sent += len(rows)
                following = self._read(end) if len(rows) == self._settings.relay_batch else []
                self._await_acks()
                self._move(end)
                cursor, rows = end, following
            else:
                self._keep()
                stop.wait(self._settings.relay_poll_seconds)
            if self._sent and time.monotonic() - reported > REPORT_SECONDS:
                log.info("relayed", events=self._sent, last_id=cursor.last_id)
                self._sent, reported = 0, time.monotonic()

    def _note_pause(self) -> None:
        """Say why nothing left for a while: this process was frozen, or something that it asked did not answer."""
        stood, self._turned = time.monotonic() - self._turned, time.monotonic()
        if stood > STOOD_STILL_SECONDS:
            log.warning("stood_still", seconds=round(stood, 1))

    def _read(self, after: Cursor) -> list[Row]:
        return read_batch(self._connection, self._settings.relay_shard, after, self._settings.relay_batch)

    def _await_acks(self) -> None:
        while not self._sender.wait(self._lease.seconds / 4):
            self._keep()
        self._trouble.over()

    def _move(self, to: Cursor) -> None:
        if not move_cursor(self._connection, self._settings.relay_shard, self._lease.epoch, to, self._lease.seconds):
            raise Fenced(f"epoch {self._lease.epoch} is over")
        self._renewed = time.monotonic()

    def _keep(self) -> None:
        if time.monotonic() - self._renewed > self._lease.seconds / 3:
            self._lease.renew()
            self._renewed = time.monotonic()
