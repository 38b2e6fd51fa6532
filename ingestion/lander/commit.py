"""One commit of one topic: files first, then pointers and cursor in a single transaction."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
from confluent_kafka.admin import AdminClient
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction

from ingestion.lake.catalog import LakeCatalog, OutcomeUnknown
from ingestion.lake.files import write_data_file
from ingestion.lake.tables import FAILED_TABLE, raw_table
from ingestion.lander.positions import SUMMARY_KEY, Fence, Mismatch, Positions, move, read_snapshot
from ingestion.settings import Settings
from ingestion.topics import identify

ATTEMPTS = 8
_NAMED_PARTITIONS = 8


@dataclass(frozen=True)
class Pending:
    """Records of one topic that are read and not committed: everything from `start` up to `end`."""

    domain: str
    start: Positions
    end: Positions
    rows: Sequence[pa.Table]
    failed: Sequence[pa.Table]


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
        try:
            for name, parts in names:
                rows = pa.concat_tables(parts) if parts else None
                # The topic's own table gets a snapshot with the new positions even where nothing was readable.
                if rows is not None and rows.num_rows:
                    written.append((name, self._write(name, pending, rows)))
                elif name != FAILED_TABLE:
                    written.append((name, None))
            self._commit_files(pending, written)
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

    def _commit_files(self, pending: Pending, written: list[tuple[str, DataFile | None]]) -> None:
        topic = self._settings.topic(pending.domain)
        table_name = self._settings.table(raw_table(pending.domain))
        for attempt in range(ATTEMPTS):
            transactions = [self._stage(name, pending, file) for name, file in written]
            try:
                self._catalog.commit_with(
                    transactions,
                    lambda connection: move(connection, self._fence, table_name, topic, pending.start, pending.end),
                )
            except CommitFailedException:
                # The pipelines write failed events too, and upkeep rewrites files: look again. The cursor has not
                # moved, so that this cannot append twice.
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                return

    def _stage(self, name: str, pending: Pending, file: DataFile | None) -> Transaction:
        table = self._load(name)
        properties = {"agora.epoch": str(self._fence.epoch)}
        if name != FAILED_TABLE:
            there = read_snapshot(table)
            if (there.offsets if there else {}) != pending.start.offsets:
                raise Mismatch(f"read on from {pending.start}, the table is at {there}")
            properties[SUMMARY_KEY] = pending.end.to_summary(self._fence.epoch)
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

    def _write(self, name: str, pending: Pending, rows: pa.Table) -> DataFile:
        table = self._load(name)
        path = f"{table.location()}/data/{self._file_name(pending)}"
        return write_data_file(table, path, rows)

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
        # A re-created topic has the same ranges again.
        incarnation = hashlib.blake2b(pending.start.topic_id.encode(), digest_size=4).hexdigest()
        return f"{topic}-{incarnation}-{offsets}-e{self._fence.epoch}.parquet"

    def _delete(self, written: list[tuple[str, DataFile | None]]) -> None:
        for name, file in written:
            if file is not None:
                with suppress(OSError):
                    self._load(name).io.delete(file.file_path)

    def _load(self, name: str) -> Table:
        return self._catalog.load_table(self._settings.table(name))
