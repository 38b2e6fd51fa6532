"""Inventory: stock that cannot go below zero, holds, allocations, and the append-only ledger of movements."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STOCK = """
CREATE TABLE inventory.stock (
    product_id bigint NOT NULL,
    location text NOT NULL DEFAULT 'main',
    on_hand bigint NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
    allocated bigint NOT NULL DEFAULT 0 CHECK (allocated >= 0),
    reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    PRIMARY KEY (product_id, location),
    CONSTRAINT ck_stock_available_not_negative CHECK (on_hand - allocated - reserved >= 0)
) WITH (fillfactor = 70);
COMMENT ON TABLE inventory.stock IS 'Few columns, no second index, free space: each update stays on its page (HOT).';
"""

CLAIMS = """
CREATE TABLE inventory.reservations (
    order_id uuid NOT NULL,
    product_id bigint NOT NULL,
    location text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, product_id, location),
    FOREIGN KEY (product_id, location) REFERENCES inventory.stock
);
CREATE INDEX ix_reservations_expires ON inventory.reservations (expires_at);

CREATE TABLE inventory.allocations (
    order_id uuid NOT NULL,
    product_id bigint NOT NULL,
    location text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    allocated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, product_id, location),
    FOREIGN KEY (product_id, location) REFERENCES inventory.stock
);
"""

MOVEMENTS = """
CREATE TABLE inventory.movements (
    movement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL,
    location text NOT NULL,
    movement text NOT NULL
        CHECK (movement IN ('received', 'allocated', 'released', 'shipped', 'adjusted', 'returned')),
    quantity bigint NOT NULL CHECK (quantity <> 0),
    on_hand_change bigint NOT NULL,
    order_id uuid,
    moved_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (product_id, location) REFERENCES inventory.stock
);
CREATE INDEX ix_movements_product ON inventory.movements (product_id, location, movement_id);
COMMENT ON COLUMN inventory.movements.on_hand_change IS
    'The sum over a product is its on_hand: allocations and releases change a claim, not what lies on the shelf.';

CREATE FUNCTION inventory.refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER movements_are_append_only BEFORE UPDATE OR DELETE ON inventory.movements
    FOR EACH ROW EXECUTE FUNCTION inventory.refuse_rewriting_history();
"""

GRANTS = """
GRANT USAGE ON SCHEMA inventory TO agora_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA inventory TO agora_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA inventory TO agora_api;
REVOKE UPDATE, DELETE ON inventory.movements FROM agora_api;
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS inventory")
    for statement in (STOCK, CLAIMS, MOVEMENTS, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP SCHEMA inventory CASCADE")
