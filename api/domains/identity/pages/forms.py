"""What the account's forms share."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, status
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from api.core.errors import AppError, validation_errors

Field = Annotated[str, Form(max_length=1000)]
CodeField = Annotated[str, Form(max_length=40)]


def go(path: str, done: str = "") -> RedirectResponse:
    """On to another page, which says what was done."""
    target = f"{path}?done={quote(done)}" if done else path
    return RedirectResponse(target, status_code=status.HTTP_303_SEE_OTHER)


def faults(problem: ValidationError | AppError, words: Mapping[str, str]) -> dict[str, str]:
    """Field → what is wrong with it, in `words` where there are some; a fault of no field stands at `form`."""
    if isinstance(problem, AppError):
        said: Any = problem.extra.get("errors") or [{"field": "form", "reason": problem.detail or problem.title}]
    else:
        said = validation_errors(problem.errors())
    return {error["field"]: words.get(error["field"], error["reason"]) for error in said}
