"""Phrases that complete what somebody begins to type: names, kinds, categories and departments of the catalogue."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the next import fills it, and what is there is taken at once."""
    op.execute("""
    CREATE TABLE catalog.suggestions (
        phrase text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('department', 'category', 'type', 'name')),
        products bigint NOT NULL,
        words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('simple', phrase)) STORED,
        PRIMARY KEY (phrase, kind)
    );
    CREATE INDEX ix_suggestions_words ON catalog.suggestions USING gin (words);
    CREATE INDEX ix_suggestions_trigrams ON catalog.suggestions USING gin (phrase gin_trgm_ops);
    GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.suggestions TO agora_api;

    INSERT INTO catalog.suggestions (phrase, kind, products)
    SELECT phrase, kind, count(*) FROM catalog.products CROSS JOIN LATERAL (VALUES
        (department, 'department'), (category, 'category'), (product_type, 'type'),
        (split_part(title, ' · ', 1), 'name')) AS said (phrase, kind)
    WHERE is_active AND phrase <> '' GROUP BY phrase, kind;
    """)


def downgrade() -> None:
    """Remove the table."""
    op.execute("DROP TABLE catalog.suggestions")
