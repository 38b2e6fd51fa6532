"""Ordering: carts, orders and their lines. Past orders come in by the hundred thousand, so indexes are few."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CARTS = """
CREATE SCHEMA ordering;

CREATE TABLE ordering.carts (
    cart_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    anonymous_id uuid UNIQUE,
    customer_id uuid UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(anonymous_id, customer_id) = 1)
);

CREATE TABLE ordering.cart_items (
    cart_id uuid NOT NULL REFERENCES ordering.carts ON DELETE CASCADE,
    product_id bigint NOT NULL,
    quantity bigint NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
    seen_price_minor bigint NOT NULL CHECK (seen_price_minor > 0),
    recommendation_id uuid,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cart_id, product_id)
);
COMMENT ON COLUMN ordering.cart_items.seen_price_minor IS 'What the person saw when choosing; a change is told.';
"""

ORDERS = """
CREATE TABLE ordering.orders (
    order_id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN (
        'draft', 'placed', 'partially_fulfilled', 'fulfilled', 'delivered',
        'partially_returned', 'returned', 'cancelled', 'expired')),
    source text NOT NULL,
    currency char(3) NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    created_at timestamptz NOT NULL,
    placed_at timestamptz,
    cart_id uuid,
    recommendation_id uuid,
    CHECK (placed_at IS NOT NULL OR status IN ('draft', 'expired'))
);
CREATE INDEX ix_orders_customer ON ordering.orders (customer_id, created_at DESC, order_id DESC);
-- While a checkout is being paid, its cart cannot be checked out again.
CREATE UNIQUE INDEX uq_orders_draft_cart ON ordering.orders (cart_id) WHERE status = 'draft';

CREATE TABLE ordering.order_lines (
    order_id uuid NOT NULL REFERENCES ordering.orders,
    line_number integer NOT NULL CHECK (line_number > 0),
    product_id bigint NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
    discount_minor bigint NOT NULL CHECK (discount_minor >= 0),
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    PRIMARY KEY (order_id, line_number),
    CONSTRAINT ck_order_lines_total CHECK (total_minor = quantity * unit_price_minor - discount_minor)
);

CREATE TABLE ordering.order_history (
    order_id uuid NOT NULL REFERENCES ordering.orders,
    position integer NOT NULL,
    from_status text,
    to_status text NOT NULL,
    reason text,
    happened_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, position)
);
COMMENT ON TABLE ordering.order_history IS 'What happened to an order made here, in order; it can only grow.';

CREATE FUNCTION ordering.refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER order_history_is_append_only BEFORE UPDATE OR DELETE ON ordering.order_history
    FOR EACH ROW EXECUTE FUNCTION ordering.refuse_rewriting_history();
"""

GRANTS = """
GRANT USAGE ON SCHEMA ordering TO agora_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON ordering.carts, ordering.cart_items TO agora_api;
GRANT SELECT, INSERT, UPDATE ON ordering.orders TO agora_api;
GRANT SELECT, INSERT ON ordering.order_lines, ordering.order_history TO agora_api;
"""


def upgrade() -> None:
    for statement in (CARTS, ORDERS, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP SCHEMA ordering CASCADE")
