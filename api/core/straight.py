"""SQL written by hand goes straight to the driver: what a library for all databases does around it costs as much again.

Everything else about the session stays: its transaction, its pool, its errors, and models for whoever uses them.
"""

from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.types import NullType

_DIALECT = PGDialectAsync_psycopg()  # type: ignore[no-untyped-call]
_NO_COLUMNS = SimpleResultMetaData(())


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


class StraightSession(AsyncSession):
    """A session whose plain texts are executed by psycopg itself. Inside a savepoint it is like any other."""

    _held: AsyncConnection | None = None
    _driver: psycopg.AsyncConnection[Any]

    async def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """As in AsyncSession."""
        if isinstance(params, list) and len(params) == 1:
            params = params[0]
        if type(statement) is not TextClause or options or isinstance(params, list) or self.in_nested_transaction():
            return await super().execute(statement, params, **options)
        found = _statement(statement)
        if not found.is_plain:
            return await super().execute(statement, params)
        if self._held is None or not self.in_transaction():
            self._held = await self.connection()
            self._driver = (await self._held.get_raw_connection()).driver_connection  # type: ignore[assignment]
        try:
            cursor = await self._driver.execute(found.sql, params)
            if cursor.pgresult is None or not cursor.pgresult.nfields:
                return Rows(_NO_COLUMNS, [], cursor.rowcount)
            return Rows(found.read(cursor), await cursor.fetchall(), cursor.rowcount)
        except psycopg.Error as error:
            raise await self._told_as_ever(error, found, params) from error

    async def _told_as_ever(self, error: psycopg.Error, statement: _Statement, params: Any) -> BaseException:
        is_lost = self._driver.closed
        if is_lost and self._held is not None:
            await self._held.invalidate(error)
        told: BaseException = DBAPIError.instance(
            statement.sql.decode(),
            params,
            error,
            psycopg.Error,
            connection_invalidated=is_lost,
            dialect=_DIALECT,
        )
        return told
