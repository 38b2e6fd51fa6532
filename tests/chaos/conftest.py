"""The same data plane, for processes that are killed: their leases are short, so that the next one need not wait."""

from collections.abc import Iterator

import pytest

from tests.ingestion.conftest import outbox_template
from tests.ingestion.plane import Plane, new_plane

__all__ = ["outbox_template"]


@pytest.fixture
def plane(stack_env: dict[str, str], outbox_template: str) -> Iterator[Plane]:
    """An empty data plane."""
    leases = {"AGORA_RELAY_LEASE_SECONDS": "1", "AGORA_LANDER_LEASE_SECONDS": "2"}
    with new_plane(stack_env, outbox_template, AGORA_RELAY_BATCH="200", **leases) as plane:
        yield plane
