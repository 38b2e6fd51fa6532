"""The toxicity model in this process; a new version replaces it between two texts."""

import structlog

from api.core.db import Reader
from api.domains.moderation.repository import toxicity as repository
from ml.moderation.serving import Scorer

log = structlog.get_logger(__name__)


class _Held:
    version: int | None = None
    scorer: Scorer | None = None


async def score(reader: Reader, version: int | None, text: str) -> float:
    """The probability in [0, 1] that people would call the text toxic; 0 before the first training (version None).

    A version that cannot be used is told, and the one before it goes on.
    """
    if version is not None and version != _Held.version:
        try:
            _Held.scorer = await repository.load(reader, version) or _Held.scorer
        except ValueError as error:
            log.error("toxicity_not_loaded", version=version, error=str(error))
        _Held.version = version
    return _Held.scorer.score(text) if _Held.scorer and version is not None else 0.0
