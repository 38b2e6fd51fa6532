"""The raw tables: one per topic and one for what could not be read."""

from contextlib import suppress

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import TableAlreadyExistsError
from pyiceberg.table import Table
from sqlalchemy.exc import IntegrityError

from ingestion.contracts import TOPICS
from ingestion.lake.schemas import FAILED_EVENTS, RAW
from ingestion.settings import Settings

RAW_NAMESPACE = "raw"
FAILED_TABLE = "raw.failed_events"

_PROPERTIES = {
    # The writers fence themselves with the cursor: a blind retry is what appends twice.
    "commit.retry.num-retries": "0",
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "50",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "write.metadata.metrics.column.value": "none",
    "write.parquet.compression-codec": "zstd",
}


def raw_table(domain: str) -> str:
    """The raw table of a domain's topic, before the environment's prefix."""
    return f"{RAW_NAMESPACE}.{domain}"


def create_raw_tables(catalog: Catalog, settings: Settings) -> None:
    """Create the raw tables that are missing, widen those that have grown; two processes may do so at the same time.

    Raises CommitFailedException where another process was widening one.
    """
    with suppress(IntegrityError):  # another lander made it in this moment
        catalog.create_namespace_if_not_exists(settings.table(RAW_NAMESPACE))
    wanted = {raw_table(domain): RAW for domain in TOPICS} | {FAILED_TABLE: FAILED_EVENTS}
    there = {".".join(identifier) for identifier in catalog.list_tables(settings.table(RAW_NAMESPACE))}
    for name, schema in wanted.items():
        if settings.table(name) in there:
            # One whose metadata are gone is stopped where it is opened, with a word about it: the others go on.
            with suppress(FileNotFoundError, ValueError):
                _widen(catalog.load_table(settings.table(name)), schema)
            continue
        try:
            catalog.create_table(settings.table(name), schema=schema, properties=_PROPERTIES)
        except TableAlreadyExistsError:
            continue


def _widen(table: Table, schema: pa.Schema) -> None:
    if set(schema.names) - set(table.schema().column_names):
        with table.update_schema() as update:
            update.union_by_name(schema)
