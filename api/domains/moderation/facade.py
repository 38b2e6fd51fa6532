"""The door of moderation: one call before anything is published, by every domain that publishes."""

from api.core.errors import Invalid
from api.domains.moderation.errors import TextRefused
from api.domains.moderation.service.judging import judge

__all__ = ["judge", "refusal"]


def refusal(error: Invalid) -> str | None:
    """What an author is told whose text a rule refused; None where something else is wrong with it."""
    if not isinstance(error, TextRefused):
        return None
    return f"This cannot be published: it goes against our policy “{error.extra['policy']}”."
