"""SQL of thresholds, demand, and of people who wait for something to be back."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.db import Reader
from api.domains.inventory.contracts import Level
from api.domains.inventory.domain import DailyDemand

PUT_THRESHOLD = text("""
    INSERT INTO inventory.thresholds (variant_id, location, low_at, lead_time_days)
    VALUES (:variant_id, :location, :low_at, :lead_time_days)
    ON CONFLICT (variant_id, location) DO UPDATE SET low_at = excluded.low_at, lead_time_days = excluded.lead_time_days
""")
DROP_THRESHOLD = text("DELETE FROM inventory.thresholds WHERE variant_id = :variant_id AND location = :location")
# The thresholds' rows are locked, so of two that see the same crossing one tells it.
CROSSED = text("""
    WITH watched AS MATERIALIZED (
        SELECT * FROM inventory.thresholds WHERE variant_id = ANY(:ids) ORDER BY variant_id, location FOR UPDATE
    ),
    level AS (
        SELECT w.*, coalesce((
            SELECT sum(s.on_hand - s.allocated - s.reserved) FROM inventory.stock s
            WHERE s.variant_id = w.variant_id AND s.location = w.location
        ), 0)::bigint AS available FROM watched w
    ),
    changed AS (
        UPDATE inventory.thresholds t SET is_low = NOT l.is_low, low_since = CASE WHEN l.is_low THEN NULL ELSE now() END
        FROM level l WHERE t.variant_id = l.variant_id AND t.location = l.location
            AND l.is_low <> (l.available <= l.low_at)
        RETURNING t.variant_id, t.location, t.low_at, t.lead_time_days, l.available, t.is_low
    )
    SELECT variant_id, location, low_at, lead_time_days, available FROM changed WHERE is_low ORDER BY 1, 2
""")
LOW = text("SELECT variant_id FROM inventory.thresholds WHERE is_low ORDER BY variant_id LIMIT 1000")
# Units sold per day, net of what was released, by whole days before this moment; days without sales count as zero.
DEMAND = text("""
    SELECT variant_id, location, sum(units)::float / :days AS mean,
        sqrt(greatest(0, sum(units * units)::float / :days - power(sum(units)::float / :days, 2))) AS deviation
    FROM (
        SELECT variant_id, location, floor(extract(epoch FROM now() - moved_at) / 86400) AS age,
            sum(CASE movement WHEN 'allocated' THEN quantity ELSE -quantity END) AS units
        FROM inventory.movements
        WHERE variant_id = ANY(:ids) AND movement IN ('allocated', 'released')
            AND moved_at > now() - make_interval(days => :days)
        GROUP BY 1, 2, 3
    ) AS by_day GROUP BY variant_id, location
""")
# A forecast that nobody renewed for a week says less than what was sold meanwhile.
FORECASTS = text("""
    SELECT variant_id, location, daily_mean AS mean, daily_deviation AS deviation FROM serving.demand_forecasts
    WHERE variant_id = ANY(:ids) AND made_at > now() - interval '7 days'
""")
_LEVELS = """
    WITH level AS (
        SELECT s.variant_id, s.location, sum(s.on_hand)::bigint AS on_hand, sum(s.allocated)::bigint AS allocated,
            sum(s.reserved)::bigint AS reserved, sum(s.on_hand - s.allocated - s.reserved)::bigint AS available
        FROM inventory.stock s WHERE {which} GROUP BY 1, 2
    )
    SELECT l.*, t.low_at, t.lead_time_days, t.low_since FROM level l
    LEFT JOIN inventory.thresholds t USING (variant_id, location)
"""
OF_VARIANTS = text(_LEVELS.format(which="s.variant_id = ANY(:ids)") + " ORDER BY l.variant_id, l.location")
_LISTED = (
    _LEVELS.format(which="true")
    + """
    WHERE {condition} AND (l.available, l.variant_id, l.location) > (:available, :variant_id, :location)
    ORDER BY l.available, l.variant_id, l.location LIMIT :limit
"""
)
LISTED = {
    "all": text(_LISTED.format(condition="true")),
    "out": text(_LISTED.format(condition="l.available <= 0")),
    "low": text(_LISTED.format(condition="l.available <= t.low_at")),
}

SUBSCRIBE = text("""
    INSERT INTO inventory.waiting (customer_id, variant_id) VALUES (:customer_id, :variant_id)
    ON CONFLICT (customer_id, variant_id) WHERE told_at IS NULL DO NOTHING
""")
SUBSCRIBE_ALL = text("""
    INSERT INTO inventory.waiting (customer_id, variant_id)
    SELECT * FROM unnest(CAST(:customers AS uuid[]), CAST(:variants AS bigint[])) AS t (customer_id, variant_id)
    ON CONFLICT (customer_id, variant_id) WHERE told_at IS NULL DO NOTHING
""")
SOLD_OUT = text("""
    SELECT asked.variant_id FROM unnest(CAST(:ids AS bigint[])) AS asked (variant_id)
    WHERE NOT EXISTS (
        SELECT FROM inventory.stock s JOIN inventory.locations l USING (location)
        WHERE s.variant_id = asked.variant_id AND l.is_active
        GROUP BY s.variant_id HAVING sum(s.on_hand - s.allocated - s.reserved) > 0)
    ORDER BY 1
""")
WAITS_FOR = text("SELECT count(*) FROM inventory.waiting WHERE customer_id = :customer_id AND told_at IS NULL")
IS_WAITING = text("""
    SELECT EXISTS (SELECT 1 FROM inventory.waiting
    WHERE customer_id = :customer_id AND variant_id = :variant_id AND told_at IS NULL)
""")
UNSUBSCRIBE = text("""
    DELETE FROM inventory.waiting WHERE customer_id = :customer_id AND variant_id = :variant_id AND told_at IS NULL
""")
# Variants with people in line and something to sell.
BACK = text("""
    SELECT s.variant_id FROM inventory.stock s JOIN inventory.locations l USING (location)
    WHERE l.is_active AND s.variant_id IN (SELECT DISTINCT variant_id FROM inventory.waiting WHERE told_at IS NULL)
    GROUP BY 1 HAVING sum(s.on_hand - s.allocated - s.reserved) > 0 ORDER BY 1 LIMIT 200
""")
LOCK_LINE = text("SELECT pg_advisory_xact_lock(hashtext('inventory.waiting'), hashtext(:variant_id))")
# An invitation stays open until it is a day old or a unit was sold since; so many units are spoken for.
TELL = text("""
    WITH free AS (
        SELECT coalesce(sum(s.on_hand - s.allocated - s.reserved), 0) AS units
        FROM inventory.stock s JOIN inventory.locations l USING (location)
        WHERE s.variant_id = :variant_id AND l.is_active
    ),
    invited AS (
        SELECT told_after, sum(count(*)) OVER (ORDER BY told_after DESC) AS people FROM inventory.waiting
        WHERE variant_id = :variant_id AND told_at > now() - CAST(:invitation AS interval) GROUP BY told_after
    ),
    -- A sale answers only invitations before it: the most that any of them leaves open, with those after it.
    spoken AS (
        SELECT coalesce(greatest(0, max(people - (
            SELECT coalesce(sum(quantity), 0) FROM inventory.movements m
            WHERE m.variant_id = :variant_id AND m.movement = 'allocated' AND m.movement_id > invited.told_after
        ))), 0) AS units FROM invited
    ),
    chosen AS (
        SELECT entry_id FROM inventory.waiting WHERE variant_id = :variant_id AND told_at IS NULL
        ORDER BY entry_id
        LIMIT greatest(0, (SELECT free.units - spoken.units FROM free, spoken))
    ),
    told AS (
        UPDATE inventory.waiting w SET told_at = now(), told_after = coalesce(
            (SELECT max(movement_id) FROM inventory.movements WHERE variant_id = :variant_id), 0
        ) FROM chosen c WHERE w.entry_id = c.entry_id
        RETURNING w.entry_id, w.customer_id
    )
    SELECT customer_id FROM told ORDER BY entry_id
""")


async def sold_out(reader: Reader, variant_ids: Sequence[int]) -> list[int]:
    """Those of the variants of which nothing can be sold at this moment."""
    return list((await reader.execute(SOLD_OUT, {"ids": sorted(set(variant_ids))})).scalars())


async def subscribe_all(session: AsyncSession, pairs: Sequence[tuple[UUID, int]]) -> None:
    """(person, variant) into the lines, in this order; who stands there already keeps the place."""
    columns = {"customers": [person for person, _ in pairs], "variants": [variant for _, variant in pairs]}
    await session.execute(SUBSCRIBE_ALL, columns)


async def put_threshold(
    session: AsyncSession, variant_id: int, location: str, low_at: int, lead_time_days: int
) -> None:
    """From so many units down it is low."""
    values = {"variant_id": variant_id, "location": location, "low_at": low_at, "lead_time_days": lead_time_days}
    await session.execute(PUT_THRESHOLD, values)


async def drop_threshold(session: AsyncSession, variant_id: int, location: str) -> bool:
    """Watch it no longer; False when it was not watched."""
    done: Any = await session.execute(DROP_THRESHOLD, {"variant_id": variant_id, "location": location})
    return bool(done.rowcount)


async def crossed(session: AsyncSession, variant_ids: Sequence[int]) -> list[Any]:
    """Rows of variant_id, location, low_at, lead_time_days and available that became low just now, each told once."""
    return list(await session.execute(CROSSED, {"ids": sorted(set(variant_ids))}))


async def told_low(reader: Reader) -> list[int]:
    """Variants that are low as far as was told."""
    return list((await reader.execute(LOW)).scalars())


async def demand(reader: Reader, variant_ids: Sequence[int], days: int) -> dict[tuple[int, str], DailyDemand]:
    """(variant id, location) → units a day: as they are forecast, else as they were over so many days."""
    values = {"ids": list(variant_ids), "days": days}
    past = {(row.variant_id, row.location): DailyDemand(row.mean, row.deviation, is_forecast=False)
            for row in await reader.execute(DEMAND, values)}  # fmt: skip
    return past | {(row.variant_id, row.location): DailyDemand(row.mean, row.deviation, is_forecast=True)
                   for row in await reader.execute(FORECASTS, values)}  # fmt: skip


async def levels(reader: Reader, variant_ids: Sequence[int]) -> list[Level]:
    """What lies where, of these variants."""
    rows = await reader.execute(OF_VARIANTS, {"ids": list(variant_ids)})
    return [Level(**row) for row in rows.mappings()]


async def list_levels(reader: Reader, kind: str, after: tuple[int, int, str], limit: int) -> list[Level]:
    """All, low or sold-out stock, the scarcest first, from after a row on."""
    available, variant_id, location = after
    values = {"available": available, "variant_id": variant_id, "location": location, "limit": limit}
    return [Level(**row) for row in (await reader.execute(LISTED[kind], values)).mappings()]


async def subscribe(session: AsyncSession, customer_id: UUID, variant_id: int) -> int:
    """Stand in line, once; returns for how many things the person waits."""
    await session.execute(SUBSCRIBE, {"customer_id": customer_id, "variant_id": variant_id})
    return int((await session.execute(WAITS_FOR, {"customer_id": customer_id})).scalar_one())


async def is_waiting(reader: Reader, customer_id: UUID, variant_id: int) -> bool:
    """Whether the person stands in line."""
    found = await reader.execute(IS_WAITING, {"customer_id": customer_id, "variant_id": variant_id})
    return bool(found.scalar_one())


async def unsubscribe(session: AsyncSession, customer_id: UUID, variant_id: int) -> None:
    """Leave the line."""
    await session.execute(UNSUBSCRIBE, {"customer_id": customer_id, "variant_id": variant_id})


async def variants_back(reader: Reader) -> list[int]:
    """Variants with people in line and something to sell; up to 200."""
    return list((await reader.execute(BACK)).scalars())


async def tell(session: AsyncSession, variant_id: int, invitation: timedelta) -> list[UUID]:
    """Mark the next in line as told, as many as there are units that nobody was invited to; who they are, in order."""
    await session.execute(LOCK_LINE, {"variant_id": str(variant_id)})
    return list((await session.execute(TELL, {"variant_id": variant_id, "invitation": invitation})).scalars())
