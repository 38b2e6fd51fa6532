"""Postgres: one transaction per request or message, hot reads without one, bulk rows by binary COPY.

With its session in `straight` it is the only module with a commit.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends
from psycopg import AsyncConnection as PsycopgConnection
from psycopg import sql
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from api.core import straight
from api.core.settings import Settings, get_settings
from api.core.straight import Alone, StraightConnection, StraightReader, StraightSession

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


# What a query that only reads may run on.
Reader = AsyncConnection | AsyncSession

# Every statement is a transaction of its own.
SINGLY: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
_SENT_AS = {1042: 25}  # psycopg sends no char(n); text looks the same on the wire


class Base(DeclarativeBase):
    """Base of every model. A model names its schema; relationships are `lazy="raise"` and stay inside a domain."""

    metadata = MetaData(naming_convention=NAMING)


class Database:
    """The pools of one process."""

    def __init__(self, settings: Settings) -> None:
        size = settings.api_pool_size
        self._engine = _engine(settings.postgres_url, size)
        self._hot = _engine(settings.postgres_url, size, **SINGLY)
        # Short statements within a request that may hold one of the connections above. With a pool of their own they
        # always get on, so requests cannot all wait for each other.
        self._short = _engine(settings.postgres_url, max(2, size // 2), **SINGLY)
        self._warehouse = _engine(settings.warehouse_read_url, 4, **SINGLY)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end, or rolled back when the block raises."""
        session = StraightSession(self._engine, expire_on_commit=False)
        try:
            yield session
            await session.commit()
        except BaseException:
            await asyncio.shield(asyncio.ensure_future(session.close()))  # also where the request was cancelled
            raise
        await session.close()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Alone | AsyncSession]:
        """Where every statement is a transaction of its own: for work of one statement."""
        async with straight.alone(self._short) as connection:
            yield connection

    @asynccontextmanager
    async def hot(self) -> AsyncIterator[AsyncConnection]:
        """An AUTOCOMMIT connection for a request's reads: no BEGIN and no COMMIT around a single statement."""
        async with StraightReader(self._hot) as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """The same for one short statement inside other work."""
        async with StraightReader(self._short) as connection:
            yield connection

    @asynccontextmanager
    async def warehouse(self) -> AsyncIterator[AsyncConnection]:
        """The same on the warehouse, where the API may only read marts."""
        async with StraightReader(self._warehouse) as connection:
            yield connection

    async def close(self) -> None:
        """Close every pooled connection."""
        for engine in (self._engine, self._hot, self._short, self._warehouse):
            await engine.dispose()


def _engine(url: str, pool_size: int, **options: Any) -> AsyncEngine:
    rest = url.split("://", 1)[1]
    return create_async_engine(
        f"postgresql+psycopg://{rest}",
        pool_size=pool_size + 2,
        max_overflow=0,  # a connection beyond the pool would be made for one transaction: that costs more than waiting
        pool_timeout=5,
        pool_recycle=1800,
        pool_pre_ping=False,
        pool_reset_on_return=None,  # whoever gives a connection back has ended its transaction
        connect_args={
            "async_creator_fn": StraightConnection.connect,
            "connect_timeout": 5,
            "options": "-c timezone=UTC -c statement_timeout=60s",
        },
        **options,
    )


class _Current:
    database: Database | None = None


def get_database() -> Database:
    """The database of this process, made at its first use."""
    if _Current.database is None:
        _Current.database = Database(get_settings())
    return _Current.database


def set_database(database: Database | None) -> None:
    """Replace the database of this process: for tests, and for None after a close."""
    _Current.database = database


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """A transaction of its own, committed when the block ends well."""
    async with get_database().transaction() as session:
        yield session


@asynccontextmanager
async def alone() -> AsyncIterator[Alone | AsyncSession]:
    """Where every statement is a transaction of its own."""
    async with get_database().alone() as connection:
        yield connection


@asynccontextmanager
async def reading() -> AsyncIterator[AsyncConnection]:
    """An AUTOCOMMIT connection for single statements outside a request."""
    async with get_database().reading() as connection:
        yield connection


async def get_session() -> AsyncIterator[AsyncSession]:
    """The request's transaction; with scope="function" it is committed before the answer is sent."""
    async with get_database().transaction() as session:
        yield session


async def get_read() -> AsyncIterator[AsyncConnection]:
    """The request's AUTOCOMMIT connection."""
    async with get_database().hot() as connection:
        yield connection


async def get_warehouse() -> AsyncIterator[AsyncConnection]:
    """The request's connection to the warehouse."""
    async with get_database().warehouse() as connection:
        yield connection


SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
ReadDep = Annotated[AsyncConnection, Depends(get_read, scope="function")]
WarehouseDep = Annotated[AsyncConnection, Depends(get_warehouse, scope="function")]


async def copy_rows(session: AsyncSession, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    """Binary COPY of `rows` into `schema.table` inside the session's transaction; returns how many.

    Values must have the columns' exact Python types (int, str, datetime, UUID, list…): binary COPY converts nothing.
    """
    raw = await (await session.connection()).get_raw_connection()
    connection: PsycopgConnection[Any] = raw.driver_connection  # type: ignore[assignment]
    name = sql.Identifier(*table.split("."))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        name, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    async with connection.cursor() as cursor:
        await cursor.execute(
            "SELECT attname, atttypid FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [table]
        )
        types: dict[str, int] = dict(await cursor.fetchall())
        async with cursor.copy(statement) as copy:
            copy.set_types([_SENT_AS.get(types[column], types[column]) for column in columns])
            for row in rows:
                await copy.write_row(row)
                count += 1
    return count
