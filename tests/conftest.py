"""What every test may ask for: the real servers."""

from collections.abc import Iterator

import pytest

from tests.stack import running_stack


@pytest.fixture(scope="session")
def stack_env() -> Iterator[dict[str, str]]:
    """Addresses and secrets of Postgres, Kafka, S3 and Valkey, which run while the tests do."""
    with running_stack() as environment:
        yield environment
