"""The statements that change claims. Their parts: `wanted` lines, `locked` rows, units `changed` and movements.

An UPDATE writes all three numbers as they are in `locked`. It first forms the new row from the version that its
snapshot shows and holds that against the constraints, before it turns to the newest version: with numbers of its own
it would be refused for a state that is long past.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.sql.elements import TextClause

_WANTED = """
    wanted AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:quantities AS bigint[])) AS t (variant_id, quantity)
    )"""
_LOCKED = """
    locked AS (
        SELECT s.variant_id, s.location, s.shard, s.on_hand, s.allocated, s.reserved, h.quantity
        FROM inventory.stock s JOIN held h USING (variant_id, location, shard)
        ORDER BY s.variant_id, s.location, s.shard FOR NO KEY UPDATE OF s
    )"""
_THE_ROW = "s.variant_id = l.variant_id AND s.location = l.location AND s.shard = l.shard"
_MOVED = """
    units AS (
        SELECT variant_id, product_id, location, sum(quantity)::bigint AS quantity FROM changed GROUP BY 1, 2, 3
    ),
    moved AS (
        INSERT INTO inventory.movements (variant_id, location, movement, quantity, on_hand_change, order_id)
        SELECT variant_id, location, '{movement}', quantity, {sign} * quantity, :order_id FROM units
    )
    SELECT variant_id, product_id, location, quantity FROM units ORDER BY variant_id, location
"""


def _statement(template: str, movement: str = "", sign: int = 0, **parts: Any) -> TextClause:
    moved = _MOVED.format(movement=movement, sign=sign)
    return text(template.format(wanted=_WANTED, locked=_LOCKED, the_row=_THE_ROW, moved=moved, **parts))


# All lines or none: `fits` is decided on the locked, newest rows, and nothing is taken unless every line fits. The
# first location by priority that has everything serves everything; where none has, the units are gathered.
RESERVE = _statement("""
    WITH {wanted},
    locked AS MATERIALIZED (
        SELECT s.variant_id, s.product_id, s.location, s.shard, l.priority, w.quantity,
            s.on_hand, s.allocated, s.reserved, s.on_hand - s.allocated - s.reserved AS available
        FROM inventory.stock s JOIN wanted w USING (variant_id) JOIN inventory.locations l USING (location)
        WHERE l.is_active ORDER BY s.variant_id, s.location, s.shard FOR NO KEY UPDATE OF s
    ),
    whole AS (
        SELECT location FROM (
            SELECT location, priority, sum(available) >= min(quantity) AS has_line FROM locked
            GROUP BY variant_id, location, priority
        ) AS lines
        WHERE has_line GROUP BY location, priority HAVING count(*) = (SELECT count(*) FROM wanted)
        ORDER BY priority, location LIMIT 1
    ),
    running AS (
        SELECT variant_id, location, shard, on_hand, allocated, reserved, available, quantity, sum(available) OVER (
            PARTITION BY variant_id
            ORDER BY location = (SELECT location FROM whole) DESC, priority, location, shard
        ) - available AS before
        FROM locked
    ),
    picked AS (
        SELECT variant_id, location, shard, on_hand, allocated, reserved,
            least(available, quantity - before)::bigint AS units
        FROM running WHERE before < quantity AND available > 0
    ),
    short AS (
        SELECT w.variant_id, coalesce(sum(l.available), 0)::bigint AS available, min(l.product_id) AS product_id
        FROM wanted w LEFT JOIN locked l USING (variant_id)
        GROUP BY w.variant_id HAVING coalesce(sum(l.available), 0) < min(w.quantity)
    ),
    taken AS (
        UPDATE inventory.stock s
        SET on_hand = p.on_hand, allocated = p.allocated, reserved = p.reserved + p.units FROM picked p
        WHERE s.variant_id = p.variant_id AND s.location = p.location AND s.shard = p.shard
            AND NOT EXISTS (SELECT FROM short)
        RETURNING s.variant_id, s.location, s.shard, p.units
    ),
    noted AS (
        INSERT INTO inventory.reservations AS r (order_id, variant_id, location, shard, quantity, expires_at)
        SELECT :order_id, variant_id, location, shard, units, now() + :lifetime FROM taken
        ON CONFLICT (order_id, variant_id, location, shard)
        DO UPDATE SET quantity = r.quantity + excluded.quantity, expires_at = excluded.expires_at
    )
    SELECT variant_id, product_id, available FROM short ORDER BY variant_id
""")
RESERVE_QUICK = text(
    "SELECT inventory.reserve_quick("
    ":order_id, CAST(:ids AS bigint[]), CAST(:quantities AS bigint[]), CAST(:lifetime AS interval), :start)"
)

IS_PROLONGED = text("""
    SELECT EXISTS (SELECT FROM inventory.reservations
        WHERE order_id = :order_id AND expires_at > greatest(now(), reserved_at + :lifetime))
""")
PROLONG = text("""
    UPDATE inventory.reservations
    SET expires_at = greatest(expires_at, least(now() + :lifetime, reserved_at + :longest))
    WHERE order_id = :order_id RETURNING expires_at
""")

ALLOCATE = _statement(
    """
    WITH held AS (
        DELETE FROM inventory.reservations WHERE order_id = :order_id
        RETURNING variant_id, location, shard, quantity
    ),
    {locked},
    changed AS (
        UPDATE inventory.stock s SET
            on_hand = l.on_hand, allocated = l.allocated + l.quantity, reserved = l.reserved - l.quantity
        FROM locked l WHERE {the_row} RETURNING s.variant_id, s.product_id, s.location, s.shard, l.quantity
    ),
    noted AS (
        INSERT INTO inventory.allocations AS a (order_id, variant_id, location, shard, quantity)
        SELECT :order_id, variant_id, location, shard, quantity FROM changed
        ON CONFLICT (order_id, variant_id, location, shard) DO UPDATE SET quantity = a.quantity + excluded.quantity
    ),
    {moved}
    """,
    movement="allocated",
)

RELEASE_ALLOCATION = _statement(
    """
    WITH held AS (
        DELETE FROM inventory.allocations WHERE order_id = :order_id RETURNING variant_id, location, shard, quantity
    ),
    {locked},
    changed AS (
        UPDATE inventory.stock s
        SET on_hand = l.on_hand, allocated = l.allocated - l.quantity, reserved = l.reserved
        FROM locked l WHERE {the_row} RETURNING s.variant_id, s.product_id, s.location, s.shard, l.quantity
    ),
    {moved}
    """,
    movement="released",
)

# Some units of what the order owns, all lines or none: an allocation becomes smaller or goes.
_TAKE_ALLOCATED = """
    WITH {wanted},
    owned AS MATERIALIZED (
        SELECT a.variant_id, a.location, a.shard, a.quantity, w.quantity AS wanted
        FROM inventory.allocations a JOIN wanted w USING (variant_id) WHERE a.order_id = :order_id
        ORDER BY a.variant_id, a.location, a.shard FOR UPDATE OF a
    ),
    running AS (
        SELECT *, sum(quantity) OVER (PARTITION BY variant_id ORDER BY location, shard) - quantity AS before FROM owned
    ),
    fits AS (
        SELECT NOT EXISTS (
            SELECT FROM wanted w WHERE w.quantity > (
                SELECT coalesce(sum(o.quantity), 0) FROM owned o WHERE o.variant_id = w.variant_id)
        ) AS all_lines
    ),
    held AS (
        SELECT variant_id, location, shard, quantity AS owned, least(quantity, wanted - before)::bigint AS quantity
        FROM running, fits WHERE before < wanted AND all_lines
    ),
    gone AS (
        DELETE FROM inventory.allocations a USING held h WHERE a.order_id = :order_id AND a.variant_id = h.variant_id
            AND a.location = h.location AND a.shard = h.shard AND h.owned = h.quantity
    ),
    smaller AS (
        UPDATE inventory.allocations a SET quantity = a.quantity - h.quantity FROM held h
        WHERE a.order_id = :order_id AND a.variant_id = h.variant_id AND a.location = h.location
            AND a.shard = h.shard AND h.owned > h.quantity
    ),
    {locked},
    changed AS (
        UPDATE inventory.stock s
        SET on_hand = l.on_hand - {shipped}, allocated = l.allocated - l.quantity, reserved = l.reserved
        FROM locked l WHERE {the_row} RETURNING s.variant_id, s.product_id, s.location, s.shard, l.quantity
    ),
    {moved}
"""
SHIP = _statement(
    _TAKE_ALLOCATED,
    shipped="l.quantity",
    movement="shipped",
    sign=-1,
)
RELEASE_LINES = _statement(_TAKE_ALLOCATED, shipped=0, movement="released", sign=0)

LOCK_ORDER = text("SELECT pg_advisory_xact_lock(hashtextextended('inventory.take_back ' || :order_id, 0))")
# What came back lies where it was shipped from. Without restock it is a movement that changes no shelf.
TAKE_BACK = _statement("""
    WITH {wanted},
    out AS (
        SELECT variant_id, location, sum(CASE movement WHEN 'shipped' THEN quantity ELSE -quantity END) AS quantity
        FROM inventory.movements JOIN (SELECT variant_id FROM wanted) w USING (variant_id)
        WHERE order_id = :order_id AND movement IN ('shipped', 'returned') GROUP BY 1, 2
    ),
    running AS (
        SELECT o.*, w.quantity AS wanted,
            sum(o.quantity) OVER (PARTITION BY variant_id ORDER BY location) - o.quantity AS before
        FROM out o JOIN wanted w USING (variant_id)
    ),
    fits AS (
        SELECT NOT EXISTS (
            SELECT FROM wanted w WHERE w.quantity > (
                SELECT coalesce(sum(o.quantity), 0) FROM out o WHERE o.variant_id = w.variant_id)
        ) AS all_lines
    ),
    held AS (
        SELECT variant_id, location, 0::smallint AS shard, least(quantity, wanted - before)::bigint AS quantity
        FROM running, fits WHERE before < wanted AND quantity > 0 AND all_lines
    ),
    {locked},
    changed AS (
        UPDATE inventory.stock s SET on_hand = l.on_hand + CASE WHEN :restock THEN l.quantity ELSE 0 END,
            allocated = l.allocated, reserved = l.reserved
        FROM locked l WHERE {the_row} RETURNING s.variant_id, s.product_id, s.location, s.shard, l.quantity
    ),
    moved AS (
        INSERT INTO inventory.movements (variant_id, location, movement, quantity, on_hand_change, order_id, cause)
        SELECT variant_id, location, 'returned', quantity, CASE WHEN :restock THEN quantity ELSE 0 END, :order_id,
            CASE WHEN :restock THEN 'restocked' ELSE 'not restocked' END FROM changed
    )
    SELECT variant_id, product_id, location, quantity FROM changed ORDER BY variant_id, location
""")

_FREE_RESERVATIONS = """
    WITH gone AS (
        DELETE FROM inventory.reservations WHERE {which} RETURNING variant_id, location, shard, quantity
    ),
    held AS (
        SELECT variant_id, location, shard, sum(quantity) AS quantity FROM gone GROUP BY 1, 2, 3
    ),
    {locked},
    freed AS (
        UPDATE inventory.stock s
        SET on_hand = l.on_hand, allocated = l.allocated, reserved = l.reserved - l.quantity
        FROM locked l WHERE {the_row}
    )
    SELECT count(*) FROM gone
"""
RELEASE_RESERVATION = text(_FREE_RESERVATIONS.format(which="order_id = :order_id", locked=_LOCKED, the_row=_THE_ROW))
# Rows that a checkout is just now allocating are locked: they are passed by, not waited for.
SWEEP = _statement(
    _FREE_RESERVATIONS,
    which="""(order_id, variant_id, location, shard) IN (
        SELECT order_id, variant_id, location, shard FROM inventory.reservations WHERE expires_at < now()
        ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED)""",
)
