"""Wishlists: what people want to buy one day, and the price that they know of."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.execute("""
    CREATE TABLE catalog.wishes (
        wish_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        customer_id uuid NOT NULL,
        variant_id bigint NOT NULL,
        known_price_minor bigint NOT NULL CHECK (known_price_minor > 0),
        wished_price_minor bigint NOT NULL CHECK (wished_price_minor > 0),
        wished_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT uq_wishes_person UNIQUE (customer_id, variant_id)
    );
    COMMENT ON COLUMN catalog.wishes.known_price_minor IS
        'The lowest price that the person was told of: a mail goes out only below it.';
    CREATE INDEX ix_wishes_variant ON catalog.wishes (variant_id, known_price_minor);
    GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.wishes TO agora_api;
    """)


def downgrade() -> None:
    """Forget them."""
    op.execute("DROP TABLE catalog.wishes")
