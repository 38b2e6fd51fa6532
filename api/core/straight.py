"""SQL written by hand goes straight to the driver: what a library for all databases does around it costs as much again.

Everything else about the session stays: its transaction, its pool, its errors, and models for whoever uses them.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.engine import Connection, Engine, IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.types import NullType
from sqlalchemy.util import greenlet_spawn

_DIALECT = PGDialectAsync_psycopg()  # type: ignore[no-untyped-call]
_NO_COLUMNS = SimpleResultMetaData(())


class StraightConnection(psycopg.AsyncConnection[Any]):
    """A connection of psycopg with one cursor for all texts: making one costs a tenth of what a short text does."""

    @cached_property
    def straight_cursor(self) -> psycopg.AsyncCursor[Any]:
        """Its rows have to be taken before anything else is awaited."""
        return self.cursor()


class Rows(IteratorResult[Any]):
    """A result that is there already, with the number of rows that were changed."""

    def __init__(self, columns: SimpleResultMetaData, rows: list[tuple[Any, ...]], rowcount: int) -> None:
        super().__init__(columns, iter(rows))
        self.rowcount = rowcount


class _Statement:
    """A text as psycopg wants it, and its columns once it was executed."""

    __slots__ = ("columns", "is_plain", "sql")

    def __init__(self, statement: TextClause) -> None:
        parameters = statement._bindparams.values()
        self.is_plain = all(isinstance(each.type, NullType) and not each.expanding for each in parameters)
        self.sql = str(statement.compile(dialect=_DIALECT)).encode()
        self.columns = _NO_COLUMNS

    def read(self, cursor: psycopg.AsyncCursor[Any]) -> SimpleResultMetaData:
        """The columns of the answer; they are the same every time, so they are named once."""
        if self.columns is _NO_COLUMNS:
            self.columns = SimpleResultMetaData([column.name for column in cursor.description or ()])
        return self.columns


_statements: WeakKeyDictionary[TextClause, _Statement] = WeakKeyDictionary()


def _statement(text: TextClause) -> _Statement:
    found = _statements.get(text)
    if found is None:
        found = _statements[text] = _Statement(text)
    return found


class StraightReader(AsyncConnection):
    """A connection in autocommit whose plain texts are executed by psycopg itself: what a request reads with."""

    _driver: StraightConnection | None = None

    async def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """As in AsyncConnection."""
        if type(statement) is not TextClause or options or isinstance(parameters, list):
            return await super().execute(statement, parameters, **options)
        return await self.read(statement, parameters)

    async def read(self, statement: TextClause, params: Any, *, is_binary: bool = False) -> Any:
        """The rows of a text."""
        found = _statement(statement)
        if not found.is_plain:
            return await super().execute(statement, params)
        driver: Any = self._driver or (await self.get_raw_connection()).driver_connection
        self._driver = driver
        try:
            return await _run(driver, found, params, is_binary=is_binary)
        except psycopg.Error as error:
            if driver.closed:
                self._driver = None
                await self.invalidate(error)
            raise _told_as_ever(error, found, params, is_lost=driver.closed) from error


async def read(
    reader: AsyncConnection | AsyncSession, statement: TextClause, params: Mapping[str, Any], *, is_binary: bool = False
) -> Any:
    """A plain text on whatever a request reads with; an answer with large columns of bytes is better binary."""
    if isinstance(reader, StraightReader):
        return await reader.read(statement, params, is_binary=is_binary)
    return await reader.execute(statement, params)


class Alone:
    """A connection in autocommit, for texts that are transactions of their own: no session is needed around them."""

    def __init__(self, fairy: PoolProxiedConnection) -> None:
        self._fairy = fairy

    async def execute(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> Rows:
        """As in AsyncSession."""
        driver: StraightConnection = self._fairy.driver_connection  # type: ignore[assignment]
        found = _statement(statement)
        try:
            return await _run(driver, found, params)
        except psycopg.Error as error:
            if driver.closed:
                await greenlet_spawn(self._fairy.invalidate, error)
            raise _told_as_ever(error, found, params, is_lost=driver.closed) from error


@asynccontextmanager
async def alone(engine: AsyncEngine) -> AsyncIterator[Alone]:
    """A connection of an engine in autocommit."""
    fairy = await greenlet_spawn(_connect, engine.sync_engine)
    try:
        yield Alone(fairy)
    finally:
        fairy.close()  # nothing has to be reset, so nothing is waited for


class StraightSession(AsyncSession):
    """A session whose plain texts are executed by psycopg itself. Inside a savepoint it is like any other.

    Of an engine it takes the connection itself, and as long as there were texts alone it ends the transaction itself
    too. Whatever else is asked of it goes through SQLAlchemy, on the same connection and in the same transaction. The
    engine's pool has to reset nothing.
    """

    _fairy: PoolProxiedConnection | None = None
    _held: Connection | None = None
    _driver: StraightConnection | None = None

    async def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As in AsyncSession."""
        if isinstance(params, list) and len(params) == 1:
            params = params[0]
        if type(statement) is not TextClause or options or isinstance(params, list) or self.in_nested_transaction():
            return await super().execute(statement, params, **options)
        found = _statement(statement)
        if not found.is_plain:
            return await super().execute(statement, params)
        driver = self._driver if self._fairy is not None or self.in_transaction() else None
        if driver is None:
            driver = self._driver = await greenlet_spawn(self._take)
        try:
            return await _run(driver, found, params)
        except psycopg.Error as error:
            is_lost = driver.closed
            if is_lost:
                await greenlet_spawn((self._fairy or self._held).invalidate, error)  # type: ignore[union-attr]
            raise _told_as_ever(error, found, params, is_lost=is_lost) from error

    def _take(self) -> StraightConnection:
        """The connection that this transaction is on from now."""
        sync = self.sync_session
        if isinstance(sync.bind, Engine) and not sync.in_transaction():
            self._fairy = _connect(sync.bind)
            sync.bind = Connection(sync.bind, self._fairy)
            return self._fairy.driver_connection  # type: ignore[return-value]
        self._held = sync.connection()
        return self._held.connection.driver_connection  # type: ignore[return-value]

    async def commit(self) -> None:
        """As in AsyncSession."""
        if self._fairy is not None and self._driver is not None and not self.in_transaction():
            await self._driver.commit()
        else:
            await super().commit()

    async def close(self) -> None:
        """As in AsyncSession."""
        if self._fairy is None or self.in_transaction():
            await super().close()
        if self._fairy is None:
            return
        fairy, driver, self._fairy, self._driver = self._fairy, self._driver, None, None
        self.sync_session.bind = self.sync_session.bind.engine  # type: ignore[union-attr]
        try:
            if driver is not None and not driver.closed:
                await driver.rollback()  # after a commit there is nothing to undo, and nothing is sent
        finally:
            fairy.close()


def _connect(engine: Engine) -> PoolProxiedConnection:
    """A connection of the pool. Raises SQLAlchemy's errors where Postgres is away or on its way up."""
    try:
        return engine.raw_connection()
    except psycopg.Error as error:
        told: BaseException = DBAPIError.instance(
            None, None, error, psycopg.Error, connection_invalidated=True, dialect=_DIALECT
        )
        raise told from error


async def _run(driver: StraightConnection, statement: _Statement, params: Any, *, is_binary: bool = False) -> Rows:
    cursor = driver.straight_cursor
    # With None for parameters, psycopg would leave %% as it is.
    await cursor.execute(statement.sql, params or {}, binary=is_binary)
    if cursor.pgresult is None or not cursor.pgresult.nfields:
        return Rows(_NO_COLUMNS, [], cursor.rowcount)
    return Rows(statement.read(cursor), await cursor.fetchall(), cursor.rowcount)


def _told_as_ever(error: psycopg.Error, statement: _Statement, params: Any, *, is_lost: bool) -> BaseException:
    """The error that everybody catches."""
    told: BaseException = DBAPIError.instance(
        statement.sql.decode(), params, error, psycopg.Error, connection_invalidated=is_lost, dialect=_DIALECT
    )
    return told
