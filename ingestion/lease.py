"""A lease with an epoch: who may write now, and a number by which everyone else's writes are refused.

The lease is a row. Taking it raises the epoch; every write that matters names its epoch in the same transaction, so a
holder that was frozen, cut off or declared dead cannot write after its successor has begun. Time only decides when a
successor may try, never whether a write is right.
"""

import os
import socket
from dataclasses import dataclass, field

import psycopg
from psycopg import sql


class Fenced(Exception):
    """Somebody else holds the lease now."""


@dataclass
class Lease:
    """One row of `table` (columns epoch, holder, leased_until) whose `key_column` is `key`; the connection autocommits.

    The holder's name carries its Postgres backend, so that the lease of a killed process is free as soon as its
    connection is gone, and only that of a frozen one has to run out.
    """

    connection: psycopg.Connection
    table: sql.Identifier
    key_column: str
    key: object
    seconds: float
    epoch: int = field(default=0, init=False)

    @property
    def holder(self) -> str:
        """Host, process and Postgres backend."""
        return f"{socket.gethostname()}/{os.getpid()}/{self.connection.info.backend_pid}"

    def try_take(self) -> bool:
        """Take the lease if it is free, with a new epoch."""
        statement = sql.SQL(
            "update {table} set epoch = epoch + 1, holder = %(holder)s,"
            " leased_until = now() + %(seconds)s * interval '1 s'"
            " where {key} = %(key)s and (leased_until is null or leased_until < now() or not exists ("
            "select from pg_stat_activity where usename = current_user"
            " and pid = substring(holder from '/([0-9]+)$')::integer)) returning epoch"
        )
        row = self._execute(statement).fetchone()
        if row is not None:
            self.epoch = int(row[0])
        return row is not None

    def renew(self) -> None:
        """Hold on to the lease. Raises Fenced when it is somebody else's."""
        statement = sql.SQL(
            "update {table} set leased_until = now() + %(seconds)s * interval '1 s'"
            " where {key} = %(key)s and epoch = %(epoch)s"
        )
        if self._execute(statement).rowcount != 1:
            raise Fenced(f"epoch {self.epoch} is over")

    def release(self) -> None:
        """Let the next one in at once; nothing happens when the lease is no longer ours."""
        statement = sql.SQL("update {table} set leased_until = now() where {key} = %(key)s and epoch = %(epoch)s")
        self._execute(statement)

    def _execute(self, statement: sql.SQL) -> psycopg.Cursor:
        values = {"holder": self.holder, "seconds": self.seconds, "key": self.key, "epoch": self.epoch}
        return self.connection.execute(statement.format(table=self.table, key=sql.Identifier(self.key_column)), values)
