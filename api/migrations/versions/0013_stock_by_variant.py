"""Inventory by variant, location and shard; causes and actors of movements."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

LOCATIONS = """
CREATE TABLE inventory.locations (
    location text PRIMARY KEY CHECK (location ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    priority int NOT NULL DEFAULT 100,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN inventory.locations.priority IS 'The smallest number sells first.';
INSERT INTO inventory.locations (location, name, priority) VALUES ('main', 'Main warehouse', 10);
INSERT INTO inventory.locations (location, name)
    SELECT DISTINCT location, location FROM inventory.stock ON CONFLICT DO NOTHING;
"""

STOCK = """
ALTER TABLE inventory.reservations DROP CONSTRAINT reservations_product_id_location_fkey;
ALTER TABLE inventory.allocations DROP CONSTRAINT allocations_product_id_location_fkey;
ALTER TABLE inventory.movements DROP CONSTRAINT movements_product_id_location_fkey;

ALTER TABLE inventory.stock RENAME COLUMN product_id TO variant_id;
ALTER TABLE inventory.stock ADD COLUMN product_id bigint, ADD COLUMN shard smallint NOT NULL DEFAULT 0;
UPDATE inventory.stock SET product_id = variant_id;
ALTER TABLE inventory.stock ALTER COLUMN product_id SET NOT NULL,
    DROP CONSTRAINT stock_pkey, ADD PRIMARY KEY (variant_id, location, shard),
    ADD CONSTRAINT ck_stock_shard CHECK (shard BETWEEN 0 AND 31),
    ADD FOREIGN KEY (location) REFERENCES inventory.locations;
CREATE INDEX ix_stock_product ON inventory.stock (product_id);
COMMENT ON COLUMN inventory.stock.shard IS
    'A unit that many want at once lies in 32 rows, so that buyers do not queue for one; all others in shard 0 alone.';
COMMENT ON TABLE inventory.stock IS
    'What is on hand, allocated and reserved. No index on these, and free space: each update stays on its page (HOT).';
"""

CLAIMS = """
ALTER TABLE inventory.reservations RENAME COLUMN product_id TO variant_id;
ALTER TABLE inventory.reservations ADD COLUMN shard smallint NOT NULL DEFAULT 0,
    ADD COLUMN reserved_at timestamptz NOT NULL DEFAULT now(),
    DROP CONSTRAINT reservations_pkey, ADD PRIMARY KEY (order_id, variant_id, location, shard),
    ADD FOREIGN KEY (variant_id, location, shard) REFERENCES inventory.stock;

ALTER TABLE inventory.allocations RENAME COLUMN product_id TO variant_id;
ALTER TABLE inventory.allocations ADD COLUMN shard smallint NOT NULL DEFAULT 0,
    DROP CONSTRAINT allocations_pkey, ADD PRIMARY KEY (order_id, variant_id, location, shard),
    ADD FOREIGN KEY (variant_id, location, shard) REFERENCES inventory.stock;
CREATE INDEX ix_reservations_variant ON inventory.reservations (variant_id, location);
CREATE INDEX ix_allocations_variant ON inventory.allocations (variant_id, location);
"""

MOVEMENTS = """
ALTER TABLE inventory.movements RENAME COLUMN product_id TO variant_id;
ALTER INDEX inventory.ix_movements_product RENAME TO ix_movements_variant;
ALTER TABLE inventory.movements ADD COLUMN cause text, ADD COLUMN actor_id uuid,
    ADD FOREIGN KEY (location) REFERENCES inventory.locations,
    ADD CONSTRAINT ck_movements_on_hand_change CHECK (on_hand_change = CASE movement
        WHEN 'received' THEN quantity WHEN 'adjusted' THEN quantity WHEN 'shipped' THEN -quantity
        WHEN 'returned' THEN on_hand_change ELSE 0 END),
    ADD CONSTRAINT ck_movements_returned CHECK (movement <> 'returned' OR on_hand_change IN (0, quantity)),
    ADD CONSTRAINT ck_movements_sign CHECK (quantity > 0 OR movement = 'adjusted'),
    ADD CONSTRAINT ck_movements_cause CHECK (movement <> 'adjusted' OR cause IS NOT NULL);
CREATE INDEX ix_movements_order ON inventory.movements (order_id, variant_id) WHERE movement IN ('shipped', 'returned');
"""

# One row per line, found without a lock and then taken, in the order of variants. Its block is a subtransaction: a try
# that fails leaves no lock behind, and whoever then waits for all rows in order cannot deadlock. Several lines have to
# come from the location that sells first; anything else is for the careful statement, which sees all rows.
RESERVE_QUICK = """
CREATE FUNCTION inventory.reserve_quick(
    the_order uuid, variants bigint[], quantities bigint[], lifetime interval, start int
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line record;
    spot record;
    first text;
BEGIN
    IF cardinality(variants) > 1 THEN
        SELECT l.location INTO first FROM inventory.locations l WHERE l.is_active
        ORDER BY l.priority, l.location LIMIT 1;
    END IF;
    FOR line IN SELECT * FROM unnest(variants, quantities) AS t (variant_id, quantity) LOOP
        SELECT s.location, s.shard INTO spot
        FROM inventory.stock s JOIN inventory.locations l USING (location)
        WHERE s.variant_id = line.variant_id AND l.is_active AND (first IS NULL OR s.location = first)
            AND s.on_hand - s.allocated - s.reserved >= line.quantity
        ORDER BY l.priority, s.location, (s.shard + start) % 32 LIMIT 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'AG001';
        END IF;
        UPDATE inventory.stock SET reserved = reserved + line.quantity
        WHERE variant_id = line.variant_id AND location = spot.location AND shard = spot.shard
            AND on_hand - allocated - reserved >= line.quantity;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'AG001';
        END IF;
        INSERT INTO inventory.reservations AS r (order_id, variant_id, location, shard, quantity, expires_at)
        VALUES (the_order, line.variant_id, spot.location, spot.shard, line.quantity, now() + lifetime)
        ON CONFLICT (order_id, variant_id, location, shard)
        DO UPDATE SET quantity = r.quantity + excluded.quantity, expires_at = excluded.expires_at;
    END LOOP;
    RETURN true;
EXCEPTION WHEN SQLSTATE 'AG001' THEN
    RETURN false;
END $$;
"""

# Every way to change a row is announced. Of a spread unit only one row in 32 speaks: NOTIFY makes commits queue.
ANNOUNCE = """
CREATE FUNCTION inventory.announce_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('inventory_stock', NEW.product_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER stock_is_announced AFTER UPDATE ON inventory.stock FOR EACH ROW
    WHEN (NEW.shard = 0 AND NEW.on_hand - NEW.allocated - NEW.reserved <> OLD.on_hand - OLD.allocated - OLD.reserved)
    EXECUTE FUNCTION inventory.announce_stock();
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON inventory.locations TO agora_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA inventory TO agora_api;
GRANT EXECUTE ON FUNCTION inventory.reserve_quick TO agora_api;
"""

FORGET = """
DROP TRIGGER stock_is_announced ON inventory.stock;
DROP FUNCTION inventory.announce_stock;
DROP FUNCTION inventory.reserve_quick;
DROP INDEX inventory.ix_movements_order;
ALTER TABLE inventory.movements DROP CONSTRAINT movements_location_fkey,
    DROP CONSTRAINT ck_movements_on_hand_change, DROP CONSTRAINT ck_movements_returned,
    DROP CONSTRAINT ck_movements_sign, DROP CONSTRAINT ck_movements_cause, DROP COLUMN cause, DROP COLUMN actor_id;
ALTER INDEX inventory.ix_movements_variant RENAME TO ix_movements_product;
ALTER TABLE inventory.movements RENAME COLUMN variant_id TO product_id;
"""

# The shards of a unit become one row again, and so do the claims on them.
GATHER = """
ALTER TABLE inventory.reservations DROP CONSTRAINT reservations_variant_id_location_shard_fkey;
ALTER TABLE inventory.allocations DROP CONSTRAINT allocations_variant_id_location_shard_fkey;

UPDATE inventory.stock s SET on_hand = t.on_hand, allocated = t.allocated, reserved = t.reserved
FROM (SELECT variant_id, location, sum(on_hand) AS on_hand, sum(allocated) AS allocated, sum(reserved) AS reserved
      FROM inventory.stock GROUP BY variant_id, location HAVING count(*) > 1) t
WHERE s.variant_id = t.variant_id AND s.location = t.location AND s.shard = 0;
DELETE FROM inventory.stock WHERE shard > 0;
ALTER TABLE inventory.stock DROP CONSTRAINT stock_pkey, DROP CONSTRAINT stock_location_fkey,
    DROP CONSTRAINT ck_stock_shard, DROP COLUMN shard, DROP COLUMN product_id;
ALTER TABLE inventory.stock RENAME COLUMN variant_id TO product_id;
ALTER TABLE inventory.stock ADD PRIMARY KEY (product_id, location);

CREATE TEMP TABLE held ON COMMIT DROP AS SELECT order_id, variant_id, location, sum(quantity) AS quantity,
    max(expires_at) AS expires_at FROM inventory.reservations GROUP BY 1, 2, 3;
CREATE TEMP TABLE owned ON COMMIT DROP AS SELECT order_id, variant_id, location, sum(quantity) AS quantity,
    min(allocated_at) AS allocated_at FROM inventory.allocations GROUP BY 1, 2, 3;
DELETE FROM inventory.reservations;
DELETE FROM inventory.allocations;
"""

NARROW = """
DROP INDEX inventory.ix_reservations_variant, inventory.ix_allocations_variant;
ALTER TABLE inventory.reservations DROP CONSTRAINT reservations_pkey, DROP COLUMN shard, DROP COLUMN reserved_at;
ALTER TABLE inventory.reservations RENAME COLUMN variant_id TO product_id;
ALTER TABLE inventory.reservations ADD PRIMARY KEY (order_id, product_id, location);
ALTER TABLE inventory.allocations DROP CONSTRAINT allocations_pkey, DROP COLUMN shard;
ALTER TABLE inventory.allocations RENAME COLUMN variant_id TO product_id;
ALTER TABLE inventory.allocations ADD PRIMARY KEY (order_id, product_id, location);
INSERT INTO inventory.reservations (order_id, product_id, location, quantity, expires_at) SELECT * FROM held;
INSERT INTO inventory.allocations (order_id, product_id, location, quantity, allocated_at) SELECT * FROM owned;
ALTER TABLE inventory.reservations ADD FOREIGN KEY (product_id, location) REFERENCES inventory.stock;
ALTER TABLE inventory.allocations ADD FOREIGN KEY (product_id, location) REFERENCES inventory.stock;
ALTER TABLE inventory.movements ADD FOREIGN KEY (product_id, location) REFERENCES inventory.stock;
DROP TABLE inventory.locations;
"""


def upgrade() -> None:
    for statement in (LOCATIONS, STOCK, CLAIMS, MOVEMENTS, RESERVE_QUICK, ANNOUNCE, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    for statement in (FORGET, GATHER, NARROW):
        op.execute(statement)
