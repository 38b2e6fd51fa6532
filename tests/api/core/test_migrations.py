"""Every revision can be undone, and what comes of doing all of them again is the same."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from psycopg import sql

from tests.api.conftest import ROOT, _drop, _named, migrate

COLUMNS = """
SELECT table_schema, table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_name <> 'alembic_version' ORDER BY 1, 2, 3
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid <> 0 AND connamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
AND conrelid::regclass::text <> 'alembic_version' ORDER BY 1, 2
"""
INDEXES = "SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE tablename <> 'alembic_version' ORDER BY 1, 2"


@pytest.fixture
def empty_database(migrated_env: dict[str, str]) -> Iterator[str]:
    """A database that no migration has seen."""
    owner_url = migrated_env["AGORA_POSTGRES_OWNER_URL"]
    name = f"agora_back_{secrets.token_hex(4)}"
    with psycopg.connect(_named(owner_url, "postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield _named(owner_url, name)
        _drop(admin, name)


def shape(url: str) -> list[list[tuple[object, ...]]]:
    with psycopg.connect(url) as connection:
        return [connection.execute(query.encode()).fetchall() for query in (COLUMNS, CONSTRAINTS, INDEXES)]


def test_all_the_way_back_and_there_again(empty_database: str) -> None:
    migrate(empty_database)
    whole = shape(empty_database)
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", empty_database.replace("%", "%%"))
    command.downgrade(config, "0001")
    assert all(schema == "core" for schema, *_ in shape(empty_database)[0])
    migrate(empty_database)
    assert shape(empty_database) == whole
