"""Catalog: products, the tree of categories, append-only prices, sales counts, the dictionary of search; and imports.

`core.imports` remembers by how many days a source of past orders was moved, so that every later load agrees.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PRODUCTS = """
CREATE TABLE catalog.products (
    product_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL UNIQUE,
    title text NOT NULL CHECK (title <> ''),
    slug text NOT NULL,
    department text NOT NULL,
    department_slug text NOT NULL,
    category text NOT NULL,
    category_slug text NOT NULL,
    product_type text NOT NULL,
    brand text NOT NULL,
    size text,
    price_minor bigint NOT NULL CHECK (price_minor > 0),
    currency char(3) NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    published_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    search tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('english', product_type), 'B')
        || setweight(to_tsvector('english', category), 'C')
    ) STORED
);
CREATE INDEX ix_products_search ON catalog.products USING gin (search);
CREATE INDEX ix_products_price ON catalog.products (price_minor, product_id);
CREATE INDEX ix_products_department_price ON catalog.products (department_slug, price_minor, product_id);
CREATE INDEX ix_products_category ON catalog.products (department_slug, category_slug, product_id);

CREATE TABLE catalog.product_sales (
    product_id bigint PRIMARY KEY REFERENCES catalog.products,
    department_slug text NOT NULL,
    units_sold bigint NOT NULL DEFAULT 0 CHECK (units_sold >= 0)
);
CREATE INDEX ix_product_sales_units ON catalog.product_sales (units_sold DESC, product_id DESC);
CREATE INDEX ix_product_sales_department_units
    ON catalog.product_sales (department_slug, units_sold DESC, product_id DESC);
COMMENT ON TABLE catalog.product_sales IS
    'Beside products, not in it: a sale must not rewrite a row with a full-text index.';
"""

PRICES = """
CREATE TABLE catalog.prices (
    price_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES catalog.products,
    price_minor bigint NOT NULL CHECK (price_minor > 0),
    currency char(3) NOT NULL,
    valid_from timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_prices_product ON catalog.prices (product_id, valid_from DESC);

CREATE FUNCTION catalog.refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER prices_are_append_only BEFORE UPDATE OR DELETE ON catalog.prices
    FOR EACH ROW EXECUTE FUNCTION catalog.refuse_rewriting_history();
"""

TREE_AND_DICTIONARY = """
CREATE TABLE catalog.categories (
    department_slug text NOT NULL,
    category_slug text NOT NULL,
    product_type text NOT NULL,
    department text NOT NULL,
    category text NOT NULL,
    products bigint NOT NULL,
    PRIMARY KEY (department_slug, category_slug, product_type)
);

CREATE TABLE catalog.search_terms (
    term text PRIMARY KEY,
    stem text GENERATED ALWAYS AS ((ts_lexize('english_stem', term))[1]) STORED,
    products bigint NOT NULL
);
CREATE INDEX ix_search_terms_stem ON catalog.search_terms (stem);
CREATE INDEX ix_search_terms_trigrams ON catalog.search_terms USING gin (term gin_trgm_ops);
COMMENT ON TABLE catalog.search_terms IS
    'Words that occur in the catalogue: a word that is not here is read as the nearest ones that are.';
"""

IMPORTS = """
CREATE TABLE core.imports (
    source text PRIMARY KEY,
    shift_days integer NOT NULL,
    first_loaded_at timestamptz NOT NULL DEFAULT now()
);
"""

GRANTS = """
GRANT USAGE ON SCHEMA catalog TO agora_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA catalog TO agora_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA catalog TO agora_api;
REVOKE UPDATE, DELETE ON catalog.prices FROM agora_api;
GRANT SELECT, INSERT ON core.imports TO agora_api;
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE SCHEMA IF NOT EXISTS catalog")
    for statement in (PRODUCTS, PRICES, TREE_AND_DICTIONARY, IMPORTS, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE core.imports")
    op.execute("DROP SCHEMA catalog CASCADE")
