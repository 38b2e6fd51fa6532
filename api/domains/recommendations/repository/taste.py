"""What a person said about being known, and what is known of them: one statement for an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.core import straight
from api.core.arrays import bigints, reals
from ml.recommendations.serving import EMPTY, Floats, History

Reader = AsyncConnection | AsyncSession

# A history that does not respect the customer's last reset is of no use. It comes as the bytes that arrays are made of:
# element by element it would take longer than everything else about the person.
_KNOWN = text("""
    SELECT said.is_personalised, said.reset_at, removed.product_ids AS removed,
        array_send(history.product_ids) AS product_ids, array_send(history.weights) AS weights,
        array_send(history.days) AS days
    FROM (
        SELECT coalesce(bool_and(is_personalised) FILTER (WHERE person_id = CAST(:chooser AS uuid)), true)
            AS is_personalised, max(reset_at) AS reset_at,
            (array_agg(reset_id::text) FILTER (WHERE person_id::text = :customer_id))[1] AS reset_id
        FROM recommendations.choices WHERE person_id = ANY(:people)
    ) AS said
    CROSS JOIN (
        SELECT array_agg(DISTINCT product_id) AS product_ids
        FROM recommendations.removals WHERE person_id = ANY(:people)
    ) AS removed
    LEFT JOIN serving.customer_histories AS history
        ON history.version = :version AND history.customer_id = :customer_id
        AND (said.reset_id IS NULL OR history.reset_id = said.reset_id)
""")
_REMOVE = text("""
    INSERT INTO recommendations.removals (person_id, product_id) VALUES (:person_id, :product_id)
    ON CONFLICT DO NOTHING
""")
_RESTORE = text("DELETE FROM recommendations.removals WHERE person_id = ANY(:people) AND product_id = :product_id")
_COUNT = text("SELECT count(*) FROM recommendations.removals WHERE person_id = :person_id")
_RESET = text("""
    INSERT INTO recommendations.choices (person_id, reset_at, reset_id)
    VALUES (:person_id, clock_timestamp(), :reset_id)
    ON CONFLICT (person_id) DO UPDATE SET reset_at = excluded.reset_at, reset_id = excluded.reset_id, said_at = now()
""")
_CHOOSE = text("""
    INSERT INTO recommendations.choices (person_id, is_personalised) VALUES (:person_id, :is_personalised)
    ON CONFLICT (person_id) DO UPDATE SET is_personalised = excluded.is_personalised, said_at = now()
""")
_WITHHELD = text("SELECT product_id FROM recommendations.withheld")
_WITHHOLD = text("""
    INSERT INTO recommendations.withheld (product_id, reason, withheld_by) VALUES (:product_id, :reason, :by)
    ON CONFLICT (product_id) DO UPDATE SET reason = excluded.reason, withheld_by = excluded.withheld_by,
        withheld_at = now()
""")
_RELEASE = text("DELETE FROM recommendations.withheld WHERE product_id = :product_id")


@dataclass(frozen=True, slots=True)
class Known:
    """What a person said, and the purchases that the model's version knows of them.

    `days` are those of `bought`, since the epoch; of a version from before they were kept there are none.
    """

    is_personalised: bool
    reset_at: datetime | None
    removed: frozenset[int]
    bought: History
    days: Floats | None


class Whose(NamedTuple):
    """A visitor's ids: the browser's, and the customer's once signed in."""

    anonymous_id: UUID
    customer_id: UUID | None

    @property
    def owner(self) -> UUID:
        """Under which what is said now is kept: a browser may be shared, an account is one person's."""
        return self.anonymous_id if self.customer_id is None else self.customer_id

    @property
    def people(self) -> list[UUID]:
        """All of them."""
        return [self.anonymous_id] if self.customer_id is None else [self.anonymous_id, self.customer_id]


async def known(reader: Reader, whose: Whose, version: int) -> Known:
    """Everything about a person; `is_personalised` is the browser's own word."""
    values = {
        "people": whose.people,
        "chooser": whose.anonymous_id,
        "version": version,
        "customer_id": "" if whose.customer_id is None else str(whose.customer_id),
    }
    row = (await straight.read(reader, _KNOWN, values, is_binary=True)).one()
    bought = EMPTY
    if row.product_ids is not None:
        bought = History(bigints(row.product_ids), reals(row.weights))
    days = None if row.days is None else reals(row.days)
    return Known(row.is_personalised, row.reset_at, frozenset(row.removed or ()), bought, days)


async def remove(session: AsyncSession, person_id: UUID, product_id: int) -> None:
    """Use nothing that has to do with a product."""
    await session.execute(_REMOVE, {"person_id": person_id, "product_id": product_id})


async def count_removals(reader: Reader, person_id: UUID) -> int:
    """How much was removed."""
    return int((await reader.execute(_COUNT, {"person_id": person_id})).scalar_one())


async def restore(session: AsyncSession, people: Sequence[UUID], product_id: int) -> None:
    """Use it again."""
    await session.execute(_RESTORE, {"people": list(people), "product_id": product_id})


async def reset(session: AsyncSession, person_id: UUID, reset_id: UUID) -> None:
    """Use nothing of before now."""
    await session.execute(_RESET, {"person_id": person_id, "reset_id": reset_id})


async def choose(session: AsyncSession, person_id: UUID, is_personalised: bool) -> None:
    """Keep the choice of a browser."""
    await session.execute(_CHOOSE, {"person_id": person_id, "is_personalised": is_personalised})


async def withheld(reader: Reader) -> frozenset[int]:
    """What is recommended nowhere."""
    return frozenset((await reader.execute(_WITHHELD)).scalars())


async def withhold(session: AsyncSession, product_id: int, reason: str, by: UUID) -> None:
    """Recommend a product nowhere from now on."""
    await session.execute(_WITHHOLD, {"product_id": product_id, "reason": reason, "by": by})


async def release(session: AsyncSession, product_id: int) -> None:
    """Recommend it again."""
    await session.execute(_RELEASE, {"product_id": product_id})
