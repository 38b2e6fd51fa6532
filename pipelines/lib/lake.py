"""The lake by the names that the pipelines use for it."""

from ingestion.lake.catalog import LakeCatalog, open_catalog
from pipelines.lib.settings import Settings


def open_lake(settings: Settings) -> LakeCatalog:
    """The Iceberg catalog; a context manager that gives its connections back."""
    return open_catalog(settings.lake)


def identifier(settings: Settings, name: str) -> str:
    """`raw.ordering` in the environment's own namespaces."""
    return settings.lake.table(name)
