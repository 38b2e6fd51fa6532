"""The door of moderation: one call before anything is published, by every domain that publishes."""

from api.domains.moderation.service.judging import judge

__all__ = ["judge"]
