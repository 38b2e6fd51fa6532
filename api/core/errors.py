"""Errors as RFC 9457 problems: one base class, one place that turns it into an answer."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.core.refusals import AppError, Conflict, Invalid, NotFound, TooLarge, TooMany, Unavailable, problem

__all__ = [
    "AppError",
    "Conflict",
    "Invalid",
    "NotFound",
    "TooLarge",
    "TooMany",
    "Unavailable",
    "install",
    "problem",
    "problem_response",
    "unexpected",
    "validation_errors",
    "wants_page",
]

log = structlog.get_logger(__name__)


# Pydantic's kinds of errors in words for whoever fills in a form; the others keep Pydantic's.
_WORDS = {
    "missing": "This is needed.",
    "int_parsing": "Enter a whole number.",
    "int_type": "Enter a whole number.",
    "int_from_float": "Enter a whole number.",
    "decimal_parsing": "Enter a number.",
    "float_parsing": "Enter a number.",
    "greater_than": "Enter more than {gt}.",
    "greater_than_equal": "Enter {ge} or more.",
    "less_than": "Enter less than {lt}.",
    "less_than_equal": "Enter {le} or less.",
    "string_too_short": "Use at least {min_length} characters.",
    "string_too_long": "Use at most {max_length} characters.",
}


def _reason(error: Any) -> str:
    words, context = _WORDS.get(error["type"]), error.get("ctx")
    if words is None or ("{" in words and not context):
        return str(error["msg"]).removeprefix("Value error, ")
    return words.format(**context or {})


def validation_errors(errors: Sequence[Any], skip: int = 0) -> list[dict[str, str]]:
    """Pydantic's errors as `{field, reason}`; `skip` leaves out leading parts of the location such as `body`."""
    return [
        {
            "field": ".".join(str(part) for part in error["loc"][skip:]) or "body",
            "reason": _reason(error),
        }
        for error in errors
    ]


def problem_response(document: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """The document as `application/problem+json`."""
    return Response(
        orjson.dumps(document, default=str),
        status_code=document["status"],
        headers=headers,
        media_type="application/problem+json",
    )


def wants_page(request: Request) -> bool:
    """Whether a browser asked for a page, so that an error should be one too."""
    if request.url.path.startswith("/v1/"):
        return False
    return "text/html" in request.headers.get("accept", "")


def _answer(request: Request, document: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    document.setdefault("instance", request.url.path)
    document.setdefault("trace_id", structlog.contextvars.get_contextvars().get("trace_id"))
    page = getattr(request.app.state, "error_page", None)
    if page is not None and wants_page(request):
        answer: Response = page(request, document)
        return answer
    return problem_response(document, headers)


async def _on_app_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    if error.status >= 500:
        log.error("request_failed", problem=error.type, detail=error.detail)
    return _answer(request, error.problem(), error.headers)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    document = problem(422, Invalid.type, Invalid.title, errors=validation_errors(error.errors(), skip=1))
    return _answer(request, document)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    phrase = HTTPStatus(error.status_code).phrase
    document = problem(error.status_code, phrase.lower().replace(" ", "-"), phrase)
    return _answer(request, document, error.headers)


async def _on_data_error(request: Request, _: Exception) -> Response:
    """A value that Postgres cannot hold: a NUL character, a number out of range."""
    return _answer(request, problem(422, Invalid.type, Invalid.title, "A value is out of range or holds a NUL."))


async def _on_database_away(request: Request, error: Exception) -> Response:
    log.error("database_unavailable", error=type(error).__name__)
    return _answer(request, problem(503, Unavailable.type, Unavailable.title), {"Retry-After": "2"})


def unexpected(request: Request, error: Exception) -> Response:
    """The answer to an error that nobody foresaw: logged whole, told in general terms."""
    log.error("request_crashed", error=type(error).__name__, exc_info=error)
    return _answer(request, problem(500, AppError.type, AppError.title))


def install(app: FastAPI) -> None:
    """Register the handlers: every error of the API is a problem document, and of the pages a page."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(DataError, _on_data_error)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(away, _on_database_away)
