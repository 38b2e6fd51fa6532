"""What the forms of communities have in common."""

from typing import Annotated

from fastapi import Form, Path, Response, status
from fastapi.responses import RedirectResponse

from api.core.errors import AppError
from api.domains.moderation import facade as moderation

Slug = Annotated[str, Path(min_length=3, max_length=30, pattern="^[a-z0-9_-]+$")]
Handle = Annotated[str, Path(min_length=3, max_length=30, pattern="^[a-z0-9_-]+$")]
Words = Annotated[str, Form(max_length=100_000)]
Short = Annotated[str, Form(max_length=2000)]


def typed(text: str) -> str:
    """What somebody typed: browsers send a line's end as two characters."""
    return text.replace("\r\n", "\n")


def wrong_fields(error: AppError, of_words: str = "body") -> dict[str, str]:
    """Field → what is wrong with it, as a sentence; what is about no field stands under `form`.

    `of_words`: the field beside which it stands that the words were refused.
    """
    if isinstance(error, moderation.TextRefused):
        return {of_words: moderation.refusal(error) or ""}
    fields = error.extra.get("errors") or []
    said = {str(each["field"]): f"This {each['reason']}." for each in fields}
    return said or {"form": f"{error.title}. {error.detail or ''}".strip()}


def go(path: str) -> Response:
    """On to another page, after a form."""
    return RedirectResponse(path, status.HTTP_303_SEE_OTHER)


def back(path: str) -> str:
    """Where a form says that it stands; only a page of the forum is taken."""
    return path if path.startswith("/forum") and "\\" not in path else "/forum"
