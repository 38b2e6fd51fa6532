"""Low-stock thresholds by variant and location, and people who wait for something to be back."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables, and find units that lie in many rows without reading all stock."""
    op.execute("""
    CREATE TABLE inventory.thresholds (
        variant_id bigint NOT NULL,
        location text NOT NULL REFERENCES inventory.locations,
        low_at integer NOT NULL CHECK (low_at BETWEEN 0 AND 1000000),
        lead_time_days integer NOT NULL DEFAULT 7 CHECK (lead_time_days BETWEEN 1 AND 365),
        is_low boolean NOT NULL DEFAULT false,
        low_since timestamptz,
        PRIMARY KEY (variant_id, location),
        CHECK (is_low = (low_since IS NOT NULL))
    );
    COMMENT ON COLUMN inventory.thresholds.low_at IS 'Stock is low while so many or fewer are available.';
    COMMENT ON COLUMN inventory.thresholds.is_low IS 'Told already; told again only after it was above.';

    CREATE TABLE inventory.waiting (
        entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        customer_id uuid NOT NULL,
        variant_id bigint NOT NULL,
        since timestamptz NOT NULL DEFAULT now(),
        told_at timestamptz,
        told_after bigint,
        CHECK ((told_at IS NULL) = (told_after IS NULL))
    );
    COMMENT ON COLUMN inventory.waiting.told_after IS 'The last movement of the variant before.';
    COMMENT ON TABLE inventory.waiting IS 'Who wants to know that a variant is back, in the order of entry_id.';
    CREATE UNIQUE INDEX uq_waiting_person ON inventory.waiting (customer_id, variant_id) WHERE told_at IS NULL;
    CREATE INDEX ix_waiting_line ON inventory.waiting (variant_id, entry_id) WHERE told_at IS NULL;
    CREATE INDEX ix_waiting_told ON inventory.waiting (variant_id, told_at) WHERE told_at IS NOT NULL;

    CREATE INDEX ix_stock_spread ON inventory.stock (variant_id) WHERE shard = 1;
    CREATE INDEX ix_movements_demand ON inventory.movements (variant_id, location, moved_at)
        WHERE movement IN ('allocated', 'released');
    GRANT SELECT, INSERT, UPDATE, DELETE ON inventory.thresholds, inventory.waiting TO agora_api;
    """)


def downgrade() -> None:
    """Remove them."""
    op.execute("""
    DROP INDEX inventory.ix_movements_demand;
    DROP INDEX inventory.ix_stock_spread;
    DROP TABLE inventory.waiting;
    DROP TABLE inventory.thresholds;
    """)
