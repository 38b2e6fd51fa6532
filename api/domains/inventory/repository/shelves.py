"""What lies where: receiving, adjusting, spreading a unit over shards, and the proof that the books agree."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import straight
from api.core.arrays import bigints, written
from api.core.db import copy_rows
from api.domains.inventory.contracts import MAIN, Location, Movement, PlaceSummary, StockDifference
from api.domains.inventory.domain import SHARDS
from api.domains.inventory.repository import Reader

AVAILABLE = text("""
    SELECT s.variant_id,
        sum(CASE WHEN l.is_active THEN s.on_hand - s.allocated - s.reserved ELSE 0 END)::bigint AS units
    FROM inventory.stock s JOIN inventory.locations l USING (location)
    WHERE s.variant_id = ANY(:ids) GROUP BY s.variant_id
""")
IN_STOCK = text("""
    SELECT array_send(coalesce(array_agg(variant_id), '{}')) FROM (
        SELECT s.variant_id FROM inventory.stock s JOIN inventory.locations l USING (location)
        WHERE s.variant_id = ANY(CAST(:ids AS bigint[])) AND l.is_active
        GROUP BY s.variant_id HAVING sum(s.on_hand - s.allocated - s.reserved) > 0
    ) AS there
""")
AVAILABLE_OF_PRODUCTS = text("""
    SELECT s.product_id, s.variant_id,
        sum(CASE WHEN l.is_active THEN s.on_hand - s.allocated - s.reserved ELSE 0 END)::bigint AS units
    FROM inventory.stock s JOIN inventory.locations l USING (location)
    WHERE s.product_id = ANY(:ids) GROUP BY s.product_id, s.variant_id ORDER BY s.product_id, s.variant_id
""")

LOCATIONS = text("SELECT location, name, priority, is_active FROM inventory.locations ORDER BY priority, location")
SUMMARY = text("""
    WITH level AS (
        SELECT location, variant_id, sum(on_hand) AS on_hand, sum(allocated) AS allocated, sum(reserved) AS reserved,
            sum(on_hand - allocated - reserved) AS available
        FROM inventory.stock
        WHERE CAST(:products AS bigint[]) IS NULL OR product_id = ANY(:products) GROUP BY location, variant_id
    )
    SELECT p.location, p.name, count(l.variant_id) AS variants, coalesce(sum(l.on_hand), 0)::bigint AS on_hand,
        coalesce(sum(l.allocated), 0)::bigint AS allocated, coalesce(sum(l.reserved), 0)::bigint AS reserved,
        coalesce(sum(l.available), 0)::bigint AS available,
        count(l.variant_id) FILTER (WHERE l.available <= 0) AS sold_out,
        (SELECT count(*) FROM inventory.thresholds t WHERE t.location = p.location AND t.is_low
            AND (CAST(:products AS bigint[]) IS NULL OR t.variant_id IN (SELECT variant_id FROM level))) AS low
    FROM inventory.locations p LEFT JOIN level l USING (location)
    GROUP BY p.location, p.name, p.priority ORDER BY p.priority, p.location
""")
PUT_LOCATION = text("""
    INSERT INTO inventory.locations (location, name, priority, is_active)
    VALUES (:location, :name, :priority, :is_active)
    ON CONFLICT (location) DO UPDATE
    SET name = excluded.name, priority = excluded.priority, is_active = excluded.is_active
""")

MOVEMENTS = text("""
    SELECT movement_id, variant_id, location, movement, quantity, on_hand_change, order_id, cause, actor_id, moved_at
    FROM inventory.movements WHERE variant_id = :variant_id AND movement_id < :before
    ORDER BY movement_id DESC LIMIT :limit
""")

STOCKED = text("SELECT variant_id FROM inventory.stock WHERE variant_id = ANY(:ids) AND location = :location")
LOCK_RECEIVING = text("SELECT pg_advisory_xact_lock(hashtext('inventory.receive_many'))")
RECEIVE = text("""
    WITH received AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:products AS bigint[]), CAST(:quantities AS bigint[]))
            AS t (variant_id, product_id, quantity)
    ),
    put AS (
        INSERT INTO inventory.stock AS s (variant_id, product_id, location, on_hand)
        SELECT variant_id, product_id, :location, quantity FROM received ORDER BY variant_id
        ON CONFLICT (variant_id, location, shard) DO UPDATE SET on_hand = s.on_hand + excluded.on_hand
    )
    INSERT INTO inventory.movements (variant_id, location, movement, quantity, on_hand_change, cause, actor_id)
    SELECT variant_id, :location, 'received', quantity, quantity, :cause, :actor_id FROM received
""")

OPEN_ROW = text("""
    INSERT INTO inventory.stock (variant_id, product_id, location) VALUES (:variant_id, :product_id, :location)
    ON CONFLICT DO NOTHING
""")
# What comes on top goes to the first shard; what goes is taken from free units of as many shards as it needs.
ADJUST = text("""
    WITH locked AS MATERIALIZED (
        SELECT shard, on_hand, allocated, reserved, on_hand - allocated - reserved AS available
        FROM inventory.stock WHERE variant_id = :variant_id AND location = :location
        ORDER BY shard FOR NO KEY UPDATE
    ),
    running AS (SELECT *, sum(available) OVER (ORDER BY shard) - available AS before FROM locked),
    total AS (
        SELECT sum(on_hand) AS on_hand, sum(allocated) AS allocated, sum(reserved) AS reserved,
            sum(available) + :change >= 0 AS fits
        FROM locked
    ),
    picked AS (
        SELECT shard, on_hand, allocated, reserved,
            CASE WHEN :change > 0 THEN :change ELSE -least(available, -:change - before) END AS change
        FROM running WHERE CASE WHEN :change > 0 THEN shard = 0 ELSE before < -:change AND available > 0 END
    ),
    changed AS (
        UPDATE inventory.stock s
        SET on_hand = p.on_hand + p.change, allocated = p.allocated, reserved = p.reserved FROM picked p, total
        WHERE s.variant_id = :variant_id AND s.location = :location AND s.shard = p.shard AND total.fits
        RETURNING s.product_id
    ),
    moved AS (
        INSERT INTO inventory.movements (variant_id, location, movement, quantity, on_hand_change, cause, actor_id)
        SELECT :variant_id, :location, 'adjusted', :change, :change, :cause, :actor_id FROM total WHERE fits
    )
    SELECT fits, on_hand::bigint, allocated::bigint, reserved::bigint FROM total
""")
CLAIMS = text("""
    SELECT kind, order_id, sum(quantity)::bigint AS quantity FROM (
        SELECT 'allocated' AS kind, order_id, quantity FROM inventory.allocations
        WHERE variant_id = :variant_id AND location = :location
        UNION ALL SELECT 'reserved', order_id, quantity FROM inventory.reservations
        WHERE variant_id = :variant_id AND location = :location
    ) AS claims GROUP BY kind, order_id ORDER BY quantity DESC, order_id LIMIT 20
""")

ADD_SHARDS = text("""
    INSERT INTO inventory.stock (variant_id, product_id, location, shard)
    SELECT s.variant_id, s.product_id, s.location, n FROM inventory.stock s, generate_series(1, :shards - 1) AS n
    WHERE s.variant_id = :variant_id AND s.shard = 0 ON CONFLICT DO NOTHING
""")
# Free units are dealt out evenly; claims stay where they are.
_DEAL = """
    WITH locked AS MATERIALIZED (
        SELECT variant_id, location, shard, allocated, reserved, on_hand - allocated - reserved AS available
        FROM inventory.stock WHERE {which} ORDER BY variant_id, location, shard FOR NO KEY UPDATE
    ),
    shares AS (
        SELECT variant_id, location, shard, allocated, reserved,
            sum(available) OVER (PARTITION BY variant_id, location) AS free
        FROM locked
    )
    UPDATE inventory.stock s
    SET on_hand = h.allocated + h.reserved + {share}, allocated = h.allocated, reserved = h.reserved FROM shares h
    WHERE s.variant_id = h.variant_id AND s.location = h.location AND s.shard = h.shard
"""
SPREAD = text(
    _DEAL.format(
        which="variant_id = :variant_id",
        share="h.free::bigint / :shards + CASE WHEN h.shard < h.free::bigint % :shards THEN 1 ELSE 0 END",
    )
)
GATHER = text(_DEAL.format(which="variant_id = :variant_id", share="CASE WHEN h.shard = 0 THEN h.free ELSE 0 END"))
DROP_SHARDS = text("""
    DELETE FROM inventory.stock WHERE variant_id = :variant_id AND shard > 0 AND on_hand = 0
        AND allocated = 0 AND reserved = 0
""")
QUIET = text("""
    SELECT DISTINCT variant_id FROM inventory.stock s WHERE shard = 1 AND NOT EXISTS (
        SELECT FROM inventory.reservations r WHERE r.variant_id = s.variant_id)
""")

# Stock beside what its movements and its claims add up to.
DIFFERENCES = text("""
    WITH stock AS (
        SELECT variant_id, location, sum(on_hand) AS on_hand, sum(allocated) AS allocated, sum(reserved) AS reserved
        FROM inventory.stock GROUP BY 1, 2
    ),
    moved AS (
        SELECT variant_id, location, sum(on_hand_change) AS on_hand, sum(CASE movement
            WHEN 'allocated' THEN quantity WHEN 'released' THEN -quantity WHEN 'shipped' THEN -quantity ELSE 0
        END) AS allocated FROM inventory.movements GROUP BY 1, 2
    ),
    owned AS (SELECT variant_id, location, sum(quantity) AS units FROM inventory.allocations GROUP BY 1, 2),
    held AS (SELECT variant_id, location, sum(quantity) AS units FROM inventory.reservations GROUP BY 1, 2),
    compared AS (
        SELECT variant_id, location, kind, in_stock::bigint, in_books::bigint
        FROM stock FULL JOIN moved USING (variant_id, location) LEFT JOIN owned USING (variant_id, location)
        LEFT JOIN held USING (variant_id, location)
        CROSS JOIN LATERAL (VALUES
            ('on hand, by movements', coalesce(stock.on_hand, 0), coalesce(moved.on_hand, 0)),
            ('allocated, by movements', coalesce(stock.allocated, 0), coalesce(moved.allocated, 0)),
            ('allocated, by orders', coalesce(stock.allocated, 0), coalesce(owned.units, 0)),
            ('reserved, by checkouts', coalesce(stock.reserved, 0), coalesce(held.units, 0))
        ) AS pairs (kind, in_stock, in_books)
    )
    SELECT * FROM compared WHERE in_stock <> in_books ORDER BY variant_id, location, kind LIMIT 1000
""")


async def available(reader: Reader, ids: Sequence[int]) -> dict[int, int]:
    """Units that can be promised; a variant without stock is not in the answer."""
    rows = await straight.read(reader, AVAILABLE, {"ids": list(ids)})
    return {row[0]: row[1] for row in rows}


async def in_stock(reader: Reader, ids: Collection[int]) -> set[int]:
    """Those of these variants of which any unit can be promised."""
    row = (await straight.read(reader, IN_STOCK, {"ids": written(ids)})).one()
    return set(bigints(row[0]).tolist())


async def available_of_products(reader: Reader, product_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """The same by product: product id → variant id → units."""
    found: dict[int, dict[int, int]] = {}
    for row in await reader.execute(AVAILABLE_OF_PRODUCTS, {"ids": list(product_ids)}):
        found.setdefault(row.product_id, {})[row.variant_id] = row.units
    return found


async def movements(reader: Reader, variant_id: int, before: int, limit: int) -> list[Movement]:
    """The ledger of a variant, newest first, from below movement `before` on."""
    values = {"variant_id": variant_id, "before": before, "limit": limit}
    return [Movement(**row) for row in (await reader.execute(MOVEMENTS, values)).mappings()]


async def summary(reader: Reader, products: Sequence[int] | None = None) -> list[PlaceSummary]:
    """Every place with what lies there in all, or of some products, the one that sells first on top."""
    values = {"products": None if products is None else list(products)}
    return [PlaceSummary(**row) for row in (await reader.execute(SUMMARY, values)).mappings()]


async def locations(reader: Reader) -> list[Location]:
    """Every location, in the order in which they sell."""
    return [Location(**row) for row in (await reader.execute(LOCATIONS)).mappings()]


async def put_location(session: AsyncSession, location: Location) -> None:
    """Make or change a location."""
    values = {"location": location.location, "name": location.name}
    await session.execute(PUT_LOCATION, values | {"priority": location.priority, "is_active": location.is_active})


async def without_stock(session: AsyncSession, ids: Sequence[int]) -> set[int]:
    """Those of `ids` that have no row of stock; two openings at once wait for one another."""
    await session.execute(LOCK_RECEIVING)
    rows = await session.execute(STOCKED, {"ids": list(ids), "location": MAIN})
    return set(ids) - set(rows.scalars())


async def open_stock(session: AsyncSession, rows: Sequence[tuple[int, int]], product_of: Mapping[int, int]) -> None:
    """Bulk rows of stock and their movements, by COPY."""
    await copy_rows(
        session,
        "inventory.stock",
        ("variant_id", "product_id", "location", "on_hand"),
        ((variant_id, product_of[variant_id], MAIN, quantity) for variant_id, quantity in rows),
    )
    await copy_rows(
        session,
        "inventory.movements",
        ("variant_id", "location", "movement", "quantity", "on_hand_change"),
        ((variant_id, MAIN, "received", quantity, quantity) for variant_id, quantity in rows),
    )


async def receive(
    session: AsyncSession,
    quantities: Mapping[int, int],
    product_of: Mapping[int, int],
    location: str,
    cause: str | None,
    actor_id: UUID | None,
) -> None:
    """More on the shelf, and its movements."""
    values = {
        "ids": list(quantities),
        "products": [product_of[variant_id] for variant_id in quantities],
        "quantities": list(quantities.values()),
        "location": location,
        "cause": cause,
        "actor_id": actor_id,
    }
    await session.execute(RECEIVE, values)


async def adjust(
    session: AsyncSession,
    variant_id: int,
    product_id: int,
    location: str,
    change: int,
    cause: str,
    actor_id: UUID | None,
) -> tuple[bool, int, int, int]:
    """Change what is on hand; (whether it fits, on hand before, allocated, reserved)."""
    place = {"variant_id": variant_id, "location": location}
    await session.execute(OPEN_ROW, place | {"product_id": product_id})
    row = (await session.execute(ADJUST, place | {"change": change, "cause": cause, "actor_id": actor_id})).one()
    return row.fits, row.on_hand, row.allocated, row.reserved


async def claims(session: AsyncSession, variant_id: int, location: str) -> list[dict[str, object]]:
    """Who holds units of this stock: the 20 largest."""
    rows = await session.execute(CLAIMS, {"variant_id": variant_id, "location": location})
    return [{"kind": row.kind, "order_id": str(row.order_id), "quantity": row.quantity} for row in rows]


async def spread(session: AsyncSession, variant_id: int) -> None:
    """One row becomes many, so that buyers at once do not queue for it."""
    values = {"variant_id": variant_id, "shards": SHARDS}
    await session.execute(ADD_SHARDS, values)
    await session.execute(SPREAD, values)


async def gather(session: AsyncSession, variant_id: int) -> None:
    """Free units lie in one row again; shards with claims stay until these are gone."""
    await session.execute(GATHER, {"variant_id": variant_id})
    await session.execute(DROP_SHARDS, {"variant_id": variant_id})


async def quiet_variants(session: AsyncSession) -> list[int]:
    """Variants in several shards that nobody is buying."""
    return list((await session.execute(QUIET)).scalars())


async def differences(reader: Reader) -> list[StockDifference]:
    """Where stock is not the sum of its movements, or not what orders and checkouts hold; the first 1,000."""
    return [StockDifference(**row) for row in (await reader.execute(DIFFERENCES)).mappings()]
