"""Questions to the lake and to the warehouse in SQL, answered as data frames. Nothing can be changed here.

from pipelines.lib.query import lake, warehouse

lake("select event_type, count(*) from raw.ordering group by 1")
"""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from urllib.parse import urlsplit

import duckdb
import polars as pl
import psycopg
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from pipelines.lib.lake import open_lake
from pipelines.lib.settings import Settings, get_settings

NAMESPACES = ("raw", "typed")
MEMORY = "2GB"


class BadQuery(ValueError):
    """The query cannot be answered; the message says why."""


def lake(query: str, at: datetime | None = None, settings: Settings | None = None) -> pl.DataFrame:
    """Ask DuckDB about the lake's tables, `raw.…` and `typed.…`, now or as they were at a time.

    Files are read where they lie, the columns and row groups alone that the query needs. Raises BadQuery for anything
    but one question, and for what DuckDB refuses.
    """
    settings = settings or get_settings()
    with closing(open_lake(settings)) as catalog, _duckdb(settings) as connection:
        try:
            _one_question(query)
            for name, table in _mentioned(catalog, settings, query):
                _show(connection, name, table, at)
            # Whatever the query does, it reads files of the lake and no others.
            bucket = f"s3://{settings.lake.s3_lake_bucket}/"
            connection.execute(f"SET allowed_directories = ['{bucket}']")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            return connection.sql(query).pl()
        except duckdb.Error as error:
            raise BadQuery(str(error)) from error


def warehouse(query: str, settings: Settings | None = None, seconds: float = 300) -> pl.DataFrame:
    """Ask the warehouse, `marts.…` and `lake.…`, as the role that may only read. Raises BadQuery."""
    settings = settings or get_settings()
    url = settings.warehouse_read_url or settings.warehouse_url
    options = f"-c default_transaction_read_only=on -c statement_timeout={int(seconds * 1000)}"
    with psycopg.connect(url, options=options) as connection:
        try:
            cursor = connection.execute(query.encode(), prepare=True)  # the server prepares one statement at a time
            if cursor.description is None:
                raise BadQuery("only questions are answered here: write a SELECT")
            columns = [column.name for column in cursor.description]
            return pl.DataFrame(cursor.fetchall(), schema=columns, orient="row", infer_schema_length=None)
        except psycopg.Error as error:
            raise BadQuery(str(error).strip()) from error


@contextmanager
def _duckdb(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    own = settings.lake
    with duckdb.connect(config={"memory_limit": MEMORY, "autoinstall_known_extensions": "false"}) as connection:
        extensions = files("duckdb_extension_httpfs").joinpath("extensions", f"v{duckdb.__version__}")
        connection.load_extension(str(extensions.joinpath("httpfs.duckdb_extension")))
        address = urlsplit(own.s3_endpoint)
        connection.execute(
            "CREATE SECRET (TYPE s3, KEY_ID $key, SECRET $secret, REGION $region, ENDPOINT $endpoint,"
            " URL_STYLE 'path', USE_SSL $ssl)",
            {
                "key": own.s3_access_key,
                "secret": own.s3_secret_key.get_secret_value(),
                "region": own.s3_region,
                "endpoint": address.netloc,
                "ssl": address.scheme == "https",
            },
        )
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def _one_question(query: str) -> None:
    statements = duckdb.extract_statements(query)
    if [each.type for each in statements] != [duckdb.StatementType.SELECT]:
        raise BadQuery("only questions are answered here, one at a time: write a SELECT")


def _mentioned(catalog: Catalog, settings: Settings, query: str) -> Iterator[tuple[str, Table]]:
    """The tables whose names stand in the query: each costs a look at its manifests."""
    words = set(re.findall(r"\w+", query.lower()))
    prefix = settings.lake.lake_namespace_prefix
    for namespace in NAMESPACES:
        if catalog.namespace_exists(prefix + namespace):
            for own, name in catalog.list_tables(prefix + namespace):
                if name in words:
                    yield f"{namespace}.{name}", catalog.load_table((own, name))


def _show(connection: duckdb.DuckDBPyConnection, name: str, table: Table, at: datetime | None) -> None:
    """A view of a snapshot's files, or an empty table with the columns where it has none."""
    namespace, own = name.split(".")
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{namespace}"')
    snapshot = table.current_snapshot()
    if at is not None:
        moment = at.replace(tzinfo=at.tzinfo or UTC)
        snapshot = table.snapshot_as_of_timestamp(int(moment.timestamp() * 1000))
        if snapshot is None:
            raise BadQuery(f"{name} has no snapshot as old as {moment:%Y-%m-%d %H:%M} UTC")
    scan = table.scan(snapshot_id=snapshot.snapshot_id) if snapshot is not None else table.scan()
    paths = [task.file.file_path for task in scan.plan_files()] if snapshot is not None else []
    if paths:
        # Columns that a contract got later are missing in older files.
        empty = table.schema().as_arrow().empty_table()
        connection.register(f"columns of {name}", empty)
        listed = ", ".join(f"'{path}'" for path in paths)
        source = (
            f'SELECT * FROM "columns of {name}" UNION ALL BY NAME'  # noqa: S608 -- names and paths of the catalog
            f" SELECT * FROM read_parquet([{listed}], union_by_name = true)"
        )
        connection.execute(f'CREATE VIEW "{namespace}"."{own}" AS {source}')
    else:
        connection.register(f"columns of {name}", table.schema().as_arrow().empty_table())
        connection.execute(f'CREATE VIEW "{namespace}"."{own}" AS SELECT * FROM "columns of {name}"')  # noqa: S608
