"""What people write for everybody to read: whether it fits its field, and whether it is looked at first."""

import re
from collections.abc import Iterable
from typing import Literal

from api.core.errors import Invalid

_LINK = re.compile(r"https?://|www\.|\b[\w-]+\.(?:com|net|org|info|biz|ru|xyz|shop|top|io)\b", re.IGNORECASE)
_REPEATED = re.compile(r"(\S)\1{7,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def moderate(text: str, blocked: Iterable[str] = ()) -> Literal["published", "held"]:
    """Whether a text may stand at once, or is looked at first: links, one character over and over, blocked words."""
    words = " ".join(text.casefold().split())
    if _LINK.search(text) or _REPEATED.search(text):
        return "held"
    if any(re.search(rf"(?<!\w){re.escape(term)}(?!\w)", words) for term in blocked):
        return "held"
    return "published"


def fitting(field: str, value: str, longest: int, shortest: int = 0) -> str:
    """The text without space around it. Raises Invalid where it is too short or long, or cannot be shown."""
    cleaned = value.strip()
    if not shortest <= len(cleaned) <= longest:
        raise Invalid(field, f"takes {shortest} to {longest} characters")
    if _CONTROL.search(cleaned):
        raise Invalid(field, "has characters that cannot be shown")
    return cleaned
