"""The same data plane, for processes that are killed."""

from tests.ingestion.conftest import outbox_template, plane

__all__ = ["outbox_template", "plane"]
