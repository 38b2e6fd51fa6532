"""What people bought, for the badge beside what they say of it; threads for owners alone; saved posts and filters."""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

# News of one order come in batches by type, so each number stands for itself and their order does not matter.
TABLES = """
CREATE TABLE communities.purchases (
    order_id uuid NOT NULL,
    product_id bigint NOT NULL,
    customer_id uuid NOT NULL,
    delivered integer NOT NULL DEFAULT 0,
    returned integer NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, product_id)
);
CREATE INDEX ix_purchases_person ON communities.purchases (customer_id, product_id);
CREATE TABLE communities.order_money (
    order_id uuid PRIMARY KEY,
    total_minor bigint,
    refunded_minor bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE communities.purchases IS
    'Learned from events of ordering, for one answer alone: whether somebody owns a product. Nobody is shown an order.';

CREATE FUNCTION communities.owns(person uuid, product bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT product IS NOT NULL AND EXISTS (
        SELECT FROM communities.purchases b LEFT JOIN communities.order_money m USING (order_id)
        WHERE b.customer_id = person AND b.product_id = product AND b.delivered > b.returned
          AND NOT coalesce(m.total_minor > 0 AND m.refunded_minor >= m.total_minor, false))
$$;

ALTER TABLE communities.posts ADD COLUMN product_id bigint, ADD COLUMN is_owners_only boolean NOT NULL DEFAULT false,
    ADD CHECK (NOT is_owners_only OR product_id IS NOT NULL);
CREATE INDEX ix_posts_product ON communities.posts (product_id, created_at DESC, post_id DESC)
    WHERE product_id IS NOT NULL AND status = 'published';
COMMENT ON COLUMN communities.posts.is_owners_only IS 'Whether only people who own the product answer.';
ALTER TABLE communities.drafts ADD COLUMN product_id bigint, ADD COLUMN is_owners_only boolean NOT NULL DEFAULT false;

CREATE TABLE communities.saved (
    customer_id uuid NOT NULL,
    post_id uuid NOT NULL REFERENCES communities.posts ON DELETE CASCADE,
    saved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (customer_id, post_id)
);
CREATE INDEX ix_saved_person ON communities.saved (customer_id, saved_at DESC, post_id DESC);
CREATE TABLE communities.filters (
    customer_id uuid NOT NULL,
    term text NOT NULL CHECK (length(term) BETWEEN 2 AND 50 AND term = lower(term)),
    PRIMARY KEY (customer_id, term)
);
COMMENT ON TABLE communities.filters IS 'Words: posts with one of them in the title are in no list of this person.';

GRANT SELECT, INSERT, UPDATE, DELETE ON communities.purchases, communities.order_money, communities.saved,
    communities.filters TO agora_api;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE communities.filters, communities.saved")
    op.execute("ALTER TABLE communities.drafts DROP COLUMN product_id, DROP COLUMN is_owners_only")
    op.execute("ALTER TABLE communities.posts DROP COLUMN is_owners_only, DROP COLUMN product_id")
    op.execute("DROP FUNCTION communities.owns; DROP TABLE communities.order_money, communities.purchases")
