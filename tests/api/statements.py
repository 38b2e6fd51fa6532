"""What reaches Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that reach the driver within the block, whichever way they took."""
    statements: list[str] = []
    really_execute = psycopg.AsyncCursor.execute

    async def note(cursor: Any, statement: Any, *arguments: Any, **options: Any) -> Any:
        statements.append(str(statement))
        return await really_execute(cursor, statement, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", note)
        yield statements
