"""What people write: whether it fits its field."""

import re
from collections.abc import Callable

from api.core.errors import Invalid

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def fitting(field: str, value: str, longest: int, shortest: int = 0) -> str:
    """The text without space around it. Raises Invalid where it is too short or long, or cannot be shown."""
    cleaned = value.strip()
    if not shortest <= len(cleaned) <= longest:
        raise Invalid(field, f"takes {shortest} to {longest} characters")
    if _CONTROL.search(cleaned):
        raise Invalid(field, "has characters that cannot be shown")
    return cleaned


def together(*checks: Callable[[], str]) -> list[str]:
    """What each check says. Raises one Invalid with all that is wrong, so that a form can tell it at once."""
    texts: list[str] = []
    wrong: list[dict[str, str]] = []
    for check in checks:
        try:
            texts.append(check())
        except Invalid as error:
            wrong += error.extra["errors"]
    if wrong:
        raise Invalid(**wrong[0], others=wrong[1:])
    return texts
