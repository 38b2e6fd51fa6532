"""Products and suggestions are found by each of their words: `Bags/acc` was one word, that of a file."""

from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

# The words of `api.core.slugs.words_of`: letters without their accents and digits, parted by everything else.
APART = r"regexp_replace(regexp_replace(normalize({}, NFKD), '[^\u0001-\u007f]+', '', 'g'), '[^A-Za-z0-9]+', ' ', 'g')"
PRODUCT = """
    setweight(to_tsvector('english', {}), 'A') || setweight(to_tsvector('english', {}), 'B')
    || setweight(to_tsvector('english', {}), 'C')
"""
COLUMNS = ("title", "product_type", "category")


def upgrade() -> None:
    """Write every product's and every phrase's words anew."""
    _write(PRODUCT.format(*map(APART.format, COLUMNS)), f"to_tsvector('simple', {APART.format('phrase')})")


def downgrade() -> None:
    """As Postgres takes a text apart."""
    _write(PRODUCT.format(*COLUMNS), "to_tsvector('simple', phrase)")


def _write(of_product: str, of_phrase: str) -> None:
    op.execute(f"ALTER TABLE catalog.products ALTER COLUMN search SET EXPRESSION AS ({of_product})")
    op.execute(f"ALTER TABLE catalog.suggestions ALTER COLUMN words SET EXPRESSION AS ({of_phrase})")
