"""SQL of inventory. Every change is one statement; it locks claims first, then stock in the order of product ids."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.elements import TextClause

from api.core.db import copy_rows
from api.domains.inventory.contracts import Claim

Reader = AsyncConnection | AsyncSession

MAIN = "main"

AVAILABLE = text("""
    SELECT product_id, sum(on_hand - allocated - reserved)::bigint AS available
    FROM inventory.stock WHERE product_id = ANY(:ids) GROUP BY product_id
""")

# All lines or none: `fits` is decided on the locked, newest rows, and nothing is taken unless every line fits.
RESERVE = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:quantities AS bigint[])) AS t (product_id, quantity)
    ),
    locked AS (
        SELECT s.product_id, s.on_hand - s.allocated - s.reserved AS available, w.quantity
        FROM inventory.stock s JOIN wanted w USING (product_id)
        WHERE s.location = :location ORDER BY s.product_id FOR NO KEY UPDATE OF s
    ),
    fits AS (
        SELECT count(*) = (SELECT count(*) FROM wanted) AS all_lines FROM locked WHERE available >= quantity
    ),
    taken AS (
        UPDATE inventory.stock s SET reserved = s.reserved + l.quantity
        FROM locked l, fits WHERE s.product_id = l.product_id AND s.location = :location AND fits.all_lines
        RETURNING s.product_id, l.quantity
    ),
    noted AS (
        INSERT INTO inventory.reservations (order_id, product_id, location, quantity, expires_at)
        SELECT :order_id, product_id, :location, quantity, now() + :lifetime FROM taken
    )
    SELECT w.product_id, coalesce(l.available, 0) AS available
    FROM wanted w LEFT JOIN locked l USING (product_id), fits
    WHERE NOT fits.all_lines AND coalesce(l.available, 0) < w.quantity ORDER BY w.product_id
""")

ALLOCATE = text("""
    WITH held AS (
        DELETE FROM inventory.reservations WHERE order_id = :order_id RETURNING product_id, location, quantity
    ),
    locked AS (
        SELECT s.product_id, s.location, h.quantity FROM inventory.stock s JOIN held h USING (product_id, location)
        ORDER BY s.product_id, s.location FOR NO KEY UPDATE OF s
    ),
    claimed AS (
        UPDATE inventory.stock s SET reserved = s.reserved - l.quantity, allocated = s.allocated + l.quantity
        FROM locked l WHERE s.product_id = l.product_id AND s.location = l.location
        RETURNING s.product_id, s.location, l.quantity
    ),
    noted AS (
        INSERT INTO inventory.allocations (order_id, product_id, location, quantity)
        SELECT :order_id, product_id, location, quantity FROM claimed
    ),
    moved AS (
        INSERT INTO inventory.movements (product_id, location, movement, quantity, on_hand_change, order_id)
        SELECT product_id, location, 'allocated', quantity, 0, :order_id FROM claimed
    )
    SELECT product_id, quantity FROM claimed ORDER BY product_id
""")

RELEASE_ALLOCATION = text("""
    WITH held AS (
        DELETE FROM inventory.allocations WHERE order_id = :order_id RETURNING product_id, location, quantity
    ),
    locked AS (
        SELECT s.product_id, s.location, h.quantity FROM inventory.stock s JOIN held h USING (product_id, location)
        ORDER BY s.product_id, s.location FOR NO KEY UPDATE OF s
    ),
    freed AS (
        UPDATE inventory.stock s SET allocated = s.allocated - l.quantity
        FROM locked l WHERE s.product_id = l.product_id AND s.location = l.location
        RETURNING s.product_id, s.location, l.quantity
    ),
    moved AS (
        INSERT INTO inventory.movements (product_id, location, movement, quantity, on_hand_change, order_id)
        SELECT product_id, location, 'released', quantity, 0, :order_id FROM freed
    )
    SELECT product_id, quantity FROM freed ORDER BY product_id
""")

# What leaves the shelf: on_hand and allocated fall together. Nothing is taken unless every unit was allocated.
SHIP = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:quantities AS bigint[])) AS t (product_id, quantity)
    ),
    held AS (
        SELECT a.product_id, a.location, a.quantity AS allocated, w.quantity
        FROM inventory.allocations a JOIN wanted w USING (product_id)
        WHERE a.order_id = :order_id AND a.quantity >= w.quantity ORDER BY a.product_id FOR UPDATE OF a
    ),
    fits AS (SELECT count(*) = (SELECT count(*) FROM wanted) AS all_lines FROM held),
    taken AS (SELECT held.* FROM held, fits WHERE fits.all_lines),
    lowered AS (
        UPDATE inventory.allocations a SET quantity = a.quantity - t.quantity FROM taken t
        WHERE a.order_id = :order_id AND a.product_id = t.product_id AND a.location = t.location
          AND t.allocated > t.quantity
    ),
    gone AS (
        DELETE FROM inventory.allocations a USING taken t
        WHERE a.order_id = :order_id AND a.product_id = t.product_id AND a.location = t.location
          AND t.allocated = t.quantity
    ),
    locked AS (
        SELECT s.product_id, s.location, t.quantity FROM inventory.stock s JOIN taken t USING (product_id, location)
        ORDER BY s.product_id, s.location FOR NO KEY UPDATE OF s
    ),
    shipped AS (
        UPDATE inventory.stock s SET on_hand = s.on_hand - l.quantity, allocated = s.allocated - l.quantity
        FROM locked l WHERE s.product_id = l.product_id AND s.location = l.location
        RETURNING s.product_id, s.location, l.quantity
    ),
    moved AS (
        INSERT INTO inventory.movements (product_id, location, movement, quantity, on_hand_change, order_id)
        SELECT product_id, location, 'shipped', quantity, -quantity, :order_id FROM shipped
    )
    SELECT product_id, quantity FROM shipped ORDER BY product_id
""")
TAKE_BACK = text("""
    WITH back AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:quantities AS bigint[])) AS t (product_id, quantity)
    ),
    put AS (
        UPDATE inventory.stock s SET on_hand = s.on_hand + b.quantity
        FROM back b WHERE s.product_id = b.product_id AND s.location = :location
        RETURNING s.product_id, b.quantity
    )
    INSERT INTO inventory.movements (product_id, location, movement, quantity, on_hand_change, order_id)
    SELECT product_id, :location, 'returned', quantity, quantity, :order_id FROM put
    RETURNING product_id, quantity
""")

_FREE_RESERVATIONS = """
    WITH held AS (
        DELETE FROM inventory.reservations WHERE {which} RETURNING product_id, location, quantity
    ),
    free AS (
        SELECT product_id, location, sum(quantity) AS quantity FROM held GROUP BY product_id, location
    ),
    locked AS (
        SELECT s.product_id, s.location, f.quantity FROM inventory.stock s JOIN free f USING (product_id, location)
        ORDER BY s.product_id, s.location FOR NO KEY UPDATE OF s
    ),
    freed AS (
        UPDATE inventory.stock s SET reserved = s.reserved - l.quantity
        FROM locked l WHERE s.product_id = l.product_id AND s.location = l.location RETURNING s.product_id
    )
    SELECT (SELECT count(*) FROM held) AS reservations, (SELECT count(*) FROM freed) AS products
"""
RELEASE_RESERVATION = text(_FREE_RESERVATIONS.format(which="order_id = :order_id"))
# Rows that a checkout is just now allocating are locked: they are passed by, not waited for.
SWEEP = text(
    _FREE_RESERVATIONS.format(
        which="""(order_id, product_id, location) IN (
            SELECT order_id, product_id, location FROM inventory.reservations WHERE expires_at < now()
            ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED)"""
    )
)

STOCKED = text("SELECT product_id FROM inventory.stock WHERE product_id = ANY(:ids) AND location = :location")
LOCK_RECEIVING = text("SELECT pg_advisory_xact_lock(hashtext('inventory.receive_many'))")
RECEIVE = text("""
    WITH received AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:quantities AS bigint[])) AS t (product_id, quantity)
    ),
    put AS (
        INSERT INTO inventory.stock AS s (product_id, location, on_hand)
        SELECT product_id, :location, quantity FROM received ORDER BY product_id
        ON CONFLICT (product_id, location) DO UPDATE SET on_hand = s.on_hand + excluded.on_hand
    )
    INSERT INTO inventory.movements (product_id, location, movement, quantity, on_hand_change)
    SELECT product_id, :location, 'received', quantity, quantity FROM received
""")


async def available(reader: Reader, ids: Sequence[int]) -> dict[int, int]:
    """Units that can be promised; a product without stock is not in the answer."""
    rows = await reader.execute(AVAILABLE, {"ids": list(ids)})
    return {row.product_id: row.available for row in rows}


async def reserve(
    session: AsyncSession, order_id: UUID, wanted: Mapping[int, int], lifetime: timedelta
) -> list[tuple[int, int]]:
    """Hold all of `wanted` or nothing; returns (product id, available) for the lines that stood in the way."""
    values = {
        "order_id": order_id,
        "ids": list(wanted),
        "quantities": list(wanted.values()),
        "location": MAIN,
        "lifetime": lifetime,
    }
    return [(row.product_id, row.available) for row in await session.execute(RESERVE, values)]


async def allocate(session: AsyncSession, order_id: UUID) -> list[Claim]:
    """Reservations of the order become allocations; returns them."""
    return await _claims(session, ALLOCATE, order_id)


async def release_allocation(session: AsyncSession, order_id: UUID) -> list[Claim]:
    """Allocations of the order become free stock; returns them."""
    return await _claims(session, RELEASE_ALLOCATION, order_id)


async def _claims(session: AsyncSession, statement: TextClause, order_id: UUID) -> list[Claim]:
    return [Claim(row.product_id, row.quantity) for row in await session.execute(statement, {"order_id": order_id})]


async def ship(session: AsyncSession, order_id: UUID, wanted: Mapping[int, int]) -> list[Claim]:
    """Allocated units leave the shelf, all or none; returns them."""
    values = {"order_id": order_id, "ids": list(wanted), "quantities": list(wanted.values())}
    return [Claim(row.product_id, row.quantity) for row in await session.execute(SHIP, values)]


async def take_back(session: AsyncSession, order_id: UUID, back: Mapping[int, int]) -> list[Claim]:
    """Units come back onto the shelf; returns them."""
    values = {"order_id": order_id, "ids": list(back), "quantities": list(back.values()), "location": MAIN}
    return [Claim(row.product_id, row.quantity) for row in await session.execute(TAKE_BACK, values)]


async def release_reservation(session: AsyncSession, order_id: UUID) -> int:
    """Reservations of the order become free stock; returns how many there were."""
    return _freed((await session.execute(RELEASE_RESERVATION, {"order_id": order_id})).one())


async def sweep(session: AsyncSession, most: int) -> int:
    """At most `most` reservations that ran out become free stock; returns how many."""
    return _freed((await session.execute(SWEEP, {"most": most})).one())


def _freed(row: Row[tuple[int, int]]) -> int:
    return int(row.reservations)


async def without_stock(session: AsyncSession, ids: Sequence[int]) -> set[int]:
    """Those of `ids` that have no row of stock; two openings at once wait for one another."""
    await session.execute(LOCK_RECEIVING)
    rows = await session.execute(STOCKED, {"ids": list(ids), "location": MAIN})
    return set(ids) - set(rows.scalars())


async def open_stock(session: AsyncSession, rows: Sequence[tuple[int, int]]) -> None:
    """Bulk rows of stock and their movements, by COPY."""
    await copy_rows(
        session,
        "inventory.stock",
        ("product_id", "location", "on_hand"),
        ((product_id, MAIN, quantity) for product_id, quantity in rows),
    )
    await copy_rows(
        session,
        "inventory.movements",
        ("product_id", "location", "movement", "quantity", "on_hand_change"),
        ((product_id, MAIN, "received", quantity, quantity) for product_id, quantity in rows),
    )


async def receive(session: AsyncSession, quantities: Mapping[int, int]) -> None:
    """More on the shelf, and its movements."""
    values = {"ids": list(quantities), "quantities": list(quantities.values()), "location": MAIN}
    await session.execute(RECEIVE, values)
