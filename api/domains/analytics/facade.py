"""The only door into analytics for the application."""

from api.domains.analytics.service.live import close

__all__ = ["close"]
