"""The verdict on what somebody wants to publish."""

from api.core.db import Reader
from api.domains.moderation import domain, repository
from api.domains.moderation.contracts import Verdict


async def judge(reader: Reader, text: str, *, may_link: bool = False) -> Verdict:
    """What becomes of a text. `may_link`: where links belong to what people write, they are no reason to hold it."""
    return domain.judge_text(text, await repository.blocked_terms(reader), may_link=may_link)
