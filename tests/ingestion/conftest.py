"""A data plane for each test."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.ingestion.plane import Plane, migrated_template, new_plane


@pytest.fixture(scope="session")
def outbox_template(stack_env: dict[str, str]) -> Iterator[str]:
    """The name of a migrated database to copy."""
    name = migrated_template(stack_env["AGORA_POSTGRES_OWNER_URL"])
    yield name
    with psycopg.connect(stack_env["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def plane(stack_env: dict[str, str], outbox_template: str) -> Iterator[Plane]:
    """An empty data plane."""
    with new_plane(stack_env, outbox_template) as plane:
        yield plane
