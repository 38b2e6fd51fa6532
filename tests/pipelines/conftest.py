"""A lake and a warehouse of each test's own, on the real servers of the test stack."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from ingestion.lake.tables import create_raw_tables
from pipelines.lib.settings import get_settings
from tests.pipelines.lake_writer import Lake


@pytest.fixture(scope="session")
def warehouse_url(stack_env: dict[str, str], worker_id: str) -> Iterator[str]:
    """A warehouse database of this worker's own."""
    name = f"pipelines_{worker_id}"
    url = stack_env["AGORA_WAREHOUSE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name}")
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for what dbt parses: it is the same for all tests of a worker."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture
def lake(
    stack_env: dict[str, str], warehouse_url: str, dbt_target: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lake]:
    """Empty raw tables in namespaces of this test's own, and an empty warehouse."""
    monkeypatch.setenv("AGORA_LAKE_NAMESPACE_PREFIX", f"t{uuid4().hex[:10]}_")
    monkeypatch.setenv("AGORA_WAREHOUSE_URL", warehouse_url)
    monkeypatch.setenv("AGORA_WAREHOUSE_READ_URL", warehouse_url)
    monkeypatch.setenv("AGORA_DBT_TARGET_DIR", str(dbt_target))
    get_settings.cache_clear()
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        for schema in ("lake", "staging", "intermediate", "marts", "ops"):
            connection.execute(f"drop schema if exists {schema} cascade")
    lake = Lake(get_settings())
    create_raw_tables(lake.catalog, lake.settings.lake)
    yield lake
    lake.catalog.close()
    get_settings.cache_clear()
