"""A migrated database per worker, a test's work rolled back, and the application in process."""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.app import create_app
from api.core import buffered, capture, kept, keys, storage
from api.core.auth import Principal
from api.core.buffered import close_buffer
from api.core.client import close_client
from api.core.db import Database, set_database, transaction
from api.core.settings import get_settings
from api.core.straight import StraightSession
from api.domains.identity import facade as identity
from api.domains.identity.contracts import CustomerImport
from api.domains.identity.service.tokens import sign_access_token
from api.domains.recommendations import facade as recommendations
from ingestion.contracts import new_event_id
from tests.api.proving import Told
from tests.gateway_process import paying_gateway

# Once for all: a second one would point the settings at a gateway that the first tests do not hold.
__all__ = ["paying_gateway"]

ROOT = Path(__file__).parents[2]
MIGRATIONS = ROOT / "api" / "migrations"


def _named(url: str, database: str) -> str:
    base, _, query = url.partition("?")
    return f"{base.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


def migrate(owner_url: str) -> None:
    """Bring a database to the newest revision."""
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", owner_url.replace("%", "%%"))
    command.upgrade(config, "head")


def _template(admin: psycopg.Connection, owner_url: str) -> str:
    """The migrated template of these very migrations; made once, whatever number of workers ask for it."""
    digest = hashlib.sha256()
    for path in sorted(MIGRATIONS.rglob("*.py")):
        digest.update(path.read_bytes())
    name = f"agora_template_{digest.hexdigest()[:12]}"
    admin.execute("SELECT pg_advisory_lock(hashtext('agora test templates'))")
    try:
        found = admin.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None or not found[0]:  # a database without the mark is one whose migration was interrupted
            _drop(admin, name)
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            migrate(_named(owner_url, name))
            admin.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(name)))
    finally:
        admin.execute("SELECT pg_advisory_unlock(hashtext('agora test templates'))")
    return name


def _drop(admin: psycopg.Connection, name: str) -> None:
    """Postgres itself waits for its autovacuum, which FORCE may not end; FORCE is for connections that a test left."""
    try:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
    except psycopg.errors.ObjectInUse:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def migrated_env(stack_env: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment with a database and topics that are this worker's own; also set in `os.environ`."""
    owner_url = stack_env["AGORA_POSTGRES_OWNER_URL"]
    unique = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{secrets.token_hex(4)}"
    name = f"agora_test_{unique}"
    changed = {key: _named(stack_env[key], name) for key in stack_env if key.startswith("AGORA_POSTGRES_")}
    changed["AGORA_KAFKA_TOPIC_PREFIX"] = f"test_{unique}."
    changed["AGORA_API_MODEL_DIR"] = str(tmp_path_factory.mktemp("models"))
    changed["AGORA_API_LIMITS"] = "false"  # on in the tests of the limits themselves
    changed["AGORA_CAPTURE_WAIT"] = "30"  # a busy Kafka is not one that is away
    changed.setdefault("AGORA_API_URL", stack_env.get("AGORA_API_URL", "http://127.0.0.1:1"))
    changed.setdefault("AGORA_GATEWAY_URL", stack_env.get("AGORA_GATEWAY_URL", "http://127.0.0.1:1"))
    changed.setdefault("AGORA_GATEWAY_SECRET", stack_env.get("AGORA_GATEWAY_SECRET", secrets.token_hex(16)))
    with pytest.MonkeyPatch.context() as patch, psycopg.connect(owner_url, autocommit=True) as admin:
        for key, value in changed.items():
            patch.setenv(key, value)
        template = _template(admin, owner_url)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        _forget_environment()
        yield dict(stack_env) | changed
        _drop(admin, name)
    _forget_environment()


def _forget_environment() -> None:
    for cached in (get_settings, keys.signing_key, keys.derived_key):
        cached.cache_clear()


class OneConnection(Database):
    """Everything on one connection inside one outer transaction: commits become savepoints, and nothing stays.

    For one request at a time; a test of a race uses `committed`.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    def session(self) -> AsyncSession:
        """A session in a savepoint."""
        return StraightSession(self._connection, expire_on_commit=False, join_transaction_mode="create_savepoint")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose savepoint is released at the end."""
        async with self.session() as session, session.begin():
            yield session

    alone = transaction

    @asynccontextmanager
    async def hot(self) -> AsyncIterator[AsyncConnection]:
        """The one connection."""
        yield self._connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """The one connection."""
        yield self._connection

    @asynccontextmanager
    async def warehouse(self) -> AsyncIterator[AsyncConnection]:
        """The one connection: marts for a test are tables that the test makes."""
        yield self._connection

    async def close(self) -> None:
        """Nothing of its own to close."""


@pytest.fixture(scope="session")
async def pool(migrated_env: dict[str, str]) -> AsyncIterator[Database]:
    """The worker's real pools."""
    database = Database(get_settings())
    yield database
    await close_client()
    storage.close()
    await database.close()


@pytest.fixture
async def nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buffered events wait for the end of the test, and nothing is read again: nothing else may happen on its one
    connection meanwhile."""
    monkeypatch.setattr(buffered, "WAIT_SECONDS", 3600.0)
    monkeypatch.setattr(kept, "SHARE", 3600.0)


@pytest.fixture
async def rolled_back(pool: Database, nothing_behind: None) -> AsyncIterator[OneConnection]:
    """The database of this test; all that it and its requests write is undone at the end."""
    async with pool.reading() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        outer = await connection.begin()
        database = OneConnection(connection)
        set_database(database)
        yield database
        await close_buffer()
        await recommendations.close()
        set_database(None)
        await outer.rollback()


@pytest.fixture
async def session(rolled_back: OneConnection) -> AsyncIterator[AsyncSession]:
    """A session that sees what the test's requests write, and the other way round."""
    async with rolled_back.session() as session:
        yield session


@pytest.fixture(scope="session")
def told(stack_env: dict[str, str]) -> Iterator[Told]:
    """The events of all tests with real commits; at the end of the run they are proved in a lake."""
    told = Told()
    yield told
    told.prove(stack_env)


@pytest.fixture
async def committed(
    pool: Database, migrated_env: dict[str, str], told: Told, request: pytest.FixtureRequest
) -> AsyncIterator[Database]:
    """Real pools and real commits, for races; afterwards the worker's database is made anew from the template."""
    set_database(pool)
    yield pool
    await close_buffer()
    await recommendations.close()
    set_database(None)
    await pool.close()
    owner_url = migrated_env["AGORA_POSTGRES_OWNER_URL"]
    told.take(owner_url, request.node.nodeid)
    name = owner_url.partition("?")[0].rpartition("/")[2]
    await asyncio.to_thread(_renew, _named(owner_url, "postgres"), owner_url, name)


def _renew(admin_url: str, owner_url: str, name: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as admin:
        template = _template(admin, owner_url)
        _drop(admin, name)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


@pytest.fixture
def database_of_its_own(
    migrated_env: dict[str, str], told: Told, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Commits are real here, and no other test's pool is disturbed when the database goes."""
    owner_url = migrated_env["AGORA_POSTGRES_OWNER_URL"]
    name = f"agora_own_{secrets.token_hex(4)}"
    with psycopg.connect(_named(owner_url, "postgres"), autocommit=True) as admin:
        template = _template(admin, owner_url)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        monkeypatch.setenv("AGORA_POSTGRES_URL", _named(migrated_env["AGORA_POSTGRES_URL"], name))
        get_settings.cache_clear()
        yield
        monkeypatch.undo()
        get_settings.cache_clear()
        told.take(_named(owner_url, name), request.node.nodeid)
        _drop(admin, name)


@pytest.fixture(scope="session")
def app(migrated_env: dict[str, str]) -> FastAPI:
    """The whole application."""
    return create_app()


@pytest.fixture(scope="session")
async def producer_closed() -> AsyncIterator[None]:
    """Whatever producer the tests' requests started is closed at the end."""
    yield
    await capture.close_producer()


@pytest.fixture
async def client(app: FastAPI, rolled_back: OneConnection, producer_closed: None) -> AsyncIterator[AsyncClient]:
    """An HTTP client of the application in process; each has cookies of its own, and its work is rolled back."""
    async with AsyncClient(transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://test") as client:
        yield client


@pytest.fixture
async def committed_client(app: FastAPI, committed: Database, producer_closed: None) -> AsyncIterator[AsyncClient]:
    """The same with real commits."""
    async with AsyncClient(transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://test") as client:
        yield client


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A customer of a test, with the headers of a signed-in API client."""

    customer_id: UUID
    email: str
    headers: dict[str, str]


SignUp = Callable[..., Awaitable[SignedUp]]


@pytest.fixture
def sign_up() -> SignUp:
    """`await sign_up("executive", …)` makes a customer with these roles; for use beside any of the clients."""

    async def make(*roles: str) -> SignedUp:
        customer_id = new_event_id()
        email = f"{customer_id.hex}@example.org"
        row = CustomerImport(customer_id, email, "Some One", None, "test", None, None, None, datetime.now(UTC))
        async with transaction() as session:
            await identity.import_customers(session, [row])
            for role in roles:
                await identity.grant_role(session, email, role)
        principal = Principal(customer_id, frozenset(roles) | {"customer"}, new_event_id())
        token, _ = sign_access_token(principal)
        return SignedUp(customer_id, email, {"Authorization": f"Bearer {token}"})

    return make


@pytest.fixture
def kafka_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that does not listen: behaviour events go to the outbox, where a test can read them."""
    settings = get_settings().model_copy(update={"kafka_bootstrap": "127.0.0.1:1", "capture_wait": 0.3})
    monkeypatch.setattr(capture._Current, "producer", capture.CaptureProducer(settings))
