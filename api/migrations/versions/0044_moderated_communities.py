"""What communities add to moderation: their threshold of toxicity, and votes that can be looked through by time."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, the rule that asks for it, and the indexes."""
    op.execute("""
        ALTER TABLE communities.communities ADD COLUMN toxicity_threshold double precision
            CHECK (toxicity_threshold BETWEEN 0.3 AND 1);
        COMMENT ON COLUMN communities.communities.toxicity_threshold IS
            'Probability from which a text is held there; null: the rules of the house alone.';
        -- BRIN: a vote that is changed stays where it is, and costs no more than before.
        CREATE INDEX ix_post_votes_cast ON communities.post_votes USING brin (cast_at);
        CREATE INDEX ix_comment_votes_cast ON communities.comment_votes USING brin (cast_at);
        INSERT INTO moderation.rules (name, version, expression, outcome, policy, policy_version, state, explanation)
        VALUES ('toxic-here', 1, 'model.toxicity >= place.toxicity_threshold', 'hold', 'Be civil', 1, 'active',
            'More toxic than the community lets stand without a look.');
    """)


def downgrade() -> None:
    """Remove them."""
    op.execute("""
        DROP INDEX communities.ix_post_votes_cast, communities.ix_comment_votes_cast;
        DELETE FROM moderation.rules WHERE name = 'toxic-here';
        ALTER TABLE communities.communities DROP COLUMN toxicity_threshold;
    """)
