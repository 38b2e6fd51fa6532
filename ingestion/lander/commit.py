"""One commit of one topic: files first, then pointers and cursor in a single transaction."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
from confluent_kafka.admin import AdminClient
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table, Transaction

from ingestion.lake.catalog import LakeCatalog, OutcomeUnknown
from ingestion.lake.files import DataFileWriter
from ingestion.lake.tables import FAILED_TABLE, raw_table
from ingestion.lander.positions import SUMMARY_KEY, Fence, Mismatch, Positions, advance, move, read_snapshot
from ingestion.settings import Settings
from ingestion.topics import identify

ATTEMPTS = 8
_NAMED_PARTITIONS = 8


class Growing:
    """A data file that grows on the commit thread while its rows are still being read."""

    def __init__(self, schema: Schema, worker: Executor) -> None:
        self._schema = schema
        self._worker = worker
        self._writer: DataFileWriter | None = None
        self._groups: list[Future[None]] = []

    @property
    def backlog(self) -> int:
        """Row groups that wait to be written."""
        return sum(not group.done() for group in self._groups)

    @property
    def is_empty(self) -> bool:
        """Whether no row was ever added."""
        return self._writer is None

    def add(self, parts: Sequence[pa.Table]) -> None:
        """Hand over rows as one row group."""
        if self._writer is None:
            self._writer = DataFileWriter(self._schema)
        self._groups.append(self._worker.submit(self._writer.write, pa.concat_tables(parts)))

    def finish(self, table: Table, path: str) -> DataFile | None:
        """Store the file, None when it has no rows. On the commit thread, where all groups lie behind."""
        for group in self._groups:
            group.result()
        return None if self._writer is None else self._writer.finish(table, path)


@dataclass(frozen=True)
class Pending:
    """Records of one topic that are read and not committed: everything from `start` up to `end` in these partitions."""

    domain: str
    start: Positions
    end: Positions
    rows: Growing
    failed: Growing


@dataclass(frozen=True)
class Committed:
    """What a commit added."""

    rows: int
    failed: int
    bytes: int


class Committer:
    """Writes and commits under one lease; used by one thread at a time."""

    def __init__(self, settings: Settings, catalog: LakeCatalog, admin: AdminClient, fence: Fence) -> None:
        self._settings = settings
        self._catalog = catalog
        self._admin = admin
        self._fence = fence

    def commit(self, pending: Pending) -> Committed:
        """Land `pending` exactly once.

        Raises Fenced (another lander has the lease), Mismatch (table, cursor or topic are not what they were) or
        CommitFailedException (others kept committing), each with nothing landed and the files deleted; OutcomeUnknown
        when only the cursor can tell.
        """
        self._same_topic(pending)
        names = [(raw_table(pending.domain), pending.rows), (FAILED_TABLE, pending.failed)]
        written: list[tuple[str, DataFile | None]] = []
        tables: dict[str, Table] = {}
        try:
            for name, growing in names:
                # The topic's own table gets a snapshot with the new positions even where nothing was readable.
                if growing.is_empty and name == FAILED_TABLE:
                    continue
                table = tables[name] = self._load(name)
                file = growing.finish(table, f"{table.location()}/data/{self._file_name(pending)}")
                written.append((name, file))
            self._commit_files(pending, written, tables)
        except OutcomeUnknown:
            raise
        except Exception:
            self._delete(written)
            raise
        files = {name: file for name, file in written if file is not None}
        good, bad = files.get(raw_table(pending.domain)), files.get(FAILED_TABLE)
        return Committed(
            rows=good.record_count if good else 0,
            failed=bad.record_count if bad else 0,
            bytes=sum(file.file_size_in_bytes for file in files.values()),
        )

    def _commit_files(
        self, pending: Pending, written: list[tuple[str, DataFile | None]], tables: dict[str, Table]
    ) -> None:
        topic = self._settings.topic(pending.domain)
        table_name = self._settings.table(raw_table(pending.domain))
        for attempt in range(ATTEMPTS):
            transactions = [self._stage(tables[name], name, pending, file) for name, file in written]
            try:
                self._catalog.commit_with(
                    transactions,
                    lambda connection: move(connection, self._fence, table_name, topic, pending.start, pending.end),
                )
            except CommitFailedException:
                # Other shards land in the same table, the pipelines write failed events too, and upkeep rewrites files:
                # look again. The cursor has not moved, so that this cannot append twice.
                if attempt == ATTEMPTS - 1:
                    raise
                tables = {name: self._load(name) for name, _ in written}
            else:
                return

    def _stage(self, table: Table, name: str, pending: Pending, file: DataFile | None) -> Transaction:
        properties = {"agora.epoch": str(self._fence.epoch)}
        if name != FAILED_TABLE:
            everything = advance(read_snapshot(table), pending.start, pending.end)
            properties[SUMMARY_KEY] = everything.to_summary(self._fence.epoch)
        transaction = table.transaction()
        with transaction.update_snapshot(snapshot_properties=properties).merge_append() as append:
            if file is not None:
                append.append_data_file(file)
        return transaction

    def _same_topic(self, pending: Pending) -> None:
        topic = self._settings.topic(pending.domain)
        identity = identify(self._admin, [topic]).get(topic)
        if identity is None or (identity.cluster_id, identity.topic_id) != (
            pending.start.cluster_id,
            pending.start.topic_id,
        ):
            raise Mismatch(f"topic {topic} was deleted or made again")

    def _file_name(self, pending: Pending) -> str:
        ranges = [
            f"{partition}.{pending.start.offsets.get(partition, 0)}-{end}"
            for partition, end in sorted(pending.end.offsets.items())
            if end != pending.start.offsets.get(partition)
        ]
        topic = self._settings.topic(pending.domain)
        offsets = "_".join(ranges)
        if len(ranges) > _NAMED_PARTITIONS:
            offsets = hashlib.blake2b(offsets.encode(), digest_size=16).hexdigest()
        # A re-created topic has the same ranges again, and two leases the same epochs: no file is ever written twice.
        writer = f"{pending.start.topic_id}/{self._fence.name}".encode()
        writer_id = hashlib.blake2b(writer, digest_size=4).hexdigest()
        return f"{topic}-{writer_id}-{offsets}-e{self._fence.epoch}.parquet"

    def _delete(self, written: list[tuple[str, DataFile | None]]) -> None:
        for name, file in written:
            if file is not None:
                with suppress(OSError):
                    self._load(name).io.delete(file.file_path)

    def _load(self, name: str) -> Table:
        return self._catalog.load_table(self._settings.table(name))
