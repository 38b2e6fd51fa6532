"""A migrated database of a test module's own: what the models write to and the API reads from."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from alembic import command
from alembic.config import Config

ROOT = Path(__file__).parents[2]


@contextmanager
def serving_database(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The Postgres addresses of the environment, each with the new database in place of `agora`."""
    name = f"serving_{uuid4().hex[:10]}"
    urls = {
        key: urlunsplit(urlsplit(environment[key])._replace(path=f"/{name}"))
        for key in ("AGORA_POSTGRES_OWNER_URL", "AGORA_POSTGRES_PIPELINES_URL", "AGORA_POSTGRES_URL")
    }
    with psycopg.connect(environment["AGORA_POSTGRES_OWNER_URL"], autocommit=True) as admin:
        admin.execute(f"create database {name}")
        try:
            config = Config(ROOT / "alembic.ini")
            config.set_main_option("sqlalchemy.url", urls["AGORA_POSTGRES_OWNER_URL"].replace("%", "%%"))
            command.upgrade(config, "head")
            yield urls
        finally:
            _drop(admin, name)


def _drop(admin: psycopg.Connection, name: str) -> None:
    """Its owner may end every session but that of an autovacuum, which ends by itself."""
    deadline = time.monotonic() + 30
    while True:
        try:
            admin.execute(f"drop database {name} with (force)")
        except psycopg.errors.InsufficientPrivilege:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
