"""The only door into recommendations for the pages of api.web and the application."""

from api.domains.recommendations.repository.recent import close_recent
from api.domains.recommendations.service.feed import for_you
from api.domains.recommendations.service.house import forget_house
from api.domains.recommendations.service.labels import forget_labels
from api.domains.recommendations.service.model import forget_model, prepare
from api.domains.recommendations.service.recommend import recommend, record
from api.domains.recommendations.service.search import rerank

__all__ = ["close", "for_you", "prepare", "recommend", "record", "rerank"]


async def close() -> None:
    """Let go of what this process holds."""
    await close_recent()
    forget_model()
    forget_house()
    await forget_labels()
