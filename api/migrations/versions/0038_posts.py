"""Posts, comments and votes; ranks as functions that are the same here and in the service; editions of ranked lists."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

# The same as in api/domains/communities/domain/ranks.py, where the sources stand; a test holds both together.
RANKS = """
CREATE FUNCTION communities.hot(score bigint, born timestamptz, at timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN at - born >= interval '7 days' THEN 0
        ELSE log(greatest(2, score + 2)::double precision)
            / power(greatest(extract(epoch FROM at - born), 0)::double precision / 3600 + 2, 1.8) END
$$;
CREATE FUNCTION communities.controversial(ups bigint, downs bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN ups <= 0 OR downs <= 0 THEN 0
        ELSE power((ups + downs)::double precision, least(ups, downs)::double precision / greatest(ups, downs)) END
$$;
CREATE FUNCTION communities.best(ups bigint, downs bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN ups < 0 OR downs < 0 OR ups + downs = 0 THEN 0 ELSE (
        ups::double precision / (ups + downs) + 1.96 ^ 2 / (2 * (ups + downs))
        - 1.96 * sqrt(ups::double precision * downs / (ups + downs) ^ 3 + 1.96 ^ 2 / (4 * (ups + downs) ^ 2))
    ) / (1 + 1.96 ^ 2 / (ups + downs)) END
$$;
"""

# Counts of votes have no check that they are not negative: of two votes of one person at once the second would be tried
# first on the row as it was before the first, and only then on the row as it is.
POSTS = """
CREATE TABLE communities.posts (
    post_id uuid PRIMARY KEY,
    community_id uuid NOT NULL REFERENCES communities.communities ON DELETE CASCADE,
    author_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('text', 'link', 'image', 'poll')),
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
    body text NOT NULL DEFAULT '' CHECK (length(body) <= 40000),
    body_html text NOT NULL DEFAULT '',
    url text,
    image_id uuid,
    status text NOT NULL CHECK (status IN ('published', 'held', 'rejected', 'removed', 'deleted')),
    reason text,
    is_open boolean NOT NULL,
    is_locked boolean NOT NULL DEFAULT false,
    ups integer NOT NULL DEFAULT 0,
    downs integer NOT NULL DEFAULT 0,
    score integer NOT NULL GENERATED ALWAYS AS (ups - downs) STORED,
    comments integer NOT NULL DEFAULT 0 CHECK (comments >= 0),
    hot double precision NOT NULL DEFAULT 0,
    active double precision NOT NULL DEFAULT 0,
    scaled double precision NOT NULL DEFAULT 0,
    controversial double precision NOT NULL
        GENERATED ALWAYS AS (communities.controversial(ups, downs)) STORED,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    active_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    edited_at timestamptz,
    search tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B')
    ) STORED,
    CHECK ((kind = 'link') = (url IS NOT NULL))
);
COMMENT ON COLUMN communities.posts.is_open IS
    'Whether the community is not private. That never changes: what was said among few was said among few.';
COMMENT ON COLUMN communities.posts.hot IS
    'Never less than the rank of this moment: it is put down when it is looked at.';
COMMENT ON COLUMN communities.posts.active_at IS
    'Its time for the rank active: the newest comment within two days of the post, or the post itself.';

CREATE INDEX ix_posts_new ON communities.posts (created_at DESC, post_id DESC) WHERE status = 'published' AND is_open;
CREATE INDEX ix_posts_community_new ON communities.posts (community_id, created_at DESC, post_id DESC)
    WHERE status = 'published';
CREATE INDEX ix_posts_hot ON communities.posts (hot DESC, post_id DESC)
    WHERE status = 'published' AND is_open AND hot > 0;
CREATE INDEX ix_posts_community_hot ON communities.posts (community_id, hot DESC, post_id DESC)
    WHERE status = 'published' AND hot > 0;
CREATE INDEX ix_posts_active ON communities.posts (active DESC, post_id DESC)
    WHERE status = 'published' AND is_open AND active > 0;
CREATE INDEX ix_posts_community_active ON communities.posts (community_id, active DESC, post_id DESC)
    WHERE status = 'published' AND active > 0;
CREATE INDEX ix_posts_scaled ON communities.posts (scaled DESC, post_id DESC)
    WHERE status = 'published' AND is_open AND scaled > 0;
CREATE INDEX ix_posts_top ON communities.posts (score DESC, post_id DESC) WHERE status = 'published' AND is_open;
CREATE INDEX ix_posts_community_top ON communities.posts (community_id, score DESC, post_id DESC)
    WHERE status = 'published';
CREATE INDEX ix_posts_controversial ON communities.posts (controversial DESC, post_id DESC)
    WHERE status = 'published' AND is_open AND controversial > 0;
CREATE INDEX ix_posts_community_controversial ON communities.posts (community_id, controversial DESC, post_id DESC)
    WHERE status = 'published' AND controversial > 0;
CREATE INDEX ix_posts_author ON communities.posts (author_id, created_at DESC, post_id DESC);
CREATE INDEX ix_posts_held ON communities.posts (community_id, created_at) WHERE status = 'held';
CREATE INDEX ix_posts_ranked ON communities.posts (created_at) WHERE hot > 0 OR active > 0 OR scaled > 0;
CREATE INDEX ix_posts_search ON communities.posts USING gin (search);

CREATE TABLE communities.poll_options (
    post_id uuid NOT NULL REFERENCES communities.posts ON DELETE CASCADE,
    option_number smallint NOT NULL CHECK (option_number BETWEEN 1 AND 10),
    label text NOT NULL CHECK (length(label) BETWEEN 1 AND 120),
    votes integer NOT NULL DEFAULT 0,
    PRIMARY KEY (post_id, option_number)
);
CREATE TABLE communities.poll_votes (
    post_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    option_number smallint NOT NULL,
    PRIMARY KEY (post_id, customer_id),
    FOREIGN KEY (post_id, option_number) REFERENCES communities.poll_options ON DELETE CASCADE
);

CREATE TABLE communities.comments (
    comment_id uuid PRIMARY KEY,
    post_id uuid NOT NULL REFERENCES communities.posts ON DELETE CASCADE,
    parent_id uuid NOT NULL,
    path uuid[] NOT NULL,
    depth smallint NOT NULL GENERATED ALWAYS AS (cardinality(path) + 1) STORED,
    author_id uuid NOT NULL,
    body text NOT NULL CHECK (length(body) <= 10000),
    body_html text NOT NULL,
    status text NOT NULL CHECK (status IN ('published', 'held', 'rejected', 'removed', 'deleted')),
    reason text,
    ups integer NOT NULL DEFAULT 0,
    downs integer NOT NULL DEFAULT 0,
    best double precision NOT NULL GENERATED ALWAYS AS (communities.best(ups, downs)) STORED,
    controversial double precision NOT NULL
        GENERATED ALWAYS AS (communities.controversial(ups, downs)) STORED,
    replies integer NOT NULL DEFAULT 0 CHECK (replies >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    edited_at timestamptz,
    CHECK (cardinality(path) < 50)
);
COMMENT ON COLUMN communities.comments.parent_id IS 'The comment that it answers; the post itself at the top.';
COMMENT ON COLUMN communities.comments.path IS 'The comments above it, from the top; fifty deep at most.';
COMMENT ON COLUMN communities.comments.replies IS
    'Direct replies that have a place in the thread: not held, not rejected.';
CREATE INDEX ix_comments_best ON communities.comments (parent_id, best DESC, comment_id DESC)
    WHERE status IN ('published', 'removed', 'deleted');
CREATE INDEX ix_comments_controversial ON communities.comments (parent_id, controversial DESC, comment_id DESC)
    WHERE status IN ('published', 'removed', 'deleted');
CREATE INDEX ix_comments_time ON communities.comments (parent_id, comment_id)
    WHERE status IN ('published', 'removed', 'deleted');
CREATE INDEX ix_comments_post ON communities.comments (post_id, comment_id);
CREATE INDEX ix_comments_author ON communities.comments (author_id, comment_id DESC);
CREATE INDEX ix_comments_held ON communities.comments (post_id, comment_id) WHERE status = 'held';

CREATE TABLE communities.revisions (
    subject_id uuid NOT NULL,
    revision_number integer NOT NULL,
    title text,
    body text NOT NULL,
    until timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (subject_id, revision_number)
);
COMMENT ON TABLE communities.revisions IS 'What a post or comment said before it was edited, until when.';

CREATE TABLE communities.post_votes (
    post_id uuid NOT NULL REFERENCES communities.posts ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    value smallint NOT NULL CHECK (value IN (-1, 0, 1)),
    cast_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (post_id, customer_id)
);
CREATE TABLE communities.comment_votes (
    comment_id uuid NOT NULL REFERENCES communities.comments ON DELETE CASCADE,
    customer_id uuid NOT NULL,
    value smallint NOT NULL CHECK (value IN (-1, 0, 1)),
    cast_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (comment_id, customer_id)
);

CREATE TABLE communities.editions (
    edition_id uuid PRIMARY KEY,
    list text NOT NULL,
    post_ids uuid[] NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_editions_list ON communities.editions (list, made_at DESC);
CREATE INDEX ix_editions_made ON communities.editions (made_at);
COMMENT ON TABLE communities.editions IS
    'A ranked list as it was at one moment: whoever turns its pages sees each post once, however many vote meanwhile.';
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON communities.posts, communities.poll_options, communities.poll_votes,
    communities.comments, communities.revisions, communities.post_votes, communities.comment_votes,
    communities.editions TO agora_api;
"""


def upgrade() -> None:
    """Make functions, then the tables that use them."""
    for statements in (RANKS, POSTS, GRANTS):
        op.execute(statements)


def downgrade() -> None:
    """Remove them."""
    op.execute(
        "DROP TABLE communities.editions, communities.comment_votes, communities.post_votes, communities.revisions,"
        " communities.comments, communities.poll_votes, communities.poll_options, communities.posts"
    )
    op.execute("DROP FUNCTION communities.best, communities.controversial, communities.hot")
