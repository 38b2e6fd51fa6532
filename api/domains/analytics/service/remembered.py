"""Answers of the warehouse, kept in this process until the marts are built anew: in between they cannot change."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.domains.analytics.domain.periods import Period, period_of
from api.domains.analytics.errors import ReportNotReady
from api.domains.analytics.repository import overview

T = TypeVar("T")
MOST = 512


class Remembered:
    """The newest answers of one build of the marts."""

    def __init__(self) -> None:
        self._built_at: datetime | None = None
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()

    async def get(self, built_at: datetime, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer under `key`, asked for where it is not known for this build."""
        if built_at != self._built_at:
            self._built_at = built_at
            self._answers.clear()
        if key in self._answers:
            self._answers.move_to_end(key)
            known: T = self._answers[key]
            return known
        answer = await ask()
        if built_at == self._built_at:  # else the marts were built anew meanwhile
            self._answers[key] = answer
            if len(self._answers) > MOST:
                self._answers.popitem(last=False)
        return answer

    def forget(self) -> None:
        """Know nothing again: for tests that change marts without building them."""
        self._built_at = None
        self._answers.clear()


remembered = Remembered()


class Build:
    """One look at the marts as they were built last."""

    def __init__(self, warehouse: AsyncConnection, as_of: datetime, built_at: datetime) -> None:
        self.warehouse = warehouse
        self.as_of = as_of
        self.built_at = built_at

    @property
    def newest(self) -> Period:
        """The usual period up to the day of the as-of time."""
        return period_of(self.as_of.astimezone(UTC).date())

    async def ask(self, question: Callable[..., Awaitable[T]], *arguments: Hashable) -> T:
        """`question(warehouse, *arguments)`, remembered. Raises ReportNotReady where its table is not there yet."""
        key = (question.__module__, question.__qualname__, *arguments)
        try:
            return await remembered.get(self.built_at, key, lambda: question(self.warehouse, *arguments))
        except ProgrammingError as error:
            raise ReportNotReady from error


async def newest_build(warehouse: AsyncConnection) -> Build:
    """The marts as they are now. Raises ReportNotReady before the first build."""
    try:
        row = await overview.get_as_of(warehouse)
    except ProgrammingError as error:  # the marts' tables are not there yet
        raise ReportNotReady from error
    if row is None:
        raise ReportNotReady
    return Build(warehouse, row["as_of"], row["built_at"])
