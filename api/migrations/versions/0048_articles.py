"""Articles: who writes them, every version of them, and the one that is read."""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

TABLES = """
CREATE SCHEMA content;

CREATE TABLE content.creators (
    customer_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    slug text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE content.creators IS 'The name under which somebody writes, never that of their account.';

CREATE TABLE content.articles (
    article_id uuid PRIMARY KEY,
    slug text UNIQUE,
    title text NOT NULL DEFAULT '' CHECK (length(title) <= 200),
    summary text NOT NULL DEFAULT '' CHECK (length(summary) <= 500),
    body text NOT NULL DEFAULT '' CHECK (length(body) <= 200000),
    image_id uuid,
    version integer NOT NULL DEFAULT 1,
    live_revision integer,
    live_title text,
    live_summary text,
    live_html text,
    live_image_id uuid,
    published_at timestamptz,
    live_at timestamptz,
    pending text CHECK (pending IN ('scheduled', 'held', 'rejected')),
    pending_revision integer,
    publish_at timestamptz,
    reason text,
    needs_look boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((live_revision IS NULL) = (live_html IS NULL)),
    CHECK (live_revision IS NULL OR (slug IS NOT NULL AND published_at IS NOT NULL)),
    CHECK ((pending IS NULL) = (pending_revision IS NULL)),
    CHECK ((pending IS NOT DISTINCT FROM 'scheduled') = (publish_at IS NOT NULL))
);
COMMENT ON COLUMN content.articles.body IS 'What its authors work on; what is read is the live revision.';
COMMENT ON COLUMN content.articles.pending IS
    'What becomes of the pending revision: it waits for its time, for a look, or was refused.';
COMMENT ON COLUMN content.articles.needs_look IS
    'A moderator refused it once: whatever its authors publish next waits for a look.';
CREATE INDEX ix_articles_live ON content.articles (published_at DESC, article_id DESC) WHERE live_revision IS NOT NULL;
CREATE INDEX ix_articles_due ON content.articles (publish_at) WHERE pending = 'scheduled';
CREATE INDEX ix_articles_held ON content.articles (updated_at) WHERE pending = 'held';

CREATE TABLE content.authors (
    article_id uuid NOT NULL REFERENCES content.articles ON DELETE CASCADE,
    customer_id uuid NOT NULL REFERENCES content.creators ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'author', 'invited')),
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (article_id, customer_id)
);
CREATE UNIQUE INDEX uq_authors_owner ON content.authors (article_id) WHERE role = 'owner';
CREATE INDEX ix_authors_person ON content.authors (customer_id, article_id);

CREATE TABLE content.revisions (
    article_id uuid NOT NULL REFERENCES content.articles ON DELETE CASCADE,
    revision_number integer NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    body text NOT NULL,
    image_id uuid,
    author_id uuid NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (article_id, revision_number)
);

CREATE TABLE content.slugs (
    slug text PRIMARY KEY CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 100),
    article_id uuid NOT NULL REFERENCES content.articles ON DELETE CASCADE
);
COMMENT ON TABLE content.slugs IS 'Every address that an article ever had: the old ones lead on to the present one.';
CREATE INDEX ix_slugs_article ON content.slugs (article_id);

GRANT USAGE ON SCHEMA content TO agora_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA content TO agora_api;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP SCHEMA content CASCADE")
