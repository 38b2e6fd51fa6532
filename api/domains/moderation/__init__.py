"""Moderation: what may be published, judged in one place for every domain that publishes."""
