"""What every test may ask for: the real servers."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from tests.stack import running_stack

# A busy machine is no property of the code: speed is measured by the bench alone.
hypothesis.register_profile("agora", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `pytest --hypothesis-profile=nightly`: long walks through the state machines, at least 2,000 steps each.
hypothesis.register_profile("nightly", parent=hypothesis.get_profile("agora"), max_examples=44, stateful_step_count=50)
hypothesis.load_profile("agora")


@pytest.fixture(scope="session")
def stack_env() -> Iterator[dict[str, str]]:
    """Addresses and secrets of Postgres, Kafka, S3 and Valkey, which run while the tests do."""
    with running_stack() as environment:
        yield environment
