"""Communities say how much of what the model finds toxic is held there, and a rule that asks for it."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the rule; acts of a community may be about the community itself."""
    op.execute("""
        ALTER TABLE communities.communities ADD COLUMN toxicity_threshold double precision
            CHECK (toxicity_threshold BETWEEN 0.3 AND 1);
        COMMENT ON COLUMN communities.communities.toxicity_threshold IS
            'Probability from which a text is held there; null: the rules of the house alone.';
        INSERT INTO moderation.rules (name, version, expression, outcome, policy, policy_version, state, explanation)
        VALUES ('toxic-here', 1, 'model.toxicity >= place.toxicity_threshold', 'hold', 'Be civil', 1, 'active',
            'More toxic than the community lets stand without a look.');
    """)


def downgrade() -> None:
    """Remove both."""
    op.execute("""
        DELETE FROM moderation.rules WHERE name = 'toxic-here';
        ALTER TABLE communities.communities DROP COLUMN toxicity_threshold;
    """)
