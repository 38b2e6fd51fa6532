"""What the house says about every answer: what is withheld, what is new, which experiments run."""

import time
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core.audit import record_act
from api.domains.catalog import facade as catalog
from api.domains.recommendations.domain.candidates import New
from api.domains.recommendations.domain.experiments import Experiment
from api.domains.recommendations.domain.opinion import Model
from api.domains.recommendations.errors import NoSuchProduct
from api.domains.recommendations.repository import experiments, taste

LOOK_SECONDS = 2.0
NEW_SECONDS = 60.0
MOST_NEW = 50


@dataclass(slots=True)
class House:
    """The state of one process; an answer may be as old as LOOK_SECONDS, a list of what is new a minute."""

    withheld: frozenset[int] = frozenset()
    newest: tuple[int, ...] = ()
    running: tuple[Experiment, ...] = ()
    looked_at: float = float("-inf")
    new_at: float = float("-inf")
    _new: New | None = None
    _new_of: tuple[int, tuple[int, ...]] | None = None

    def new_to(self, model: Model) -> New:
        """What is new in the shop, with what this model holds to be like it: looked up once."""
        if self._new is None or self._new_of != (model.version, self.newest):
            self._new, self._new_of = New.of(model, self.newest), (model.version, self.newest)
        return self._new

    async def current(self, connection: AsyncConnection) -> "House":
        """This, looked up again where it is too old."""
        now = time.monotonic()
        if now - self.looked_at >= LOOK_SECONDS:
            self.looked_at = now
            self.withheld = await taste.withheld(connection)
            self.running = tuple(await experiments.running(connection))
        if now - self.new_at >= NEW_SECONDS:
            self.new_at = now
            self.newest = tuple(await catalog.newest(connection, MOST_NEW))
        return self


class _Current:
    house: House | None = None


def get_house() -> House:
    """The house of this process."""
    if _Current.house is None:
        _Current.house = House()
    return _Current.house


def forget_house() -> None:
    """Look everything up again."""
    _Current.house = None


async def withhold(session: AsyncSession, product_id: int, reason: str, by: UUID) -> None:
    """Recommend a product nowhere; every process knows within LOOK_SECONDS. Raises NoSuchProduct."""
    if await catalog.get_product(session, product_id) is None:
        raise NoSuchProduct
    await taste.withhold(session, product_id, reason, by)
    await record_act(session, by, "recommendations.withhold", f"product:{product_id}", reason=reason)


async def release(session: AsyncSession, product_id: int, by: UUID) -> None:
    """Recommend it again."""
    await taste.release(session, product_id)
    await record_act(session, by, "recommendations.release", f"product:{product_id}")
