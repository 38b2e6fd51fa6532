"""Ordering in full: variants, prices of delivery and tax, promotions, shipments, returns, refunds, webhooks."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LINES = """
ALTER TABLE ordering.carts ADD version bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN ordering.carts.version IS 'Grows with every change, so that a checkout knows what it has read.';

ALTER TABLE ordering.cart_items ADD variant_id bigint;
UPDATE ordering.cart_items SET variant_id = product_id;
ALTER TABLE ordering.cart_items ALTER variant_id SET NOT NULL, DROP CONSTRAINT cart_items_pkey,
    ADD PRIMARY KEY (cart_id, variant_id);

ALTER TABLE ordering.order_lines
    ADD variant_id bigint,
    ADD tax_minor bigint NOT NULL DEFAULT 0 CHECK (tax_minor >= 0),
    ADD tax_class text NOT NULL DEFAULT 'standard',
    ADD components jsonb NOT NULL DEFAULT '[]';
UPDATE ordering.order_lines SET variant_id = product_id;
ALTER TABLE ordering.order_lines ALTER variant_id SET NOT NULL;
COMMENT ON COLUMN ordering.order_lines.components IS 'What a bundle was made of: [variant_id, quantity] of each part.';
"""

ORDERS = """
ALTER TABLE ordering.orders
    ADD group_id uuid,
    ADD seller_id uuid,
    ADD delivery_method text,
    ADD delivery_minor bigint NOT NULL DEFAULT 0 CHECK (delivery_minor >= 0),
    ADD delivery_tax_minor bigint NOT NULL DEFAULT 0 CHECK (delivery_tax_minor >= 0),
    ADD tax_minor bigint NOT NULL DEFAULT 0 CHECK (tax_minor >= 0),
    ADD is_tax_included boolean NOT NULL DEFAULT false,
    ADD tax_lines jsonb NOT NULL DEFAULT '[]',
    ADD region text,
    ADD address jsonb,
    ADD promotion_code text,
    ADD refunded_minor bigint NOT NULL DEFAULT 0,
    ADD delivered_at timestamptz,
    ADD CONSTRAINT ck_orders_refunded CHECK (refunded_minor BETWEEN 0 AND total_minor);
COMMENT ON COLUMN ordering.orders.group_id IS 'The first order of its checkout; null in that first order itself.';
CREATE INDEX ix_orders_group ON ordering.orders (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX ix_orders_placed ON ordering.orders (placed_at DESC, order_id DESC) WHERE source = 'storefront';

ALTER TABLE ordering.order_history ADD kind text, ADD details jsonb NOT NULL DEFAULT '{}',
    ALTER to_status DROP NOT NULL;
ALTER TABLE ordering.order_history DISABLE TRIGGER order_history_is_append_only;
UPDATE ordering.order_history SET kind = CASE to_status WHEN 'draft' THEN 'begun' ELSE to_status END;
ALTER TABLE ordering.order_history ENABLE TRIGGER order_history_is_append_only;
ALTER TABLE ordering.order_history ALTER kind SET NOT NULL, ADD CONSTRAINT ck_order_history_kind CHECK (kind IN (
    'begun', 'placed', 'expired', 'cancelled', 'shipped', 'delivered', 'return_requested', 'return_accepted',
    'return_refused', 'returned', 'refunded', 'noted'));
"""

FULFILMENT = """
CREATE TABLE ordering.shipments (
    shipment_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES ordering.orders,
    carrier text NOT NULL,
    tracking_number text NOT NULL,
    shipped_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz
);
CREATE INDEX ix_shipments_order ON ordering.shipments (order_id);
CREATE TABLE ordering.shipment_lines (
    shipment_id uuid NOT NULL REFERENCES ordering.shipments,
    line_number integer NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, line_number)
);

CREATE TABLE ordering.returns (
    return_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES ordering.orders,
    status text NOT NULL DEFAULT 'requested' CHECK (status IN ('requested', 'accepted', 'received', 'refused')),
    reason text NOT NULL,
    comment text,
    refund_minor bigint NOT NULL CHECK (refund_minor >= 0),
    is_restocked boolean,
    requested_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz
);
CREATE INDEX ix_returns_order ON ordering.returns (order_id);
CREATE INDEX ix_returns_open ON ordering.returns (requested_at) WHERE status IN ('requested', 'accepted');
CREATE TABLE ordering.return_lines (
    return_id uuid NOT NULL REFERENCES ordering.returns,
    line_number integer NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (return_id, line_number)
);

CREATE TABLE ordering.refunds (
    refund_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES ordering.orders,
    return_id uuid REFERENCES ordering.returns,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    reason text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_refunds_order ON ordering.refunds (order_id);
"""

PRICES = """
CREATE TABLE ordering.delivery_methods (
    method text PRIMARY KEY,
    title text NOT NULL,
    promise text NOT NULL,
    needs_address boolean NOT NULL DEFAULT true,
    position integer NOT NULL,
    is_active boolean NOT NULL DEFAULT true
);
CREATE TABLE ordering.delivery_prices (
    method text NOT NULL REFERENCES ordering.delivery_methods,
    from_subtotal_minor bigint NOT NULL CHECK (from_subtotal_minor >= 0),
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    PRIMARY KEY (method, from_subtotal_minor)
);
COMMENT ON TABLE ordering.delivery_prices IS
    'The row with the highest from_subtotal_minor that the goods reach counts.';
INSERT INTO ordering.delivery_methods (method, title, promise, needs_address, position) VALUES
    ('standard', 'Standard delivery', 'In three to five days', true, 1),
    ('express', 'Express delivery', 'The next working day', true, 2),
    ('pickup', 'Pick up in the shop', 'Ready in two hours', false, 3);
INSERT INTO ordering.delivery_prices VALUES
    ('standard', 0, 0), ('express', 0, 990), ('express', 5000, 490), ('express', 15000, 0), ('pickup', 0, 0);

CREATE TABLE ordering.tax_rates (
    region text NOT NULL,
    tax_class text NOT NULL,
    title text NOT NULL,
    rate_ppm integer NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),
    is_included boolean NOT NULL,
    PRIMARY KEY (region, tax_class)
);
COMMENT ON COLUMN ordering.tax_rates.rate_ppm IS 'Millionths: 190000 is 19 percent.';
COMMENT ON COLUMN ordering.tax_rates.region IS
    'A country, or a country and a part of it: DE, US-CA. The longer one counts.';
INSERT INTO ordering.tax_rates VALUES
    ('DE', 'standard', 'VAT 19 %', 190000, true), ('DE', 'reduced', 'VAT 7 %', 70000, true),
    ('FR', 'standard', 'VAT 20 %', 200000, true), ('FR', 'reduced', 'VAT 5.5 %', 55000, true),
    ('GB', 'standard', 'VAT 20 %', 200000, true), ('GB', 'reduced', 'VAT 5 %', 50000, true),
    ('US-CA', 'standard', 'Sales tax 7.25 %', 72500, false), ('US-NY', 'standard', 'Sales tax 4 %', 40000, false),
    ('US-TX', 'standard', 'Sales tax 6.25 %', 62500, false), ('US-WA', 'standard', 'Sales tax 6.5 %', 65000, false);
"""

PROMOTIONS = """
CREATE TABLE ordering.promotions (
    promotion_id uuid PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code = upper(code)),
    title text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('percentage', 'amount', 'free_delivery', 'buy_x_get_y')),
    percent integer CHECK (percent BETWEEN 1 AND 100),
    amount_minor bigint CHECK (amount_minor > 0),
    buy_quantity integer CHECK (buy_quantity > 0),
    get_quantity integer CHECK (get_quantity > 0),
    minimum_minor bigint NOT NULL DEFAULT 0 CHECK (minimum_minor >= 0),
    starts_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz,
    most_uses bigint CHECK (most_uses > 0),
    most_per_customer bigint CHECK (most_per_customer > 0),
    product_ids bigint[] NOT NULL DEFAULT '{}',
    departments text[] NOT NULL DEFAULT '{}',
    uses bigint NOT NULL DEFAULT 0,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (uses >= 0 AND (most_uses IS NULL OR uses <= most_uses)),
    CHECK (kind <> 'percentage' OR percent IS NOT NULL),
    CHECK (kind <> 'amount' OR amount_minor IS NOT NULL),
    CHECK (kind <> 'buy_x_get_y' OR (buy_quantity IS NOT NULL AND get_quantity IS NOT NULL))
);
CREATE TABLE ordering.promotion_uses (
    order_id uuid PRIMARY KEY,
    promotion_id uuid NOT NULL REFERENCES ordering.promotions,
    customer_id uuid NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_promotion_uses_customer ON ordering.promotion_uses (promotion_id, customer_id);
"""

WEBHOOKS = """
CREATE TABLE ordering.webhook_endpoints (
    endpoint_id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    url text NOT NULL,
    secret text NOT NULL,
    event_types text[] NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    failures integer NOT NULL DEFAULT 0,
    closed_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN ordering.webhook_endpoints.closed_until IS 'The breaker: no delivery is tried before.';
CREATE TABLE ordering.webhook_deliveries (
    delivery_id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES ordering.webhook_endpoints ON DELETE CASCADE,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    body text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    replays integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    UNIQUE (endpoint_id, event_id)
);
CREATE INDEX ix_webhook_deliveries_endpoint ON ordering.webhook_deliveries (endpoint_id, created_at DESC);
CREATE TABLE ordering.webhook_attempts (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id uuid NOT NULL REFERENCES ordering.webhook_deliveries ON DELETE CASCADE,
    response_status integer,
    error text,
    milliseconds integer NOT NULL,
    tried_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_webhook_attempts_delivery ON ordering.webhook_attempts (delivery_id, attempt_id);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON ordering.shipments, ordering.returns, ordering.promotions TO agora_api;
GRANT SELECT, INSERT ON ordering.shipment_lines, ordering.return_lines, ordering.refunds TO agora_api;
GRANT SELECT ON ordering.delivery_methods, ordering.delivery_prices, ordering.tax_rates TO agora_api;
GRANT SELECT, INSERT, DELETE ON ordering.promotion_uses TO agora_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON ordering.webhook_endpoints TO agora_api;
GRANT SELECT, INSERT, UPDATE ON ordering.webhook_deliveries, ordering.webhook_attempts TO agora_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA ordering TO agora_api;
"""

DOWN = """
DROP TABLE ordering.webhook_attempts, ordering.webhook_deliveries, ordering.webhook_endpoints, ordering.promotion_uses,
    ordering.promotions, ordering.tax_rates, ordering.delivery_prices, ordering.delivery_methods, ordering.refunds,
    ordering.return_lines, ordering.returns, ordering.shipment_lines, ordering.shipments;

ALTER TABLE ordering.order_history DISABLE TRIGGER order_history_is_append_only;
DELETE FROM ordering.order_history WHERE to_status IS NULL;
ALTER TABLE ordering.order_history ENABLE TRIGGER order_history_is_append_only;
ALTER TABLE ordering.order_history DROP kind, DROP details, ALTER to_status SET NOT NULL;

DROP INDEX ordering.ix_orders_placed;
ALTER TABLE ordering.orders DROP group_id, DROP seller_id, DROP delivery_method, DROP delivery_minor,
    DROP delivery_tax_minor, DROP tax_minor, DROP is_tax_included, DROP tax_lines, DROP region, DROP address,
    DROP promotion_code, DROP refunded_minor, DROP delivered_at;
ALTER TABLE ordering.order_lines DROP variant_id, DROP tax_minor, DROP tax_class, DROP components;

DELETE FROM ordering.cart_items i USING ordering.cart_items other
WHERE i.cart_id = other.cart_id AND i.product_id = other.product_id AND i.variant_id > other.variant_id;
ALTER TABLE ordering.cart_items DROP CONSTRAINT cart_items_pkey, DROP variant_id, ADD PRIMARY KEY (cart_id, product_id);
ALTER TABLE ordering.carts DROP version;
"""


def upgrade() -> None:
    """Carry carts, orders and their history over, and make the new tables."""
    for statement in (LINES, ORDERS, FULFILMENT, PRICES, PROMOTIONS, WEBHOOKS, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Back to one price per line; two variants of a product become one line of a cart."""
    op.execute(DOWN)
