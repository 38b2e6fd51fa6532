"""Communities: people by a name of their own, members and their roles, what moderators did; blocked words move."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

MODERATION = """
CREATE SCHEMA moderation;
ALTER TABLE catalog.blocked_terms SET SCHEMA moderation;
GRANT USAGE ON SCHEMA moderation TO agora_api;
"""

COMMUNITIES = """
CREATE SCHEMA communities;

CREATE TABLE communities.people (
    customer_id uuid PRIMARY KEY,
    handle text NOT NULL UNIQUE CHECK (handle ~ '^[a-z0-9_-]{3,30}$'),
    about text NOT NULL DEFAULT '' CHECK (length(about) <= 500),
    is_handle_chosen boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE communities.people IS
    'How people are called among others: by a handle, never by the name of their account.';

CREATE TABLE communities.communities (
    community_id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9_-]{3,30}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 500),
    rules text NOT NULL DEFAULT '' CHECK (length(rules) <= 10000),
    rules_html text NOT NULL DEFAULT '',
    visibility text NOT NULL CHECK (visibility IN ('public', 'restricted', 'private')),
    members integer NOT NULL DEFAULT 0 CHECK (members >= 0),
    scaled_size integer NOT NULL DEFAULT 0 CHECK (scaled_size >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_communities_members ON communities.communities (members DESC, community_id DESC)
    WHERE visibility <> 'private';
COMMENT ON COLUMN communities.communities.members IS 'Rows of members whose role is owner, moderator or member.';
COMMENT ON COLUMN communities.communities.scaled_size IS
    'The size that the scaled ranks of its posts stand for: follows members once they moved by a tenth.';

CREATE TABLE communities.members (
    community_id uuid NOT NULL REFERENCES communities.communities ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'moderator', 'member', 'waiting', 'banned')),
    appointed_at timestamptz,
    reason text,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (community_id, customer_id),
    CHECK ((role IN ('owner', 'moderator')) = (appointed_at IS NOT NULL))
);
CREATE UNIQUE INDEX uq_members_owner ON communities.members (community_id) WHERE role = 'owner';
CREATE INDEX ix_members_person ON communities.members (customer_id, community_id);
CREATE INDEX ix_members_waiting ON communities.members (community_id, since) WHERE role = 'waiting';

CREATE TABLE communities.acts (
    act_id uuid PRIMARY KEY,
    community_id uuid NOT NULL REFERENCES communities.communities ON DELETE CASCADE,
    actor_id uuid NOT NULL,
    act text NOT NULL,
    subject_kind text NOT NULL CHECK (subject_kind IN ('post', 'comment', 'person', 'community')),
    subject_id uuid NOT NULL,
    reason text NOT NULL DEFAULT '',
    before jsonb,
    undoes uuid UNIQUE REFERENCES communities.acts,
    acted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_acts_community ON communities.acts (community_id, act_id DESC);
COMMENT ON COLUMN communities.acts.before IS 'What undoing the act needs: the role that somebody had.';
COMMENT ON COLUMN communities.acts.undoes IS 'The act that this one took back; each can be taken back once.';

GRANT USAGE ON SCHEMA communities TO agora_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON communities.people, communities.communities, communities.members TO agora_api;
GRANT SELECT, INSERT ON communities.acts TO agora_api;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(MODERATION)
    op.execute(COMMUNITIES)


def downgrade() -> None:
    """Remove them; the blocked words go back."""
    op.execute("DROP SCHEMA communities CASCADE")
    op.execute("ALTER TABLE moderation.blocked_terms SET SCHEMA catalog")
    op.execute("DROP SCHEMA moderation")
