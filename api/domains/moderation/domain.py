"""The rules that every published text passes, as functions of the text alone."""

import re
from collections.abc import Iterable

from api.domains.moderation.contracts import Verdict

_LINK = re.compile(r"https?://|www\.|\b[\w-]+\.(?:com|net|org|info|biz|ru|xyz|shop|top|io)\b", re.IGNORECASE)
_REPEATED = re.compile(r"(\S)\1{7,}")
ALLOWED = Verdict("allow")


def judge_text(text: str, blocked: Iterable[str] = (), *, may_link: bool = False) -> Verdict:
    """Links, one character over and over, and blocked words are looked at first. `may_link`: links are no reason."""
    if not may_link and _LINK.search(text):
        return Verdict("hold", "link")
    if _REPEATED.search(text):
        return Verdict("hold", "repeated-character")
    words = " ".join(text.casefold().split())
    if any(re.search(rf"(?<!\w){re.escape(term)}(?!\w)", words) for term in blocked):
        return Verdict("hold", "blocked-term")
    return ALLOWED
