"""The lake by the names that the pipelines use for it."""

from ingestion.lake.catalog import open_catalog
from pyiceberg.catalog import Catalog

from pipelines.lib.settings import Settings


def open_lake(settings: Settings) -> Catalog:
    """The Iceberg catalog; a context manager that gives its connections back."""
    return open_catalog(settings.lake)


def identifier(settings: Settings, name: str) -> str:
    """`raw.ordering` in the environment's own namespaces."""
    return f"{settings.lake.lake_namespace_prefix}{name}"


def raw_table(topic: str) -> str:
    """The table that the lander fills from a topic."""
    return f"raw.{topic}"


def failed_events() -> str:
    """The table of records that fit no contract."""
    return "raw.failed_events"
