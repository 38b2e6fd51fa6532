"""The Iceberg catalogue in Postgres, whose commits can carry other statements in the same transaction."""

from collections.abc import Callable, Sequence
from copy import copy

from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import IcebergTables, SqlCatalog, SqlCatalogBaseTable
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import StagedTable, Table, Transaction
from pyiceberg.table.metadata import TableMetadataV2
from sqlalchemy import Connection, make_url, text, update

from ingestion.settings import Settings

CATALOG_NAME = "agora"
Companion = Callable[[Connection], None]


def _copied(metadata: TableMetadataV2, _: object = None) -> TableMetadataV2:
    copied = metadata.__copy__()
    for name, value in copied.__dict__.items():
        if isinstance(value, list | dict):
            copied.__dict__[name] = copy(value)
    return copied


# PyIceberg copies all of the metadata fifteen times for each commit, down to the last word of each snapshot, though
# what stands in its lists never changes: a table of a few thousand snapshots would take seconds to commit to.
TableMetadataV2.__deepcopy__ = _copied  # type: ignore[assignment]


class OutcomeUnknown(Exception):
    """The connection was lost while Postgres was committing."""


class LakeCatalog(SqlCatalog):
    """A SqlCatalog that moves the pointers of several tables, and whatever a companion writes, all or nothing.

    Metadata files never change: the newest ones of each table are kept, and read again only where the pointer moved.
    """

    def __init__(self, name: str, **properties: str) -> None:
        self._newest: dict[tuple[str, ...], Table] = {}
        super().__init__(name, **properties)

    def create_tables(self) -> None:
        """Of several processes that open a new catalogue at once one makes its tables, and the others find them."""
        with self.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('agora lake catalogue'))"))
            SqlCatalogBaseTable.metadata.create_all(connection)

    def commit_with(self, transactions: Sequence[Transaction], companion: Companion) -> None:
        """Commit staged Iceberg transactions and the companion's statements in one Postgres transaction.

        The companion runs first and may refuse by raising. CommitFailedException says that another writer moved a table
        in between. After these and any other exception nothing stands, and what was written for the commit is deleted.
        Only OutcomeUnknown leaves that open: then nothing is deleted, and the caller has to look.
        """
        is_deciding = False
        try:
            staged = [self._stage(transaction) for transaction in transactions]
            with self.engine.begin() as connection:
                companion(connection)
                for before, after in staged:
                    self._swap(connection, before, after)
                is_deciding = True
        except Exception as error:
            if is_deciding:
                raise OutcomeUnknown(str(error)) from error
            for transaction in transactions:
                for producer in transaction._snapshot_producers:
                    producer._clean_all_uncommitted()
            raise
        for before, after in staged:
            self._newest[before.name()] = after
            self._delete_old_metadata(before.io, before.metadata, after.metadata)

    def _convert_orm_to_iceberg(self, orm_table: IcebergTables) -> Table:
        known = self._newest.get(Catalog.identifier_to_tuple(f"{orm_table.table_namespace}.{orm_table.table_name}"))
        if known is None or known.metadata_location != orm_table.metadata_location:
            known = super()._convert_orm_to_iceberg(orm_table)
            self._newest[known.name()] = known
        return Table(known.name(), known.metadata, known.metadata_location, known.io, self)

    def _stage(self, transaction: Transaction) -> tuple[Table, StagedTable]:
        before = transaction._table
        after = self._update_and_stage_table(before, before.name(), transaction._requirements, transaction._updates)
        self._write_metadata(after.metadata, after.io, after.metadata_location)
        return before, after

    def _swap(self, connection: Connection, before: Table, after: StagedTable) -> None:
        namespace, name = before.name()
        statement = (
            update(IcebergTables)
            .where(
                IcebergTables.catalog_name == self.name,
                IcebergTables.table_namespace == namespace,
                IcebergTables.table_name == name,
                IcebergTables.metadata_location == before.metadata_location,
            )
            .values(metadata_location=after.metadata_location, previous_metadata_location=before.metadata_location)
        )
        if connection.execute(statement).rowcount != 1:
            raise CommitFailedException(f"another writer was faster: {namespace}.{name}")


def open_catalog(settings: Settings) -> LakeCatalog:
    """The lake's catalogue; a context manager that gives its connections back."""
    return LakeCatalog(
        CATALOG_NAME,
        **{
            "uri": _engine_url(settings),
            "warehouse": f"s3://{settings.s3_lake_bucket}/warehouse",
            "pool_pre_ping": "true",
            "py-io-impl": "ingestion.lake.storage.LakeFileIO",
            "s3.endpoint": settings.s3_endpoint,
            "s3.access-key-id": settings.s3_access_key,
            "s3.secret-access-key": settings.s3_secret_key.get_secret_value(),
            "s3.region": settings.s3_region,
        },
    )


def _engine_url(settings: Settings) -> str:
    # A writer that is frozen in the middle of a commit holds the lease's row: its transaction has to end without it.
    idle = int(settings.lander_lease_seconds * 1000)
    url = make_url(settings.lake_catalog_url).set(drivername="postgresql+psycopg")
    url = url.update_query_dict({"options": f"-c idle_in_transaction_session_timeout={idle}"})
    return url.render_as_string(hide_password=False)
