"""Pictures that people send in for what they write, what they began to write, and what linked pages say."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE core.pictures (
    image_id uuid PRIMARY KEY,
    owner_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('uploading', 'processing', 'ready', 'refused', 'released')),
    alt text NOT NULL DEFAULT '' CHECK (length(alt) <= 300),
    kept_by text,
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
COMMENT ON TABLE core.pictures IS 'Pictures that people sent in; their files lie under the id.';
COMMENT ON COLUMN core.pictures.kept_by IS 'What shows it, as post:… or article:…; without, it is forgotten.';
CREATE INDEX ix_pictures_owner ON core.pictures (owner_id) WHERE kept_by IS NULL;
CREATE INDEX ix_pictures_unkept ON core.pictures (updated_at) WHERE kept_by IS NULL OR state <> 'ready';
CREATE INDEX ix_pictures_kept ON core.pictures (kept_by) WHERE kept_by IS NOT NULL;

ALTER TABLE communities.posts ADD COLUMN preview jsonb;
COMMENT ON COLUMN communities.posts.preview IS 'What the linked page says of itself: title, description, site.';

CREATE TABLE communities.drafts (
    draft_id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    community_id uuid NOT NULL REFERENCES communities.communities ON DELETE CASCADE,
    revision integer NOT NULL DEFAULT 1,
    kind text NOT NULL CHECK (kind IN ('text', 'link', 'image', 'poll')),
    title text NOT NULL DEFAULT '' CHECK (length(title) <= 300),
    body text NOT NULL DEFAULT '' CHECK (length(body) <= 40000),
    url text NOT NULL DEFAULT '' CHECK (length(url) <= 2000),
    options text NOT NULL DEFAULT '' CHECK (length(options) <= 2100),
    image_id uuid,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_drafts_person ON communities.drafts (customer_id, updated_at DESC);
COMMENT ON COLUMN communities.drafts.revision IS
    'How often it was kept: whoever keeps an older one in another window is told, so that neither is lost.';

GRANT SELECT, INSERT, UPDATE, DELETE ON core.pictures, communities.drafts TO agora_api;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)


def downgrade() -> None:
    """Remove them; files of pictures stay where they lie."""
    op.execute("DROP TABLE communities.drafts; ALTER TABLE communities.posts DROP COLUMN preview")
    op.execute("DROP TABLE core.pictures")
