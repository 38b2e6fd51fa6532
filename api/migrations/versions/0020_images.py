"""Pictures of products: what was uploaded, what became of it, and which one stands for the product."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; no product has a picture yet."""
    op.execute("""
    CREATE TABLE catalog.images (
        image_id uuid PRIMARY KEY,
        product_id bigint NOT NULL REFERENCES catalog.products,
        state text NOT NULL CHECK (state IN ('uploading', 'processing', 'ready', 'refused')),
        position integer NOT NULL,
        alt text NOT NULL DEFAULT '',
        content_type text NOT NULL,
        size_bytes bigint NOT NULL CHECK (size_bytes > 0),
        width integer,
        height integer,
        digest text,
        reason text,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CHECK (state <> 'ready' OR (digest IS NOT NULL AND width > 0 AND height > 0))
    );
    COMMENT ON COLUMN catalog.images.digest IS 'SHA-256 of the upload: the pictures made of it lie under this name.';
    CREATE INDEX ix_images_product_id ON catalog.images (product_id, position, image_id);
    CREATE INDEX ix_images_unfinished ON catalog.images (created_at) WHERE state IN ('uploading', 'refused');
    ALTER TABLE catalog.products ADD COLUMN image text;
    COMMENT ON COLUMN catalog.products.image IS 'Address of its first picture without the size, or null.';
    GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.images TO agora_api;
    """)


def downgrade() -> None:
    """Forget the pictures; their files stay where they lie."""
    op.execute("ALTER TABLE catalog.products DROP COLUMN image; DROP TABLE catalog.images")
